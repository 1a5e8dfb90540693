"""The workflow that runs the tasks: its shape, its size, and whom it may call."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from glacier import Pipeline, compute
from glacier.infra import Json, Ref
from glacier.terms import Job
from glacier.testing.cases import CASES, fan, on_compute
from glacier_gcp import GCPCompiler
from glacier_gcp.compute import CloudFunction, CloudRunJob
from glacier_gcp.workflow import Step, definition, function_step, job_step
from looking import nodes, one

# What a step may hold, and what it may call (cloud.google.com/workflows/docs/reference/syntax).
STEP = {"assign", "call", "args", "result", "switch", "parallel", "try", "retry", "except", "raise", "return", "next"}
LIBRARY = {"http.post", "sys.sleep", "googleapis.run.v2.projects.locations.jobs.run"}
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def problems(workflow: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a workflow's text."""
    if "main" not in workflow:
        yield "there is no main"
    for name, sub in workflow.items():
        if extra := set(sub) - {"params", "steps"}:
            yield f"{name}: {extra}"
        names = list(_names(sub["steps"]))
        if len(names) != len(set(names)):
            yield f"{name}: a step's name is taken twice: {names}"
        yield from _steps(sub["steps"], workflow, names, name)
    for text in _texts(workflow):
        if text.startswith("${") and (not text.endswith("}") or len(text) > 400):
            yield f"no expression: {text}"


def _names(steps: list[dict[str, Any]]) -> Iterator[str]:
    for step in steps:
        for name, body in step.items():
            yield name
            for inner in _inner(body):
                yield from _names(inner)


def _inner(body: Mapping[str, Any]) -> Iterator[list[dict[str, Any]]]:
    yield from (choice["steps"] for choice in body.get("switch", ()) if "steps" in choice)
    for part in ("try", "except"):
        if "steps" in body.get(part, {}):
            yield body[part]["steps"]
    if "parallel" in body:
        yield body["parallel"]["for"]["steps"]


def _steps(steps: Any, workflow: Mapping[str, Any], names: list[str], where: str) -> Iterator[str]:
    for step in steps:
        if len(step) != 1:
            yield f"{where}: a step has one name: {step}"
        ((name, body),) = step.items()
        if not NAME.fullmatch(name):
            yield f"{where}: {name!r} is no name"
        yield from _step(body, workflow, names, f"{where}/{name}")


def _step(body: Mapping[str, Any], workflow: Mapping[str, Any], names: list[str], where: str) -> Iterator[str]:
    if extra := set(body) - STEP:
        yield f"{where}: {extra}"
    if "next" in body and body["next"] not in (*names, "end"):
        yield f"{where}: no step {body['next']!r}"
    for call in (body, body.get("try", {})):
        if "call" in call:
            called = workflow.get(call["call"])
            if called is None and call["call"] not in LIBRARY:
                yield f"{where}: calls {call['call']!r}"
            if called is not None and set(called.get("params", ())) != set(call["args"]):
                yield f"{where}: {call['call']} takes {called.get('params')}, not {sorted(call['args'])}"
    if "assign" in body and not all(len(one) == 1 for one in body["assign"]):
        yield f"{where}: one variable for each assignment"
    if len(body.get("assign", ())) > 50 or len(body.get("switch", ())) > 50:
        yield f"{where}: more than fifty"
    if "parallel" in body and set(body["parallel"]["for"]) != {"value", "in", "steps"}:
        yield f"{where}: a loop has a value, a list and steps"
    if ("except" in body or "retry" in body) and "try" not in body:
        yield f"{where}: nothing is tried"
    for inner in _inner(body):
        yield from _steps(inner, workflow, names, where)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        yield from _texts(inner)


def plain(value: Any, known: str = "https://example") -> Any:
    """A document with a word for everything that is known only when deploying."""
    if isinstance(value, Ref):
        return known
    if isinstance(value, Mapping):
        return {key: plain(inner, known) for key, inner in value.items()}
    return [plain(inner, known) for inner in value] if isinstance(value, list | tuple) else value


def workflow_of(pipeline: Pipeline) -> dict[str, Any]:
    source = one(GCPCompiler().compile(pipeline), "gcp.workflows.Workflow").inputs["source_contents"]
    assert isinstance(source, Json)
    made: dict[str, Any] = plain(source.value)
    return made


@pytest.mark.parametrize("case", CASES)
def test_every_workflow_is_sound(case: str) -> None:
    assert list(problems(workflow_of(CASES[case]()))) == []


def test_unsound_workflows_are_told() -> None:
    sound = workflow_of(fan())
    spoils: list[Callable[[Any], object]] = [
        lambda w: w.pop("run_once"),
        lambda w: w["main"]["steps"].append(w["main"]["steps"][0]),
        lambda w: w["main"]["steps"].append({"a b": {"assign": []}}),
        lambda w: w["run_task"]["params"].pop(),
        lambda w: w["main"]["steps"].append({"x": {"next": "nowhere"}}),
        lambda w: w["main"]["steps"].append({"x": {"assign": [{"a": "${b"}]}}),
    ]
    for spoil in spoils:
        broken = json.loads(json.dumps(sound))
        spoil(broken)
        assert list(problems(broken)), spoil


def test_a_stage_waits_for_the_one_before_and_its_tasks_for_nobody() -> None:
    steps = workflow_of(fan())["main"]["steps"]
    assert [name for step in steps for name in step] == ["begin", "stage_1", "list_2", "stage_2", "stage_3"]
    (assigned,) = steps[2]["list_2"]["assign"]
    assert [task["task"] for task in assigned["tasks_2"]] == [f"make part {number}" for number in range(5)]
    assert [task["retries"] for task in assigned["tasks_2"]] == [1] * 5
    assert steps[3]["stage_2"]["parallel"]["for"]["in"] == "${tasks_2}"
    assert "job" in steps[4]["stage_3"]["args"]["task"]


def test_a_function_is_called_as_the_workflow_and_no_longer_than_a_workflow_waits() -> None:
    once = workflow_of(on_compute(None))["run_once"]["steps"][0]["choose"]["switch"]
    call = once[1]["steps"][0]["call"]["try"]
    assert call["args"]["auth"] == {"type": "OIDC", "audience": "${task.url}"}
    steps = workflow_of(on_compute(CloudFunction(timeout=3600)))["main"]["steps"]
    assert steps[1]["stage_1"]["args"]["task"]["seconds"] == 1800


def test_what_has_a_job_is_started_and_what_has_not_is_called() -> None:
    started, called = workflow_of(fan())["run_once"]["steps"][0]["choose"]["switch"]
    condition = re.fullmatch(r'\$\{"(\w+)" in task\}', started["condition"])
    assert condition is not None
    job = Job(name="n", folder="", digest="", environment={}, network=False, retries=0, timeout=None)
    assert condition[1] in job_step("owner", job, "node", 1).turn
    assert condition[1] not in function_step("owner", job, "node", 1).turn
    used = {step.removeprefix("${task.").removesuffix("}") for step in _texts([started, called]) if "${task." in step}
    assert used == {*job_step("o", job, "n", 1).turn, *function_step("o", job, "n", 1).turn} - {"retries"}


def test_a_job_is_given_time_for_each_try_and_to_start() -> None:
    steps = workflow_of(on_compute(CloudRunJob(timeout=100, max_retries=2)))["main"]["steps"]
    assert steps[1]["stage_1"]["args"]["task"]["seconds"] == 900


def test_the_workflow_may_call_its_tasks_and_nothing_else() -> None:
    compiled = GCPCompiler().compile(fan())
    who = Ref("workflow_account", ("member",))
    granted = {node.id: node for node in nodes(compiled) if node.inputs.get("member") == who}
    functions = [f"make_part_{number}" for number in range(5)] + ["start"]
    assert set(granted) == {
        *(f"workflow_calls_{name}" for name in functions),
        "workflow_starts_gather",
        "workflow_watches_gather",
        "workflow_waits",
    }
    assert granted["workflow_calls_start"].inputs["name"] == Ref("start_function", ("name",))
    assert granted["workflow_starts_gather"].inputs["role"] == "roles/run.jobsExecutorWithOverrides"
    watcher = next(node for node in nodes(compiled, "gcp.projects.IAMCustomRole") if "watcher" in node.id)
    assert watcher.inputs["permissions"] == ["run.operations.get"]
    assert granted["workflow_waits"].inputs["role"] == Ref(watcher.id, ("name",))


@pytest.mark.parametrize("alone", [True, False])
def test_as_many_tasks_as_are_allowed_fit_into_one_workflow(alone: bool) -> None:
    job = Job(name="n" * 100, folder="", digest="", environment={}, network=False, retries=1_000_000, timeout=None)
    most = int(GCPCompiler.tables.limits["Workflow", "tasks"].max or 0)
    # projects/30/locations/23/jobs/49, and https://49-10-2.a.run.app
    for make in (job_step, function_step):
        steps: list[Step] = [make("owner", job, "node", 604_800) for _ in range(most)]
        text = json.dumps(plain(definition([[step] for step in steps] if alone else [steps]), "x" * 140))
        assert len(text) < 128 * 1024
        twice = json.dumps(plain(definition([[step] for step in steps * 2]), "x" * 140))
        assert len(twice) > 128 * 1024  # so that the limit is not far too low


def test_too_many_tasks_have_no_workflow_and_are_told() -> None:
    most = int(GCPCompiler.tables.limits["Workflow", "tasks"].max or 0)
    for number, there in ((most, 1), (most + 1, 0)):
        pipeline = Pipeline("many")
        for index in range(number):

            @pipeline.task(name=f"t{index}", compute=compute.serverless())
            def work() -> None:
                return None

        compiled = GCPCompiler().compile(pipeline)
        assert len(nodes(compiled, "gcp.workflows.Workflow")) == there
        assert [d.code for d in compiled.diagnostics if d.code == "workflow"] == ["workflow"] * (1 - there)
