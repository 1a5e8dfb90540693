"""The servers that these tests talk to, each started when a test first asks for it, and ended with the session.

Each worker of pytest-xdist has servers of its own, on ports of its own, so that no two tests meet in one at once.
"""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from e2e.homes import Home, azure_home, gcs_home, reached, s3_home
from servers import clouds
from servers.installing import install
from servers.running import Server, started

_numbers = itertools.count()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Show what each server wrote that a failed test talked to."""
    report: Any = yield
    if report.failed:
        for value in getattr(item, "funcargs", {}).values():
            server = getattr(value, "server", value)
            if isinstance(server, Server):
                report.sections.append((f"the log of {server.name}", server.tail()))
    return report


@pytest.fixture(scope="session")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where servers write what they have to say."""
    return tmp_path_factory.mktemp("servers")


@pytest.fixture(scope="session")
def ministack(logs: Path) -> Iterator[Server]:
    with started(lambda: clouds.ministack(logs)) as server:
        yield server


@pytest.fixture(scope="session")
def moto(logs: Path) -> Iterator[Server]:
    with started(lambda: clouds.moto(logs)) as server:
        yield server


@pytest.fixture(scope="session")
def fake_gcs(logs: Path) -> Iterator[Server]:
    with started(lambda: clouds.fake_gcs(logs)) as server:
        yield server


@pytest.fixture(scope="session")
def gcs_xml(logs: Path, fake_gcs: Server) -> Iterator[Server]:
    with started(lambda: clouds.gcs_xml(logs, fake_gcs)) as server:
        yield server


@pytest.fixture(scope="session")
def azurite(logs: Path) -> Iterator[Server]:
    with started(lambda: clouds.azurite(logs)) as server:
        yield server


@pytest.fixture(scope="session")
def valkey(logs: Path) -> Iterator[Server]:
    with started(lambda: clouds.valkey(logs)) as server:
        yield server


@pytest.fixture(scope="session")
def postgres(logs: Path) -> Iterator[Server]:
    with clouds.postgres(logs) as server:
        yield server


@pytest.fixture(scope="session")
def aws() -> Callable[[str, Server], Any]:
    """Makes clients of the root's."""
    return aws_client


def aws_client(service: str, server: Server) -> Any:
    """A client of boto3 for a service of an emulator, with the root's key."""
    known = {"aws_access_key_id": clouds.ROOT, "aws_secret_access_key": clouds.ROOT, "region_name": clouds.REGION}
    return boto3.client(service, endpoint_url=server.url, **known)


@pytest.fixture(params=["ministack", "moto", "gcs", "azure"])
def home(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A folder of its own in a bucket of each emulator, which this process reaches as a task would."""
    name, folder = request.param, f"t{os.getpid()}-{next(_numbers)}"
    if name == "gcs":
        made = gcs_home(request.getfixturevalue("fake_gcs"), request.getfixturevalue("gcs_xml"), folder)
    elif name == "azure":
        made = azure_home(request.getfixturevalue("azurite"), folder)
    else:
        server = request.getfixturevalue(name)
        made = s3_home(server, aws_client("s3", server), folder)
    reached(made.environment, monkeypatch)
    return made


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that is here."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.servers)


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The clients that a task in the cloud brings along: importable here as long as a test needs them."""
    monkeypatch.syspath_prepend(install("clients"))
    yield
    for name in [name for name in sys.modules if name.startswith(("psycopg", "pymysql", "redis"))]:
        del sys.modules[name]
