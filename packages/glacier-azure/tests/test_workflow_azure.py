"""The Logic App, and the function that it calls: that a run waits, fails and goes on as it should."""

from __future__ import annotations

import ast
import json
import sys
import time
import types
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from glacier import Dataset, Pipeline, compute
from glacier.compilation import Compiled
from glacier.infra import Concat, Ref
from glacier.testing.cases import CASES, on_compute
from glacier_azure import AzureCompiler
from glacier_azure.compute import AzureFunction, ContainerAppJob
from glacier_azure.target import FUNCTION_APP, HOST
from glacier_azure.workflow import clock

MOST_ACTIONS = 500  # learn.microsoft.com/azure/logic-apps/logic-apps-limits-and-config


def definition(compiled: Compiled) -> Any:
    return next(node for node in compiled.programs["azure"].nodes if node.type == "azure.logic.Workflow").inputs[
        "definition"
    ]


def each(actions: Mapping[str, Any]) -> Iterator[tuple[str, Any, Mapping[str, Any]]]:
    """Every action at any depth, with those beside it."""
    for name, action in actions.items():
        yield name, action, actions
        yield from each(action.get("actions", {}))


def wide(tasks: int, where: Any) -> Pipeline:
    pipeline = Pipeline("wide")
    for number in range(tasks):
        made = Dataset(f"made {number}")

        @pipeline.task(name=f"make {number}", compute=where)
        def make() -> made:  # type: ignore[valid-type]
            return 1

    return pipeline


@pytest.mark.parametrize("case", sorted(set(CASES) - {"database"}))
def test_actions_wait_for_actions_beside_them_and_have_names_of_their_own(case: str) -> None:
    said = list(each(definition(AzureCompiler().compile(CASES[case]()))["actions"]))
    assert len({name for name, _, _ in said}) == len(said)
    for name, action, beside in said:
        assert len(name) <= 80
        assert set(action["runAfter"]) <= set(beside) - {name}
        assert all(states == ["Succeeded"] for states in action["runAfter"].values())


def test_a_stage_begins_when_all_of_the_one_before_has_succeeded() -> None:
    stages = definition(AzureCompiler().compile(CASES["fan"]()))["actions"]
    assert [set(stage["runAfter"]) for stage in stages.values()] == [set(), {"stage-1"}, {"stage-2"}]
    assert {stage["type"] for stage in stages.values()} == {"Scope"}
    beside = [name for name, action in stages["stage-2"]["actions"].items() if not action["runAfter"]]
    assert len(beside) == 5


def test_a_function_is_called_through_its_queue_and_answers_for_itself() -> None:
    compiled = AzureCompiler().compile(on_compute(AzureFunction(timeout=3000), retries=2))
    actions = definition(compiled)["actions"]["stage-1"]["actions"]
    call = actions["call-work"]
    subscribe = call["inputs"]["subscribe"]
    assert call["type"] == "HttpWebhook"
    assert subscribe["uri"] == Concat(
        ("https://", Ref("work_host", ("name",)), ".queue.core.windows.net/calls/messages")
    )
    assert subscribe["authentication"] == {
        "type": "ManagedServiceIdentity",
        "identity": Ref("runner_identity", ("id",)),
        "audience": "https://storage.azure.com/",
    }
    assert "listCallbackUrl()" in subscribe["body"]
    assert call["runtimeConfiguration"] == {"secureData": {"properties": ["inputs"]}}
    assert call["limit"] == {"timeout": f"PT{(3000 + 600) * 3}S"}
    check = actions["check-work"]
    assert check["inputs"]["content"] == "@body('call-work')"
    assert check["inputs"]["schema"]["properties"]["status"]["enum"] == ["Succeeded"]
    assert check["inputs"]["schema"]["required"] == ["status"]


def test_a_container_is_looked_at_until_it_has_ended() -> None:
    compiled = AzureCompiler().compile(on_compute(ContainerAppJob(timeout=400_000)))
    actions = definition(compiled)["actions"]["stage-1"]["actions"]
    wait = actions["wait-work"]
    seconds = wait["actions"]["pause-work"]["inputs"]["interval"]["count"]
    assert wait["limit"]["count"] <= 5000
    assert wait["limit"]["count"] * seconds >= 400_000
    assert "'Running', 'Processing', 'Unknown'" in wait["expression"]
    assert actions["check-work"]["runAfter"] == {"wait-work": ["Succeeded"]}


@pytest.mark.parametrize("where", [compute.serverless(), compute.container()])
def test_as_many_tasks_as_the_table_allows_fit_in_one(where: Any) -> None:
    most = int(AzureCompiler.tables.limits["Workflow", "tasks"].max or 0)
    compiled = AzureCompiler().compile(wide(most, where))
    assert len(list(each(definition(compiled)["actions"]))) + most - 1 <= MOST_ACTIONS  # if each had its own stage
    more = AzureCompiler().compile(wide(most + 1, where))
    assert not [node for node in more.programs["azure"].nodes if node.type == "azure.logic.Workflow"]
    assert [d for d in more.diagnostics if d.code == "workflow"]


def test_nobody_can_start_it_without_an_identity() -> None:
    compiled = AzureCompiler().compile(CASES["fan"]())
    app: Any = next(node for node in compiled.programs["azure"].nodes if node.type == "azure.logic.Workflow").inputs
    addresses = app["access_control"]["triggers"]["allowed_caller_ip_addresses"]
    assert addresses == [{"address_range": "192.0.2.0/32"}]
    assert list(definition(compiled)["triggers"]) == ["start"]
    assert "/triggers/start/run?" in AzureCompiler.how_to_run[0]


def test_a_function_is_tried_again_by_its_host() -> None:
    compiled = AzureCompiler().compile(on_compute(AzureFunction(timeout=90_000), retries=3))
    config: Any = next(n for n in compiled.programs["azure"].nodes if n.type.endswith(".WebApp")).inputs["site_config"]
    settings = {setting["name"]: setting["value"] for setting in config["app_settings"]}
    assert settings["AzureFunctionsJobHost__extensions__queues__maxDequeueCount"] == "4"
    assert settings["AzureFunctionsJobHost__functionTimeout"] == "1.01:00:00"
    assert "AzureWebJobsStorage" not in settings
    assert config["ip_security_restrictions_default_action"] == "Deny"


def test_a_time_as_dotnet_writes_it() -> None:
    assert [clock(s) for s in (1, 90, 3600, 86_399, 86_400)] == [
        "00:00:01",
        "00:01:30",
        "01:00:00",
        "23:59:59",
        "1.00:00:00",
    ]


def test_code_is_published_again_when_it_changes() -> None:
    commands = [
        next(n for n in AzureCompiler().compile(on_compute(spec)).programs["azure"].nodes if "command" in n.type)
        for spec in (AzureFunction(), AzureFunction(requirements=["tabulate"]))
    ]
    first, second = (node.inputs["triggers"] for node in commands)
    assert first != second
    assert commands[0].inputs["dir"] == "functions/tasks"
    assert all(node.options.provider is None for node in commands)


def test_host_json_runs_one_task_at_a_time() -> None:
    host = json.loads(HOST)
    assert host["version"] == "2.0"
    assert host["extensions"]["queues"] == {"batchSize": 1, "newBatchThreshold": 0}


class Message:
    def __init__(self, call: Mapping[str, str]) -> None:
        self.call = call

    def get_json(self) -> dict[str, str]:
        return dict(self.call)


class App:
    """What the decorators of the real one do to a function, as far as it matters: which queue calls it."""

    def __init__(self) -> None:
        self.functions: dict[str, Callable[[Message], None]] = {}

    def function_name(self, name: str) -> Callable[[Any], Any]:
        return lambda function: function

    def queue_trigger(self, arg_name: str, queue_name: str, connection: str) -> Callable[[Any], Any]:
        assert connection == "AzureWebJobsStorage"

        def register(function: Callable[[Message], None]) -> Callable[[Message], None]:
            self.functions[queue_name] = function
            return function

        return register


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """What the workflow is told, at which address."""
    said: list[tuple[str, Any]] = []

    class Answer:
        def close(self) -> None:
            pass

    def urlopen(request: urllib.request.Request, timeout: float) -> Answer:
        assert isinstance(request.data, bytes)
        said.append((request.full_url, json.loads(request.data)))
        if "gone" in request.full_url or "broken" in request.full_url:
            code = 404 if "gone" in request.full_url else 503
            raise urllib.error.HTTPError(request.full_url, code, "no", {}, None)  # type: ignore[arg-type]
        return Answer()

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    return said


@pytest.fixture
def functions(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[Message], None]]:
    """The functions of the folder, by their queues; the task called ``bad`` fails."""
    azure, func, entry = types.ModuleType("azure"), types.ModuleType("azure.functions"), types.ModuleType("entry")
    func.FunctionApp, func.QueueMessage = App, Message  # type: ignore[attr-defined]
    azure.functions = func  # type: ignore[attr-defined]

    def azure_main(body: dict[str, str]) -> dict[str, str]:
        assert set(body) == {"task", "run"}
        if body["task"] == "bad":
            raise ValueError("bad")
        return body

    entry.azure_main = azure_main  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "azure", azure)
    monkeypatch.setitem(sys.modules, "azure.functions", func)
    monkeypatch.setitem(sys.modules, "glacier.runtime.entry", entry)
    space: dict[str, Any] = {}
    exec(compile(FUNCTION_APP, "function_app.py", "exec"), space)
    app: App = space["app"]
    return app.functions


def call(task: str, answer: str = "https://logic.example/answer?sig=1") -> Message:
    return Message({"task": task, "run": "r1", "answer": answer})


def test_a_task_that_succeeds_says_so(
    functions: dict[str, Callable[[Message], None]], told: list[tuple[str, Any]]
) -> None:
    functions["calls"](call("good"))
    assert told == [("https://logic.example/answer?sig=1", {"status": "Succeeded"})]


def test_a_task_that_fails_is_left_to_be_tried_again_and_says_so_at_last(
    functions: dict[str, Callable[[Message], None]], told: list[tuple[str, Any]]
) -> None:
    with pytest.raises(ValueError, match="bad"):
        functions["calls"](call("bad"))
    assert told == []
    functions["calls-poison"](call("bad"))
    assert told == [("https://logic.example/answer?sig=1", {"status": "Failed"})]


def test_a_workflow_that_does_not_wait_any_more_is_no_failure(
    functions: dict[str, Callable[[Message], None]], told: list[tuple[str, Any]]
) -> None:
    functions["calls"](call("good", "https://logic.example/gone"))
    assert len(told) == 1


def test_a_workflow_that_does_not_answer_is_told_again_before_the_task_is_run_again(
    functions: dict[str, Callable[[Message], None]], told: list[tuple[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    with pytest.raises(urllib.error.HTTPError):
        functions["calls"](call("good", "https://logic.example/broken"))
    assert len(told) == 4


def test_nobody_has_to_wait_for_an_answer(
    functions: dict[str, Callable[[Message], None]], told: list[tuple[str, Any]]
) -> None:
    functions["calls"](Message({"task": "good", "run": "r1"}))
    assert told == []


def test_no_function_has_an_address() -> None:
    decorators = {
        call.func.attr
        for function in ast.walk(ast.parse(FUNCTION_APP))
        if isinstance(function, ast.FunctionDef)
        for call in function.decorator_list
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
    }
    assert decorators == {"function_name", "queue_trigger"}
