"""The users that a generated AWS program makes for a cache, on a real Valkey: each may do what annotations say.

Valkey takes the access strings as they are, since they are its own. What ElastiCache adds, that a token signed by the
task's role is the password, is ElastiCache's alone: here every password is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Annotated

import pytest
from e2e.homes import reached
from e2e.rehearsed import Rehearsed, rehearse
from glacier import Dataset, Pipeline
from glacier.runtime.manifest import Manifest
from glacier.runtime.stores import Store, open_store
from glacier.runtime.who import Who
from glacier.storage import Cache
from glacier_aws import AWSCompiler
from servers import clouds
from servers.running import HOST, Server

USER = "aws:elasticache/user:User"

shared = Cache(resource_name="shared")
seen = Dataset("seen", storage=shared)
seen_by = Dataset("seen by", storage=shared)
pipeline = Pipeline("visits")


@pipeline.task
def note() -> Annotated[list[int], seen]:
    """Writes only."""
    return [1]


@pipeline.task
def tell(numbers: Annotated[list[int], seen]) -> Annotated[list[str], seen_by]:
    """Reads one, and writes the other."""
    return [str(number) for number in numbers]


@pipeline.task
def look(names: Annotated[list[str], seen_by]) -> None:
    """Reads only."""


TASKS = {task.name: task for task in pipeline.tasks}
NAMES = ("seen", "seen by")


@pytest.fixture(scope="module")
def visits(tmp_path_factory: pytest.TempPathFactory) -> Rehearsed:
    return rehearse(AWSCompiler().compile(pipeline), "aws", tmp_path_factory.mktemp("visits"))


@pytest.fixture(scope="module")
def cache(logs: Path, visits: Rehearsed) -> Iterator[Server]:
    """A cluster, as a serverless cache is to its clients, with the users of the program."""
    with clouds.valkey_cluster(logs) as server:
        for user in visits.of(USER):
            name, rules = user.inputs["user_name"], user.inputs["access_string"]
            assert clouds.told(server, f"ACL SETUSER {name} reset nopass {rules}") == b"+OK\r\n"
        yield server


@pytest.fixture
def opened(visits: Rehearsed, cache: Server, clients: None, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Store]:
    """Opens the cache as a task's function does; only where it is, and that there is no TLS, is different."""
    reached(clouds.aws_environment("http://127.0.0.1:9"), monkeypatch)  # whose key signs, and is sent nowhere

    def open_as(task: str) -> Store:
        (address,) = {value for key, value in visits.environments()[task].items() if key.startswith("GLACIER_STORE_")}
        return open_store(f"redis://{HOST}:{cache.ports[0]}/?{address.partition('?')[2]}", Who(task))

    return open_as


@pytest.mark.parametrize("task", TASKS)
def test_keys(opened: Callable[[str], Store], visits: Rehearsed, task: str) -> None:
    """Reading and writing are done for the datasets that the annotations name, and refused for every other."""
    places = Manifest.from_json((visits.code / "manifest.json").read_text()).places
    for writer, name in (("note", "seen"), ("tell", "seen by")):
        opened(writer).write(places[name], [1], None)
    declared = TASKS[task]
    reads = {name for name in NAMES if done(partial(opened(task).read, places[name], None))}
    writes = {name for name in NAMES if done(partial(opened(task).write, places[name], [2], None))}
    assert reads == {each.name for each in declared.inputs.values()}
    assert writes == {each.name for each in declared.outputs}


def done(act: Callable[[], object]) -> bool:
    """Whether the cache did it; what is neither done nor refused is an error."""
    try:
        act()
    except Exception as error:
        if "may not be used" in str(error) or "invalid username-password pair" in str(error):  # no such user
            return False
        raise
    return True


def test_nobody_gets_what_is_not_a_task_s(opened: Callable[[str], Store], cache: Server, visits: Rehearsed) -> None:
    """No user may look for keys, remove all of them, or change a setting."""
    for name in (user.inputs["user_name"] for user in visits.of(USER)):
        for command in (
            ("KEYS", "*"),
            ("FLUSHALL",),
            ("CONFIG", "GET", "*"),
            ("ACL", "LIST"),
            ("GET", "other/data.json"),
        ):
            redis = import_module("redis")
            client = redis.Redis(HOST, cache.ports[0], username=name, password="any")
            with pytest.raises(redis.exceptions.NoPermissionError):
                client.execute_command(*command)
            client.close()
