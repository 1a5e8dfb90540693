"""What is exported runs as each cloud runs it, with only the environment that the generated program gives it.

On AWS that is Amazon's own runtime for Lambda and the role the program declares, on Google Cloud Google's own functions
framework, on Azure Microsoft's own worker for Python. Azure's host cannot be had from a package registry, so what reads
queues and gives messages to the worker is ours.
"""

from __future__ import annotations

import io
import json
import subprocess
import time
import urllib.request
import uuid
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from e2e.apps import Failed, call_app
from e2e.deployed import Deployed, deploy
from e2e.homes import reached
from e2e.rehearsed import Rehearsed, rehearse
from glacier.execution import LocalExecutor
from glacier.runtime.manifest import Manifest
from glacier.runtime.stores import open_from
from glacier.runtime.who import Who
from glacier_aws import AWSCompiler
from glacier_azure import AzureCompiler
from glacier_gcp import GCPCompiler
from servers import clouds
from servers.azure_calls import AZURE_ACCOUNT
from servers.buckets import azure_container, gcs_bucket
from servers.installing import install
from servers.running import Server

TRIES = "AzureFunctionsJobHost__extensions__queues__maxDequeueCount"
TASKS = ("collect", "tidy", "summarize")
Call = Callable[[str, Mapping[str, str]], Mapping[str, Any]]


@pytest.fixture(scope="session")
def local(examples: Mapping[str, ModuleType], tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """What the pipeline gives on a laptop."""
    results = LocalExecutor(root=tmp_path_factory.mktemp("local")).execute(examples["sales"].pipeline)
    return {name: results[name] for name in ("orders", "clean", "report")}


@pytest.fixture(scope="session")
def on_aws(
    examples: Mapping[str, ModuleType], ministack: Server, aws: Any, tmp_path_factory: pytest.TempPathFactory
) -> Deployed:
    compiled = AWSCompiler().compile(examples["sales"].pipeline)
    account = aws("sts", ministack).get_caller_identity()["Account"]
    return deploy(rehearse(compiled, "aws", tmp_path_factory.mktemp("sales-aws"), account), ministack, aws)


def run_all(rehearsed: Rehearsed, call: Call) -> Iterator[Mapping[str, Any]]:
    environments = rehearsed.environments()
    assert set(environments) == set(TASKS)
    return (call(task, environments[task]) for task in TASKS)


def kept(rehearsed: Rehearsed) -> dict[str, Any]:
    """Every dataset, read by somebody who may read everything."""
    manifest = Manifest.from_json((rehearsed.code / "manifest.json").read_text())
    known = {key: value for each in rehearsed.environments().values() for key, value in each.items()}
    stores = open_from(known, {place.store: name for name, place in manifest.places.items()}, Who())
    return {name: stores[place.store].read(place, None) for name, place in manifest.places.items()}


def post(server: Server, path: str, body: object) -> Any:
    request = urllib.request.Request(f"{server.url}{path}", json.dumps(body).encode(), method="POST")
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


INVOCATIONS = "/2015-03-31/functions/function/invocations"


def test_lambda_functions(
    on_aws: Deployed, local: Mapping[str, Any], logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each as its own role, twice: the second run leaves what the first left."""

    def call(task: str, environment: Mapping[str, str]) -> Mapping[str, Any]:
        given = {**environment, **on_aws.credentials(on_aws.role_of(task))}
        with clouds.lambda_function(logs, on_aws.rehearsed.code, "handler.handler", given, task) as function:
            first, second = (post(function, INVOCATIONS, {"task": task, "run": run}) for run in ("one", "two"))
        assert second["run"] == "two", second
        assert first["outputs"] == second["outputs"]
        return dict(first)

    answers = list(run_all(on_aws.rehearsed, call))
    assert [list(answer["outputs"]) for answer in answers] == [["orders"], ["clean"], ["report"]]
    reached(clouds.aws_environment(on_aws.server.url), monkeypatch)
    assert kept(on_aws.rehearsed) == local


def test_a_lambda_function_that_fails(on_aws: Deployed, logs: Path) -> None:
    """The error that Step Functions sees has the class and the words of the task's own."""
    environment = {**on_aws.rehearsed.environments()["tidy"], **on_aws.credentials(on_aws.role_of("summarize"))}
    with clouds.lambda_function(logs, on_aws.rehearsed.code, "handler.handler", environment, "failing") as function:
        refused = post(function, INVOCATIONS, {"task": "tidy", "run": "one"})
        other = post(function, INVOCATIONS, {"task": "collect", "run": "one"})
        log = function.log.read_text()
    assert refused["errorType"] == "TaskError"
    assert "orders" in refused["errorMessage"]
    assert "may not be used" in refused["errorMessage"]
    assert other["errorType"] == "TaskError"
    assert "was asked to run 'collect'" in other["errorMessage"]
    events = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    assert [event["event"] for event in events if event.get("task") == "tidy"][:2] == ["started", "failed"]


def test_a_container(on_aws: Deployed, local: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """What the image of a container task runs, as a process: there is no engine for containers here."""
    python = install("lambda-runtime") / "bin" / "python"  # which has no packages that a task could find

    def call(task: str, environment: Mapping[str, str]) -> Mapping[str, Any]:
        given = {**environment, **on_aws.credentials(on_aws.role_of(task)), "GLACIER_RUN": "one"}
        command = [str(python), "-m", "glacier.runtime"]
        done = subprocess.run(command, cwd=on_aws.rehearsed.code, env=given, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout.splitlines()[-1]))

    for bucket in on_aws.rehearsed.of("aws:s3/bucket:Bucket"):
        on_aws.empty(bucket.name)
    assert [answer["run"] for answer in run_all(on_aws.rehearsed, call)] == ["one"] * 3
    reached(clouds.aws_environment(on_aws.server.url), monkeypatch)
    assert kept(on_aws.rehearsed) == local


BOOTSTRAP = """#!/bin/sh
exec {python} -m awslambdaric "$_HANDLER"
"""


def zipped(folder: Path) -> bytes:
    """A folder of code as it is uploaded, with what starts AWS's own runtime in it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                archive.write(path, path.relative_to(folder))
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        archive.writestr(entry, BOOTSTRAP.format(python=install("lambda-runtime") / "bin" / "python"))
    return buffer.getvalue()


@pytest.fixture(scope="session")
def workflow(on_aws: Deployed, aws: Any) -> str:
    """The state machine that the program declares, and the functions that it calls, each with its own role."""
    functions, machines = aws("lambda", on_aws.server), aws("stepfunctions", on_aws.server)
    code = {"ZipFile": zipped(on_aws.rehearsed.code)}
    for each in on_aws.rehearsed.of("aws:lambda/function:Function"):
        variables = {**each.inputs["environment"]["variables"], **on_aws.address()}
        functions.create_function(
            FunctionName=each.name,
            Role=each.inputs["role"],
            Runtime="provided.al2023",
            Handler=each.inputs["handler"],
            Code=code,
            Timeout=60,
            Environment={"Variables": variables},
        )
    (machine,) = on_aws.rehearsed.of("aws:sfn/stateMachine:StateMachine")
    definition, role = machine.inputs["definition"], machine.inputs["role_arn"]
    made = machines.create_state_machine(name=machine.name, definition=definition, roleArn=role)
    return str(made["stateMachineArn"])


def finished(machines: Any, workflow: str) -> Mapping[str, Any]:
    """A run of a state machine, when it is over."""
    run = machines.start_execution(stateMachineArn=workflow, name=uuid.uuid4().hex)["executionArn"]
    while (found := machines.describe_execution(executionArn=run))["status"] == "RUNNING":
        time.sleep(0.05)
    return dict(found)


def test_the_workflow_of_aws(
    on_aws: Deployed, workflow: str, aws: Any, local: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole program: the state machine runs the functions in their order, each as its own role."""
    for bucket in on_aws.rehearsed.of("aws:s3/bucket:Bucket"):
        on_aws.empty(bucket.name)
    found = finished(aws("stepfunctions", on_aws.server), workflow)
    assert found["status"] == "SUCCEEDED", found
    reached(clouds.aws_environment(on_aws.server.url), monkeypatch)
    assert kept(on_aws.rehearsed) == local


def test_a_workflow_whose_task_fails(on_aws: Deployed, workflow: str, aws: Any) -> None:
    """The run ends with the task's own error, and nothing that comes after it has run."""
    functions = aws("lambda", on_aws.server)
    (name,) = [
        each.name for each in on_aws.rehearsed.of("aws:lambda/function:Function") if each.name.endswith("-collect")
    ]
    before = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    broken = {**before, "GLACIER_STORE_ORDERS": "s3://no-such-bucket/?region=us-east-1"}
    for bucket in on_aws.rehearsed.of("aws:s3/bucket:Bucket"):
        on_aws.empty(bucket.name)
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": broken})
    found = finished(aws("stepfunctions", on_aws.server), workflow)
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": before})
    assert (found["status"], found["error"]) == ("FAILED", "TaskError"), found
    assert "no-such-bucket" in found["cause"]
    assert not any(on_aws.count(bucket.name) for bucket in on_aws.rehearsed.of("aws:s3/bucket:Bucket"))


def test_google_functions(
    examples: Mapping[str, ModuleType],
    fake_gcs: Server,
    gcs_xml: Server,
    local: Mapping[str, Any],
    logs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rehearsed = rehearse(GCPCompiler().compile(examples["sales"].pipeline), "gcp", tmp_path)
    for bucket in rehearsed.of("gcp:storage/bucket:Bucket"):
        gcs_bucket(fake_gcs, bucket.name)
    known = clouds.google_environment(gcs_xml.url)
    (function,) = {
        each.inputs["build_config"]["environment_variables"]["GOOGLE_FUNCTION_SOURCE"]
        for each in rehearsed.of("gcp:cloudfunctionsv2/function:Function")
    }

    def call(task: str, environment: Mapping[str, str]) -> Mapping[str, Any]:
        with clouds.google_function(logs, rehearsed.code, {**environment, **known}, function, task) as server:
            answer = post(server, "/", {"task": task, "run": "one"})
        return dict(answer)

    answers = list(run_all(rehearsed, call))
    assert [list(answer["outputs"]) for answer in answers] == [["orders"], ["clean"], ["report"]]
    reached(known, monkeypatch)
    assert kept(rehearsed) == local


@pytest.fixture(scope="session")
def on_azure(
    examples: Mapping[str, ModuleType], azurite: Server, tmp_path_factory: pytest.TempPathFactory
) -> Rehearsed:
    compiled = AzureCompiler().compile(examples["sales"].pipeline)
    rehearsed = rehearse(compiled, "azure", tmp_path_factory.mktemp("sales-azure"))
    for container in rehearsed.of("azure-native:storage:BlobContainer"):
        azure_container(azurite, container.name)
    return rehearsed


def test_azure_functions(
    on_azure: Rehearsed, azurite: Server, local: Mapping[str, Any], logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Azure's own worker is given the workflow's message, and the workflow hears of the end."""
    known = clouds.azure_environment(azurite)

    def call(task: str, environment: Mapping[str, str]) -> Mapping[str, Any]:
        return call_app(logs, on_azure.code, {**environment, **known}, azurite, task)

    answers = list(run_all(on_azure, call))
    assert [list(answer["outputs"]) for answer in answers] == [["orders"], ["clean"], ["report"]]
    assert {answer["run"] for answer in answers} == {"one"}
    reached(known, monkeypatch)
    assert kept(on_azure) == local


def test_an_azure_function_that_fails(on_azure: Rehearsed, azurite: Server, logs: Path) -> None:
    """It is tried as often as the program says, and then the workflow hears of it."""
    environment = {**on_azure.environments()["tidy"], **clouds.azure_environment(azurite), TRIES: "3"}
    environment["GLACIER_STORE_ORDERS"] = f"az://{AZURE_ACCOUNT}/not-here/"
    with pytest.raises(Failed) as caught:
        call_app(logs, on_azure.code, environment, azurite, "tidy")
    events = [json.loads(line) for line in str(caught.value).splitlines() if line.startswith("{")]
    assert [event["event"] for event in events] == ["started", "failed"] * 3
    assert len({event["attempt"] for event in events}) == 3
    assert "not-here" in events[1]["error"]


def test_what_is_uploaded_is_compiled_for_its_python(on_aws: Deployed, on_azure: Rehearsed) -> None:
    for code in (on_aws.rehearsed.code, on_azure.code / ".python_packages" / "lib" / "site-packages"):
        assert list((code / "obstore").rglob("*.cpython-313.pyc"))
