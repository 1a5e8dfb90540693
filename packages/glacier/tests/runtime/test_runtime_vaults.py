"""Where the values of secrets are: each cloud is asked in its own way, and what it refuses is told in one."""

from __future__ import annotations

import base64
import json
import traceback
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from glacier.errors import TaskError
from glacier.runtime import tokens, vaults
from glacier.runtime.problems import Problem
from glacier.runtime.secrets import from_environment, reveal_all
from vaulted import ARN, AZURE, GCP, HUNTER, VALUE, asked, refusal


def test_google_is_asked_for_the_latest_version(monkeypatch: pytest.MonkeyPatch) -> None:
    found = asked(monkeypatch, {"payload": {"data": base64.b64encode(VALUE.encode()).decode()}})
    assert vaults.fetch(GCP) == VALUE
    url = "https://secretmanager.googleapis.com/v1/projects/p/secrets/s/versions/latest:access"
    assert found == [(f"GET {url}", "Bearer google")]


def test_azure_is_asked_for_the_latest_version(monkeypatch: pytest.MonkeyPatch) -> None:
    found = asked(monkeypatch, {"value": VALUE})
    assert vaults.fetch(AZURE) == VALUE
    url = "https://v.vault.azure.net/secrets/db-key?api-version=7.4"
    assert found == [(f"GET {url}", "Bearer azure for https://vault.azure.net")]


@pytest.mark.parametrize("reference", [GCP, AZURE])
@pytest.mark.parametrize(("status", "said"), [(404, "is not set"), (403, "cannot be read: https://vault answered 403")])
def test_what_a_cloud_refuses(monkeypatch: pytest.MonkeyPatch, reference: str, status: int, said: str) -> None:
    asked(monkeypatch, refusal(status))
    with pytest.raises(Problem) as problem:
        vaults.fetch(reference)
    assert problem.value.message == said
    assert problem.value.help


def test_a_token_that_is_not_to_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    asked(monkeypatch, {})

    def nobody() -> str:
        raise Problem("there is nobody")

    monkeypatch.setattr(vaults, "google_token", nobody)
    with pytest.raises(Problem, match="cannot be read: there is nobody"):
        vaults.fetch(GCP)


def test_google_holds_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    asked(monkeypatch, {"payload": {"data": base64.b64encode(b"\xff").decode()}})
    with pytest.raises(Problem, match="holds bytes"):
        vaults.fetch(GCP)


def test_an_empty_value_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    asked(monkeypatch, {"value": ""})
    with pytest.raises(Problem, match="is not set"):
        vaults.fetch(AZURE)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "no key")
    client = boto3.client("secretsmanager", region_name="eu-west-1")

    def made(service: str, *, region_name: str) -> Any:
        assert (service, region_name) == ("secretsmanager", "eu-west-1")
        return client

    monkeypatch.setattr(boto3, "client", made)
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def test_aws_is_asked_in_the_region_of_the_arn(aws: Stubber) -> None:
    aws.add_response("get_secret_value", {"ARN": ARN, "SecretString": VALUE}, {"SecretId": ARN})
    assert vaults.fetch(f"aws:{ARN}") == VALUE


@pytest.mark.parametrize(
    ("code", "said"),
    [("ResourceNotFoundException", "is not set"), ("AccessDeniedException", "cannot be read: An error occurred")],
)
def test_what_aws_refuses(aws: Stubber, code: str, said: str) -> None:
    aws.add_client_error("get_secret_value", code)
    with pytest.raises(Problem) as problem:
        vaults.fetch(f"aws:{ARN}")
    assert problem.value.message.startswith(said)


def test_aws_holds_bytes(aws: Stubber) -> None:
    aws.add_response("get_secret_value", {"ARN": ARN, "SecretBinary": b"\xff"})
    with pytest.raises(Problem, match="holds bytes"):
        vaults.fetch(f"aws:{ARN}")


def test_an_address_that_is_none_is_not_repeated() -> None:
    """Somebody may have put the value itself there."""
    with pytest.raises(TaskError) as error:
        reveal_all("load", ["key"], from_environment({"GLACIER_SECRET_KEY": HUNTER}))
    assert "its secret key has an address that nothing here opens" in str(error.value)
    assert HUNTER not in "".join(traceback.format_exception(error.value))


def test_a_secret_without_an_address() -> None:
    with pytest.raises(TaskError, match="its secret api key has no address\n  help: set GLACIER_SECRET_API_KEY in"):
        reveal_all("load", ["api key"], from_environment({}))


# --- The real requests, to a server on loopback -----------------------------------------------------------------------


class Vault:
    """Answers to what is asked for by path, one after the other, the last of them for ever."""

    def __init__(self, **answers: list[tuple[int, str]]) -> None:
        told: dict[str, list[tuple[int, str]]] = {
            "token": [(200, '{"access_token": "t"}')],
            "secret": [(200, json.dumps({"value": VALUE}))],
            **answers,
        }
        self.asked: list[str] = []
        asked = self.asked

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                what = "secret" if self.path.startswith("/secrets/") else "token"
                asked.append(what)
                status, body = told[what].pop(0) if len(told[what]) > 1 else told[what][0]
                self.send_response(status)
                self.send_header("Content-Length", str(len(body.encode())))
                self.end_headers()
                self.wfile.write(body.encode())

            do_POST = do_GET  # noqa: N815 - the server's own name

            def log_message(self, *words: Any) -> None:
                """Nothing is told."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_port}"
        self.reference = f"azure:http://{self.host}/secrets/db-key"


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Vault]]:
    """Makes one, which also gives the tokens of Azure and of Google Cloud."""
    made: list[tuple[Vault, Thread]] = []

    def make(**answers: list[tuple[int, str]]) -> Vault:
        found = Vault(**answers)
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"http://{found.host}/msi")
        monkeypatch.setenv("IDENTITY_HEADER", "h")
        monkeypatch.setenv("GCE_METADATA_HOST", found.host)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        thread = Thread(target=found.server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        made.append((found, thread))
        return found

    yield make
    for found, thread in made:
        found.server.shutdown()
        thread.join()
        found.server.server_close()


BUSY = (503, "busy")
UNAVAILABLE = (503, json.dumps({"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}}))


@pytest.mark.parametrize("what", ["token", "secret"])
def test_what_passes_is_waited_for(
    what: str, vault: Callable[..., Vault], waits: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    good = {"token": '{"access_token": "t"}', "secret": json.dumps({"value": VALUE})}[what]
    there = vault(**{what: [BUSY, UNAVAILABLE, (200, good)]})
    assert vaults.fetch(there.reference) == VALUE
    assert there.asked.count(what) == 3
    assert len(waits) == 2
    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == ["waiting"] * 2


@pytest.mark.parametrize("what", ["token", "secret"])
def test_nobody_waits_for_ever(what: str, vault: Callable[..., Vault], waits: list[float]) -> None:
    there = vault(**{what: [BUSY]})
    with pytest.raises(Problem, match=r"cannot be read: http://\S+ answered 503: busy \(5 times\)") as problem:
        vaults.fetch(there.reference)
    assert problem.value.help.startswith("run it again")
    assert there.asked.count(what) == 5
    assert len(waits) == 4


def test_a_token_of_google_is_waited_for(vault: Callable[..., Vault], waits: list[float]) -> None:
    vault(token=[BUSY, (200, '{"access_token": "t"}')])
    assert tokens.google_token() == "t"
    assert len(waits) == 1


@pytest.mark.parametrize("answer", ["<html>", "{}", "[]", "null", '{"access_token": null, "value": null}'])
@pytest.mark.parametrize("what", ["token", "secret"])
def test_an_answer_that_is_none(what: str, answer: str, vault: Callable[..., Vault]) -> None:
    there = vault(**{what: [(200, answer)]})
    with pytest.raises(
        Problem, match=rf"cannot be read: http://\S+ answered with something that is no {what}: "
    ) as odd:
        vaults.fetch(there.reference)
    assert "a proxy before it" in odd.value.help
    assert odd.value.__cause__ is None


def test_what_is_not_there(vault: Callable[..., Vault], waits: list[float]) -> None:
    """As Key Vault answers for it."""
    said = {"error": {"code": "SecretNotFound", "message": "A secret with (name/id) db-key was not found"}}
    there = vault(secret=[(404, json.dumps(said))])
    with pytest.raises(Problem, match=r"^is not set"):
        vaults.fetch(there.reference)
    assert waits == []


def test_what_the_task_may_not_read(vault: Callable[..., Vault], waits: list[float]) -> None:
    there = vault(secret=[(403, json.dumps({"error": {"code": "Forbidden", "message": "Caller is not authorized"}}))])
    with pytest.raises(Problem, match="answered Forbidden: Caller is not authorized") as problem:
        vaults.fetch(there.reference)
    assert problem.value.help.startswith("does the task's identity have this access?")
    assert "deployed in the last ten minutes" in problem.value.help
    assert waits == []


@pytest.mark.parametrize(("status", "what_to_do"), [(403, "does the task's identity"), (503, "run it again")])
def test_what_is_asked_for_once(vault: Callable[..., Vault], status: int, what_to_do: str) -> None:
    """As messages and documents are: the lead is no wrong one."""
    there = vault(secret=[(status, "no")])
    with pytest.raises(Problem, match=f"answered {status}: no") as problem:
        tokens.call("POST", there.reference.removeprefix("azure:"), body={})
    assert problem.value.help.startswith(what_to_do)


def test_a_token_outside_of_its_cloud(monkeypatch: pytest.MonkeyPatch, waits: list[float]) -> None:
    monkeypatch.setenv("GCE_METADATA_HOST", "127.0.0.1:1")
    with pytest.raises(Problem, match="no answer") as problem:
        tokens.google_token()
    assert problem.value.help == "this runs only in its own cloud"
