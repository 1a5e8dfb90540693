"""What is said when a task does not get into another cloud: what was tried again, what was shown, and never a secret.

The clouds are ``hosts.py``: a server on loopback and our reading of their protocols.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any
from urllib.parse import unquote

import pytest
from glacier.errors import TaskError
from glacier.runtime import endpoints, passports, proofs
from glacier.runtime.manifest import Place
from glacier.runtime.problems import Problem
from glacier.runtime.stores import open_from, open_store
from glacier.runtime.who import Who
from guests import PAIRS, Start, no_secret, refused

pytestmark = pytest.mark.usefixtures("waits")
each_pair = pytest.mark.parametrize(("home", "host"), PAIRS, ids=lambda cloud: cloud)


def entra(number: int) -> str:
    return json.dumps({"error": "invalid_client", "error_description": f"AADSTS{number}: …", "error_codes": [number]})


def sts(code: str) -> str:
    return f"<ErrorResponse><Error><Code>{code}</Code><Message>so it is</Message></Error></ErrorResponse>"


PASSING = [
    ("gcp", "aws", 503, "<html>upstream"),
    ("gcp", "aws", 400, sts("Throttling")),
    ("azure", "aws", 400, sts("IDPCommunicationError")),
    ("azure", "gcp", 500, ""),
    ("aws", "gcp", 429, json.dumps({"error": {"status": "RESOURCE_EXHAUSTED", "message": "slowly"}})),
    ("aws", "gcp", 400, json.dumps({"error": "temporarily_unavailable"})),
    ("aws", "azure", 504, ""),
    ("aws", "azure", 401, entra(700024)),
]
NOT_YET = [
    ("gcp", "aws", 403, sts("AccessDenied")),
    ("azure", "aws", 400, sts("InvalidIdentityToken")),
    ("azure", "gcp", 400, json.dumps({"error": "invalid_target"})),
    ("aws", "gcp", 400, json.dumps({"error": "unauthorized_client"})),
    *(("gcp", "azure", 401, entra(number)) for number in (70021, 700211, 700212, 700213, 700016)),
]
REFUSED = [
    ("gcp", "aws", 400, sts("ExpiredTokenException")),
    ("gcp", "aws", 400, "no XML"),
    ("aws", "gcp", 400, json.dumps({"error": "invalid_grant"})),
    ("azure", "gcp", 403, json.dumps({"error": {"status": "PERMISSION_DENIED", "message": "no"}})),
    ("gcp", "azure", 401, entra(700027)),
    ("aws", "azure", 401, entra(7002138)),
    ("aws", "azure", 400, "[]"),
    ("aws", "azure", 400, json.dumps({"error": [], "error_codes": 1})),
]


@pytest.mark.parametrize(("home", "host", "status", "said"), PASSING + NOT_YET)
def test_what_passes_is_waited_for(
    home: str, host: str, status: int, said: str, start: Start, waits: list[float]
) -> None:
    """With a new proof each time, and longer from time to time."""
    clouds = start(home, host)
    clouds.first.extend([(status, said)] * 3)
    store = open_store(clouds.address())
    assert clouds.counts["exchange"] == 4
    assert clouds.counts["proof"] == (0 if (home, host) == ("aws", "gcp") else 4)
    assert len(waits) == 3
    assert waits == sorted(waits)
    store.write(Place(store="s", path="d/"), "text", str)


@pytest.mark.parametrize(("home", "host", "status", "said"), REFUSED)
def test_a_refusal_is_not_asked_for_again(
    home: str, host: str, status: int, said: str, start: Start, waits: list[float]
) -> None:
    """Where it says that what was shown is no good, and not that nobody here believes it, which may be too early."""
    clouds = start(home, host)
    clouds.first.append((status, said))
    problem = refused(clouds)
    assert (clouds.counts["exchange"], waits) == (1, [])
    assert "times" not in problem.message
    open_store(clouds.address())  # and the next task asks for itself
    assert clouds.counts["exchange"] == 2


@pytest.mark.parametrize(("home", "host", "status", "said"), [PASSING[0], *NOT_YET])
def test_nobody_waits_for_ever(home: str, host: str, status: int, said: str, start: Start, waits: list[float]) -> None:
    clouds = start(home, host)
    tries = endpoints.PASSING if status == 503 else endpoints.NOT_YET
    clouds.first.extend([(status, said)] * 20)
    problem = refused(clouds)
    assert clouds.counts["exchange"] == tries
    assert len(waits) == tries - 1
    assert f"({tries} times)" in problem.message
    helps = ["run it again"] if status == 503 else ["deploy the program trust", "deployed in the last ten minutes"]
    assert all(each in problem.help for each in helps)
    assert len(endpoints._WAITS) == endpoints.NOT_YET - 1
    assert sum(waits) <= sum(endpoints._WAITS) == 90  # docs/crossing.md says a minute and a half


def test_nobody_answers(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    clouds = start("gcp", "aws")
    monkeypatch.setenv("GCE_METADATA_HOST", "127.0.0.1:1")
    problem = refused(clouds)
    assert problem.message.startswith("Google Cloud does not say to AWS who this task is: http://127.0.0.1:1/")
    assert "no answer" in problem.message
    assert "run it again" in problem.help


def test_the_message_says_what_was_shown_to_whom(start: Start) -> None:
    clouds = start("gcp", "aws")
    clouds.fault = "subject"
    message = refused(clouds).message
    assert message == (
        f"AWS does not let this task in as {clouds.trust.role_arn}: {clouds.url}/ was shown the identity token of its "
        "service account for orders-on-aws-dev, which Google Cloud gave, and answered AccessDenied: the subject is "
        "not right (8 times)"
    )


# No secret in any text


@each_pair
@pytest.mark.parametrize("form", ["xml", "code", "oauth", "google", "text", "decoded"])
def test_an_endpoint_that_repeats_what_it_was_shown(
    home: str, host: str, form: str, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    clouds = start(home, host)
    shown: list[str] = []
    prove = proofs.prove

    def proving(*arguments: Any) -> proofs.Proof:
        proof = prove(*arguments)
        shown.append(proof.text)
        said = {
            "xml": f"<E><Error><Code>No</Code><Message>{proof.text}</Message></Error></E>",
            "code": f"<E><Error><Code>{proof.text}</Code></Error></E>",
            "oauth": json.dumps({"error": "no", "error_description": f"this: '{proof.text}'"}),
            "google": json.dumps({"error": {"status": "no", "message": proof.text}}),
            "text": f"what is {proof.text}?",
            "decoded": unquote(proof.text),
        }[form]
        clouds.first.append((400, said))
        no_secret(clouds, proof)
        assert repr(proof) == f"<{proof.what}>"
        return proof

    monkeypatch.setattr(passports, "prove", proving)
    problem = refused(clouds)
    assert len(shown) == 1
    signed = (home, host) == ("aws", "gcp")
    clouds.secrets += [shown[0].rpartition("Signature%3D")[2].partition("%22")[0]] if signed else shown
    no_secret(clouds, problem, problem.message, problem.help)


def test_keys_of_aws_that_are_repeated(start: Start) -> None:
    clouds = start("aws", "gcp")
    token = clouds.own.session_token
    for said in (token, f"security-token={token[:100]}", token.replace("_", "/").replace("-", "+")):
        denied = endpoints.Denied("there", "no", f"what is {said}?", 1)
        assert denied.said.startswith("what is ")
        no_secret(clouds, denied)
        assert token[40:60] not in denied.said


@each_pair
def test_what_may_be_shown_of_a_passport(home: str, host: str, start: Start) -> None:
    clouds = start(home, host)
    store = open_store(clouds.address())
    remote = store.bucket._store  # type: ignore[attr-defined]
    known = remote.credential_provider
    assert repr(known) == f"<a passport for {proofs.NAMES[host]}>"
    no_secret(clouds, known, remote, remote.config, store)


@each_pair
def test_a_refusal_later_on(home: str, host: str, start: Start) -> None:
    """Obstore asks for new credentials while the task works, and passes on what is said, without secrets."""
    clouds = start(home, host)
    clouds.life = 0
    store = open_store(clouds.address())
    clouds.fault = "signature"
    clouds.trust.unique_id = clouds.trust.principal = clouds.trust.role = "another"
    with pytest.raises(Problem, match=f"may not be used: .*{proofs.NAMES[host]} does not let this task in") as caught:
        store.write(Place(store="s", path="d/"), "text", str)
    no_secret(clouds, caught.value, caught.value.__cause__)


@pytest.mark.parametrize("answer", ["<html>", "{}", '{"access_token": "x"}', "[]", "null", "<A><Expiration/></A>"])
@each_pair
def test_an_answer_that_is_none(home: str, host: str, answer: str, start: Start) -> None:
    clouds = start(home, host)
    clouds.first.append((200, answer))
    assert "answered with something that is no token" in refused(clouds).message


# What is missing


@pytest.mark.parametrize(
    "address",
    [
        "s3://None/in?region=eu-west-1",
        "gs://None/in",
        "az://None/box/in",
        "az://account/None/in",
        "s3://b?region=r&role=arn:aws:iam::None:role/x&audience=a",
        "s3://b?region=r&role=arn:aws:iam::1:role/x&audience=api://None",
        "gs://b?provider=//iam.googleapis.com/None/providers/x",
        "az://account/box?tenant=t&client=None",
        "az://account/box?tenant=None&client=c",
    ],
)
def test_a_program_that_was_not_there_yet(address: str) -> None:
    with pytest.raises(TaskError, match=r"task t, dataset d: \w+://.* is not known yet") as caught:
        open_from({"GLACIER_STORE_X": address}, {"x": "d"}, Who("t"))
    assert "run `pulumi up` once more" in caught.value.help


def test_a_folder_may_have_any_name() -> None:
    for address in ("s3://b/None/in?region=eu-west-1", "gs://b/None", "az://account/box/None"):
        where = open_store(address).bucket.where("x")  # type: ignore[attr-defined]
        assert "/None" in where


def test_it_runs_in_no_cloud(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    clouds = start("gcp", "aws")
    monkeypatch.delenv("K_SERVICE")
    problem = refused(clouds)
    assert all(sign in problem.message for signs in proofs._SIGNS.values() for sign in signs)
    assert "file:///FOLDER" in problem.help


@pytest.mark.parametrize(
    ("sign", "cloud"),
    [
        ("AWS_LAMBDA_FUNCTION_NAME", "aws"),
        ("ECS_CONTAINER_METADATA_URI_V4", "aws"),
        ("K_SERVICE", "gcp"),
        ("CLOUD_RUN_JOB", "gcp"),
        ("IDENTITY_ENDPOINT", "azure"),
    ],
)
def test_where_a_task_runs(sign: str, cloud: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for each in (each for signs in proofs._SIGNS.values() for each in signs):
        monkeypatch.delenv(each, raising=False)
    monkeypatch.setenv(sign, "something")
    assert proofs.home() == cloud


def test_an_address_for_a_guest_that_is_at_home(start: Start) -> None:
    clouds = start("aws", "gcp")
    with pytest.raises(Problem, match="this task is on AWS already"):
        open_store("s3://b?region=eu-west-1&role=r&audience=a")
    assert clouds.counts == {}


@pytest.mark.parametrize(
    ("home", "address", "word"),
    [
        ("gcp", "s3://b?region=r&audience=a", "role"),
        ("gcp", "s3://b?region=r&role=a", "audience"),
        ("azure", "gs://b?provider=p", "audience"),
        ("aws", "gs://b?audience=p", "provider"),
        ("gcp", "az://a/b?client=c", "tenant"),
        ("gcp", "az://a/b?tenant=c", "client"),
    ],
)
def test_an_address_that_says_too_little(home: str, address: str, word: str, start: Start) -> None:
    start(home, "aws" if home != "aws" else "gcp")
    with pytest.raises(Problem, match=f"has no {word}="):
        open_store(address)


def test_tokens_of_aws_that_are_not_switched_on(start: Start) -> None:
    clouds = start("aws", "azure")
    clouds.outbound = False
    problem = refused(clouds)
    assert problem.message.startswith("AWS does not say to Azure who this task is: ")
    assert problem.help.endswith("aws iam enable-outbound-web-identity-federation")
    assert clouds.counts == {"proof": 1}


def test_an_identity_that_was_not_assigned(start: Start) -> None:
    clouds = start("azure", "aws")
    clouds.trust.application = "api://another"
    with pytest.raises(Problem, match=r"Azure does not say to AWS who this task is: .*AADSTS500011") as caught:
        open_store("s3://b?region=r&role=r&audience=api://mine")
    assert "deploy the program trust" in caught.value.help
    assert clouds.counts == {"proof": endpoints.NOT_YET}  # which Azure may not know yet


def test_aws_without_what_it_takes(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    clouds = start("aws", "gcp")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", "/nowhere")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    assert "AWS gives this task no credentials" in refused(clouds).message
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    assert "there is no AWS_REGION" in refused(clouds).message
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/")
    monkeypatch.setattr("botocore.utils.ContainerMetadataFetcher.SLEEP_TIME", 0)
    assert "AWS does not say to Google Cloud who this task is: AWS's credentials" in refused(clouds).message
    monkeypatch.setitem(sys.modules, "botocore.exceptions", None)
    assert "pip install botocore" in refused(clouds).help


def test_where_the_endpoints_are(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("AWS_ENDPOINT_URL_STS", "AZURE_AUTHORITY_HOST", "GCE_METADATA_HOST", "GLACIER_GOOGLE_STS")
    for name in names:
        monkeypatch.delenv(name, raising=False)
    assert endpoints.aws("eu-west-1") == "https://sts.eu-west-1.amazonaws.com"
    assert endpoints.google() == "https://sts.googleapis.com"
    assert endpoints.metadata() == "http://metadata.google.internal"
    assert endpoints.entra() == "https://login.microsoftonline.com"
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", "login.example/")
    assert endpoints.entra() == "https://login.example"


def test_a_task_at_home_imports_nothing_of_this() -> None:
    code = """if True:
        import sys
        import glacier.runtime.entry
        from glacier.runtime.stores import open_store
        open_store("s3://b?region=eu-west-1"), open_store("gs://b"), open_store("az://a/b")
        print(*sys.modules)
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "glacier.runtime.addresses" in loaded
    others = {f"glacier.runtime.{name}" for name in ("passports", "proofs", "endpoints")}
    assert not loaded & {*others, "urllib.request", "http.client", "xml.etree.ElementTree", "botocore"}
