"""Where the values of secrets are: each cloud is asked in its own way, and what it refuses is told in one."""

from __future__ import annotations

import base64
import traceback
from collections.abc import Iterator
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
from glacier.runtime.tokens import Refused
from vaulted import ARN, AZURE, GCP, HUNTER, VALUE, asked


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
@pytest.mark.parametrize(("status", "said"), [(404, "is not set"), (403, "cannot be read: it answered 403")])
def test_what_a_cloud_refuses(monkeypatch: pytest.MonkeyPatch, reference: str, status: int, said: str) -> None:
    asked(monkeypatch, Refused(f"it answered {status}", "", status))
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


def test_a_refusal_says_its_status() -> None:
    """The real request, to a server that answers as Key Vault does for what is not there."""

    class Nothing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(404, "SecretNotFound")

        def log_message(self, *words: Any) -> None:
            """Nothing is told."""

    with HTTPServer(("127.0.0.1", 0), Nothing) as server:
        thread = Thread(target=server.handle_request)
        thread.start()
        with pytest.raises(Refused) as refused:
            tokens.call("GET", f"http://127.0.0.1:{server.server_port}/secrets/x")
        thread.join()
    assert refused.value.status == 404
