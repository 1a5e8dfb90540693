"""A guest that comes before its trust is known everywhere: it says that it waits, and what else it can be.

The clouds are ``hosts.py``: a server on loopback and our reading of their protocols.
"""

from __future__ import annotations

import json
from contextvars import copy_context
from typing import Any

import pytest
from glacier.runtime import endpoints, logs
from glacier.runtime.logs import Log
from glacier.runtime.manifest import Place
from glacier.runtime.problems import Problem
from glacier.runtime.stores import open_store
from guests import PAIRS, Start, no_secret, refused

pytestmark = pytest.mark.usefixtures("waits")
NOT_YET = {
    "aws": (403, "<E><Error><Code>AccessDenied</Code><Message>no</Message></Error></E>"),
    "gcp": (400, json.dumps({"error": "unauthorized_client"})),
    "azure": (401, json.dumps({"error": "invalid_client", "error_description": "AADSTS70021: no"})),
}
each_pair = pytest.mark.parametrize(("home", "host"), PAIRS, ids=lambda cloud: cloud)


@each_pair
def test_who_waits_says_so(
    home: str, host: str, start: Start, waits: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    """Before each wait, in the log of the task, so that one whose time ends meanwhile has said why."""
    clouds = start(home, host)
    clouds.first.extend([NOT_YET[host]] * 20)

    def visit() -> Problem:
        logs.begin(Log(task="load", run="r-1"))
        return refused(clouds)

    assert f"({endpoints.NOT_YET} times)" in copy_context().run(visit).message
    said = capsys.readouterr().err
    lines = [json.loads(line) for line in said.splitlines()]
    assert [line["seconds"] for line in lines] == pytest.approx(waits, abs=1e-5)
    assert len(waits) == endpoints.NOT_YET - 1
    assert {(line["event"], line["level"], line["task"], line["run"]) for line in lines} == {
        ("waiting", "warning", "load", "r-1")
    }
    assert lines[0]["reason"].startswith(clouds.url)
    no_secret(clouds, said)


def test_a_role_that_may_not_ask_yet(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """The policy for AWS's own tokens is as new as the rest."""
    clouds = start("aws", "azure")
    answer = clouds.web_identity

    def first_refused(*given: Any) -> tuple[int, str]:
        return NOT_YET["aws"] if clouds.counts["proof"] < 3 else answer(*given)

    monkeypatch.setattr(clouds, "web_identity", first_refused)
    open_store(clouds.address())
    assert clouds.counts == {"proof": 3, "exchange": 1}


@each_pair
def test_a_storage_that_does_not_know_the_guest_yet(home: str, host: str, start: Start) -> None:
    clouds = start(home, host)
    store = open_store(clouds.address())
    clouds.bearer = None
    with pytest.raises(Problem, match="may not be used: ") as caught:
        store.write(Place(store="s", path="d/"), "text", str)
    assert caught.value.help.startswith("deploy the program trust, which gives the access")
    assert "deployed in the last ten minutes" in caught.value.help
    no_secret(clouds, caught.value)
