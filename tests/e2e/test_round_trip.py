"""Data goes from AWS to Google Cloud, to Azure and back, through functions as they are exported, and with no key.

Each function runs in a process of its own, with what its generated program gives it, what its platform sets, and where
the emulators are. Every exchange of one cloud's word for another's credentials is answered by a server that checks
issuer, audience, subject, expiry and signature, pinned by what the generated trust program pins.
"""

from __future__ import annotations

import csv
import io
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from e2e.apps import Failed, call_app
from e2e.deployed import Deployed, deploy
from e2e.fronts import Tokens, azure_key, door
from e2e.homes import reached
from e2e.offices import Office, aws_on_azure, azure_on_google, google_on_aws
from e2e.rehearsed import Rehearsed, rehearse_all
from glacier.execution import LocalExecutor
from glacier.runtime.manifest import Manifest
from glacier.runtime.stores import open_store
from glacier.testing.values import ACCOUNT, ANSWERS
from hosts import AWS, TENANT
from issuers import Keys
from mixes import quietly
from servers import clouds
from servers.buckets import azure_container, gcs_bucket
from servers.installing import install
from servers.running import Server

TASKS = {"check": ("gcp", "aws"), "average": ("azure", "gcp"), "rank": ("aws", "azure")}  # its home, and where it reads
WRITES = {"check": "valid", "average": "means", "rank": "report"}
# What another cloud reads is packed.
FILES = {"valid": "data.json.zst", "means": "data.json.zst", "report": "data.json"}
ISSUER = "get_outbound_web_identity_federation_issuer_identifier"  # of AWS's tokens, as the mocks call it
ROWS = [{"city": c, "degrees": d} for c, d in (("Oslo", "-3.5"), ("Nîmes", "31"), ("Oslo", ""), ("Oslo", "1.25"))] * 50
pytestmark = pytest.mark.xdist_group("relay")  # what they share takes long to make
UNWRITTEN = b"before any task"
AZURE = clouds.AZURE_ACCOUNT


class Refused(Exception):
    """A task failed; what it said is the message."""


@dataclass
class Relay:
    """The pipeline, deployed on three emulators; ``doors`` are the URLs of the storages that take tokens."""

    code: Mapping[str, Path]
    deployed: Deployed
    offices: Mapping[str, Office]
    tokens: Mapping[str, Tokens]
    doors: Mapping[str, str]
    behind: Mapping[str, Mapping[str, str]]  # by cloud, the environment of an owner, who needs no door
    logs: Path
    azurite: Server

    def environment(self, task: str) -> dict[str, str]:
        """All that a function knows: what its program gives it, what its platform sets, and where everything is."""
        office = self.offices[task]
        own = {
            "gcp": {"K_SERVICE": task, "GCE_METADATA_HOST": office.url.removeprefix("http://")},
            "azure": {"IDENTITY_ENDPOINT": f"{office.url}/msi", "IDENTITY_HEADER": "h-e-a-d-e-r"},
            "aws": {
                "AWS_REGION": clouds.REGION,
                "AWS_ACCESS_KEY_ID": office.own.access_key,
                "AWS_SECRET_ACCESS_KEY": office.own.secret_key,
                "AWS_SESSION_TOKEN": office.own.session_token,
                "PYTHONPATH": str(install("boto3")),  # which Lambda brings along
            },
        }[office.home]
        where = {
            "aws": {"AWS_ENDPOINT_URL": self.deployed.server.url, "AWS_ALLOW_HTTP": "true"},
            "gcp": {"GOOGLE_BASE_URL": self.doors["gcp"], "GOOGLE_ALLOW_HTTP": "true"},
            "azure": {
                "AZURE_STORAGE_ENDPOINT": f"{self.doors['azure']}/{clouds.AZURE_ACCOUNT}",
                "AZURE_ALLOW_HTTP": "true",
            },
        }
        asked = {
            "aws": {"AWS_ENDPOINT_URL_STS": office.url},
            "gcp": {"GLACIER_GOOGLE_STS": office.url},
            "azure": {"AZURE_AUTHORITY_HOST": office.url, "AWS_ENDPOINT_URL_STS": office.url},  # whose token it takes
        }[office.host]
        given = self.deployed.rehearsed.environments()[task]
        return {**given, **own, **where[office.home], **where[office.host], **asked}

    def call(self, task: str) -> dict[str, Any]:
        """Start a task's function and call it once; raises :class:`Refused`."""
        return _CALLS[TASKS[task][0]](self, task)

    def read(self, dataset: str, wanted: Any = None) -> Any:
        """A dataset, read by an owner."""
        manifests = [Manifest.from_json((code / "manifest.json").read_text()) for code in self.code.values()]
        places = {name: place for each in manifests for name, place in each.places.items()}
        return self.opened(dataset).read(places[dataset], wanted)

    def objects(self, dataset: str) -> dict[str, bytes]:
        """Everything in a dataset's folder, by path."""
        bucket = self.opened(dataset).bucket
        return {path: bucket.read(path) for path in (f"{dataset}/{each.name}" for each in bucket.find(f"{dataset}/"))}

    def said(self) -> set[str]:
        """Every line that a function has written so far."""
        return {line for log in self.logs.rglob("*") if log.is_file() for line in log.read_text().splitlines()}

    def opened(self, dataset: str) -> Any:
        """The storage of a dataset, for an owner."""
        key = f"GLACIER_STORE_{dataset.upper()}"
        (address,) = {
            env[key].partition("?")[0] for env in self.deployed.rehearsed.environments().values() if key in env
        }
        with pytest.MonkeyPatch.context() as patch:
            reached(self.behind[address.partition(":")[0]], patch)
            return open_store(address)


def _on_google(relayed: Relay, task: str) -> dict[str, Any]:
    (function,) = relayed.deployed.rehearsed.of("gcp:cloudfunctionsv2/function:Function")
    source = function.inputs["build_config"]["environment_variables"]["GOOGLE_FUNCTION_SOURCE"]
    made = clouds.google_function(relayed.logs, relayed.code["gcp"], relayed.environment(task), source, task)
    with made as server:
        try:
            return _post(server, "/", task)
        except urllib.error.HTTPError as error:
            error.close()
            raise Refused(server.log.read_text()) from None


def _on_azure(relayed: Relay, task: str) -> dict[str, Any]:
    try:
        return call_app(relayed.logs, relayed.code["azure"], relayed.environment(task), relayed.azurite, task)
    except Failed as failed:
        raise Refused(str(failed)) from None


def _on_aws(relayed: Relay, task: str) -> dict[str, Any]:
    made = clouds.lambda_function(relayed.logs, relayed.code["aws"], "handler.handler", relayed.environment(task), task)
    with made as server:
        answer = _post(server, "/2015-03-31/functions/function/invocations", task)
    if "errorType" in answer:
        raise Refused(f"{answer['errorType']}: {answer['errorMessage']}")
    return answer


_CALLS: Mapping[str, Callable[[Relay, str], dict[str, Any]]] = {"gcp": _on_google, "azure": _on_azure, "aws": _on_aws}


def _post(server: Server, path: str, task: str) -> dict[str, Any]:
    body, headers = json.dumps({"task": task, "run": "one"}).encode(), {"Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(f"{server.url}{path}", body, headers), timeout=60) as answer:
        return dict(json.load(answer))


@pytest.fixture(scope="module")
def relay(examples: Mapping[str, ModuleType]) -> ModuleType:
    return examples["relay"]


@pytest.fixture(scope="module")
def relayed(
    relay: ModuleType,
    ministack: Server,
    fake_gcs: Server,
    gcs_xml: Server,
    azurite: Server,
    aws: Any,
    logs: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Relay]:
    account = aws("sts", ministack).get_caller_identity()["Account"]
    names = {ACCOUNT: account, ANSWERS["tenantId"]: TENANT, ISSUER: AWS.url}
    compiled = quietly(relay.compiler, relay.pipeline)
    programs = rehearse_all(compiled, ("aws", "gcp", "azure"), tmp_path_factory.mktemp("relay"), names)
    deployed = deploy(programs["aws"], ministack, aws)
    for bucket in programs["gcp"].of("gcp:storage/bucket:Bucket"):
        gcs_bucket(fake_gcs, bucket.name)
    for container in programs["azure"].of("azure-native:storage:BlobContainer"):
        azure_container(azurite, container.name)
    tokens = {"gcp": Tokens(), "azure": Tokens()}
    with ExitStack() as stack:
        doors = {
            "gcp": stack.enter_context(door(gcs_xml.url, tokens["gcp"])),
            "azure": stack.enter_context(door(azurite.url, tokens["azure"], azure_key())),
        }
        offices = {task: Office(home, host, tokens, ministack.url) for task, (home, host) in TASKS.items()}
        for office in offices.values():
            stack.callback(office.close)
        pin(offices, deployed, account)
        owner = {
            "s3": clouds.aws_environment(ministack.url),
            "gs": clouds.google_environment(gcs_xml.url),
            "az": clouds.azure_environment(azurite),
        }
        code = {cloud: program.code for cloud, program in programs.items()}
        yield Relay(code, deployed, offices, tokens, doors, owner, logs, azurite)


def pin(offices: Mapping[str, Office], deployed: Deployed, account: str) -> None:
    """Let each office go by what the trust program says, and give the function on AWS the keys of its role."""
    program: Rehearsed = deployed.rehearsed
    google_on_aws(offices["check"], program, "check", account)
    azure_on_google(offices["average"], program, "average")
    aws_on_azure(offices["rank"], program, "rank")
    role = deployed.role_of("rank")
    session = f"arn:aws:sts::{account}:assumed-role/{role.rpartition('/')[2]}/task"
    access_key, secret_key, token = deployed.session(role).values()
    offices["rank"].own = Keys(access_key, secret_key, token, session)


@pytest.fixture
def given(relayed: Relay) -> Relay:
    """With measurements on AWS, and nothing elsewhere that a task has written: in its place is something else."""
    text = io.StringIO()
    writer = csv.DictWriter(text, ["city", "degrees"])
    writer.writeheader()
    writer.writerows(ROWS)
    relayed.opened("measured").bucket.write("measured/measured.csv", text.getvalue().encode())
    for office in relayed.offices.values():
        office.fault, office.passes = None, False
        office.counts.clear()
    for name, file in FILES.items():
        relayed.opened(name).bucket.write(f"{name}/{file}", UNWRITTEN)
    return relayed


def test_there_and_back(given: Relay, relay: ModuleType) -> None:
    """What is on AWS in the end is what a laptop gives, and each function was let in by one exchange."""
    answers = {task: given.call(task) for task in TASKS}
    assert {task: list(answer["outputs"]) for task, answer in answers.items()} == {t: [WRITES[t]] for t in TASKS}
    local = LocalExecutor(persist=False, inputs={"measured": ROWS}).execute(relay.pipeline)
    assert {name: given.read(name) for name in ("valid", "means")} == {n: local[n] for n in ("valid", "means")}
    assert given.read("report", list[tuple[str, float]]) == local["report"] == [("Nîmes", 31.0), ("Oslo", -1.125)]
    assert {task: office.counts["exchange"] for task, office in given.offices.items()} == dict.fromkeys(TASKS, 1)


# What the host answers to each.
SAID = {
    ("check", "expiry"): "ExpiredTokenException: the expiry is not right",
    ("average", "signature"): "invalid_grant: the signature is not right",
    ("average", "expiry"): "invalid_grant: the expiry is not right",
    ("average", "audience"): "invalid_grant: the audience is not right",
    ("average", "issuer"): "invalid_grant: no provider for https://issuer.example",
    ("rank", "signature"): "invalid_client: AADSTS700027",
}
# These are asked for again, for more than a minute, since they may be of trust that is not known everywhere yet.
NOT_YET = {
    ("check", "signature"): "InvalidIdentityToken: the signature is not right",
    ("check", "audience"): "AccessDenied: the audience is not right",
    ("check", "subject"): "AccessDenied: the subject is not right",
    ("check", "issuer"): "InvalidIdentityToken: no provider for https://issuer.example",
    ("average", "subject"): "unauthorized_client: the subject is not right",
    ("rank", "audience"): "invalid_client: AADSTS700212",
    ("rank", "subject"): "invalid_client: AADSTS700213",
    ("rank", "issuer"): "invalid_client: AADSTS700211",
}


@pytest.mark.parametrize(("task", "fault"), SAID)
def test_who_is_not_believed(given: Relay, task: str, fault: str) -> None:
    """The task is refused before it works, and nothing is written."""
    given.offices[task].fault = fault
    with pytest.raises(Refused) as caught:
        given.call(task)
    assert "does not let this task in as" in str(caught.value)
    assert SAID[task, fault] in str(caught.value)
    assert given.offices[task].counts["exchange"] == 1
    name = WRITES[task]
    assert given.objects(name) == {f"{name}/{FILES[name]}": UNWRITTEN}


@pytest.mark.parametrize(("task", "fault"), NOT_YET)
def test_who_is_not_believed_yet(given: Relay, task: str, fault: str) -> None:
    """The task says that it waits, and why, and works when it is believed."""
    before = given.said()
    given.offices[task].fault, given.offices[task].passes = fault, True
    for each in TASKS:  # which read from each other
        given.call(each)
        if each == task:
            break
    assert given.offices[task].counts["exchange"] == 2
    assert given.offices[task].fault is None
    (waited,) = [line for line in given.said() - before if '"event": "waiting"' in line]
    assert NOT_YET[task, fault] in waited


def test_the_doors(relayed: Relay) -> None:
    """A token that was made up, one whose time has passed and one for the other cloud open nothing."""
    paths = {"gcp": "/relay-valid?list-type=2", "azure": f"/{AZURE}/relay-means-container?restype=container&comp=list"}
    for cloud, path in paths.items():
        other = {"gcp": "azure", "azure": "gcp"}[cloud]
        good, late = relayed.tokens[cloud].give(60), relayed.tokens[cloud].give(-1)
        shown = (f"Bearer {good}", f"Bearer {good}x", f"Bearer {late}", f"Bearer {relayed.tokens[other].give(60)}", "")
        assert [_status(f"{relayed.doors[cloud]}{path}", each) for each in shown] == [200, 401, 401, 401, 401]


def _status(url: str, authorization: str) -> int:
    request = urllib.request.Request(url, headers={"Authorization": authorization, "x-ms-version": "2021-12-02"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
