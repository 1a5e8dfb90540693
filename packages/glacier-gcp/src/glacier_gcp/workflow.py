"""Runs the tasks in order on Google Cloud: one workflow, a stage after the other, the tasks of a stage side by side.

A stage is a list of tasks, and one subworkflow runs any of them: the text of a workflow may hold 128 KB, and a parallel
step ten branches but a loop of any length, of which twenty turns run at once (cloud.google.com/workflows/quotas).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from glacier.infra import Json, Node, Options, Ref, Statement, Value
from glacier.target import Site
from glacier.terms import Job

from glacier_gcp.foundation import account, apis, project
from glacier_gcp.policy import custom_role

# What a job may take to start, beyond what its task may take (cloud.google.com/run/docs/configuring/task-timeout).
_STARTING = 600  # seconds

# Failures of the service rather than of the task: too many requests, and not available.
_PASSING: Value = {
    "predicate": "${http.default_retry_predicate_non_idempotent}",
    "max_retries": 5,
    "backoff": {"initial_delay": 2, "max_delay": 60, "multiplier": 2},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One task as the workflow sees it: a turn of a loop, and whom the workflow must be allowed to call for it."""

    owner: str
    turn: Mapping[str, Value]
    function: str | None = None
    job: str | None = None


def function_step(owner: str, job: Job, function: str, timeout: int) -> Step:
    """Call a function, by its variable, and wait for its answer."""
    url = Ref(function, ("service_config", "uri"))
    turn: dict[str, Value] = {"task": job.name, "url": url, "seconds": _seconds(job, timeout), "retries": job.retries}
    return Step(owner=owner, turn=turn, function=function)


def job_step(owner: str, job: Job, node: str, timeout: int) -> Step:
    """Start a job, by its variable, and wait for its end."""
    seconds = _seconds(job, timeout) + _STARTING
    called = Ref(node, ("id",))
    turn: dict[str, Value] = {"task": job.name, "job": called, "seconds": seconds, "retries": job.retries}
    return Step(owner=owner, turn=turn, job=node)


def emit(stages: Sequence[Sequence[Step]], site: Site) -> Iterator[Statement]:
    """The workflow and its account; nothing when there are more tasks than one workflow can hold."""
    steps = [step for stage in stages for step in stage]
    most = site.target.tables.limits["Workflow", "tasks"].max
    if not steps or len(steps) > most:
        return
    who = account(site, "Runs the tasks in order")
    yield who
    rights = list(_rights(steps, site, who))
    yield from rights
    yield site.node(
        "gcp.workflows.Workflow",
        "workflow",
        {
            "region": site.target.region,
            "service_account": who["id"],
            "source_contents": Json(definition(stages)),
            "call_log_level": "LOG_ERRORS_ONLY",
            "deletion_protection": False,
        },
        main=True,
        options=Options(depends_on=(*apis(site, "workflows", "workflowexecutions"), *(right.ref for right in rights))),
        comment=f'Start a run: gcloud workflows run "$(pulumi stack output {site.id("")})"',
    )


def _rights(steps: Sequence[Step], site: Site, who: Node) -> Iterator[Node]:
    """Calling exactly these functions, and starting and watching exactly these jobs."""
    common: dict[str, Value] = {"location": site.target.region, "member": who["member"]}
    for step in steps:
        if step.function is not None:
            # A function is called through the service of the same name that it runs as.
            called = {**common, "name": Ref(step.function, ("name",)), "role": "roles/run.invoker"}
            yield site.node("gcp.cloudrunv2.ServiceIamMember", f"calls-{step.owner}", called)
        if step.job is not None:
            # A run is told its name by an override (cloud.google.com/run/docs/reference/iam/roles).
            job = {**common, "name": Ref(step.job, ("name",))}
            starts, watches = "roles/run.jobsExecutorWithOverrides", "roles/run.viewer"
            yield site.node("gcp.cloudrunv2.JobIamMember", f"starts-{step.owner}", {**job, "role": starts})
            yield site.node("gcp.cloudrunv2.JobIamMember", f"watches-{step.owner}", {**job, "role": watches})
    if any(step.job is not None for step in steps):
        # That a run has begun or ended is an operation of the project, which has no policy of its own.
        role: Ref = site.shared("operation-watcher", _watcher)["role"]["name"]
        waits = {"project": project(site), "role": role, "member": who["member"]}
        ready = Options(depends_on=apis(site, "cloudresourcemanager"))
        yield site.node("gcp.projects.IAMMember", "waits", waits, options=ready)


def _watcher(site: Site) -> Iterator[Statement]:
    yield custom_role(site, "Waits for Cloud Run", ["run.operations.get"])


def definition(stages: Sequence[Sequence[Step]]) -> dict[str, Value]:
    """The workflow's text as data: ``main`` with its stages, and the two subworkflows that run any task."""
    run = '${sys.get_env("GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID")}'
    steps: list[Value] = [{"begin": {"assign": [{"run": run}]}}]
    for number, stage in enumerate(stages, 1):
        if len(stage) == 1:
            steps.append({f"stage_{number}": _call("run_task", {"task": dict(stage[0].turn), "run": "${run}"})})
            continue
        tasks = f"tasks_{number}"
        steps.append({f"list_{number}": {"assign": [{tasks: [dict(step.turn) for step in stage]}]}})
        turn: Value = {"run_one": _call("run_task", {"task": "${task}", "run": "${run}"})}
        loop: Value = {"value": "task", "in": f"${{{tasks}}}", "steps": [turn]}
        steps.append({f"stage_{number}": {"parallel": {"for": loop}}})
    return {"main": {"steps": steps}, "run_task": _TRY, "run_once": _ONCE}


def _call(what: str, arguments: Mapping[str, Value]) -> dict[str, Value]:
    return {"call": what, "args": dict(arguments)}


def _try() -> Value:
    """Runs a task until it succeeds, at most as often as it may be tried, and waits a little longer each time."""
    attempt: Value = {
        "try": _call("run_once", {"task": "${task}", "run": "${run}"}),
        "except": {
            "as": "error",
            "steps": [
                {"look": {"switch": [{"condition": "${left < 1}", "steps": [{"give_up": {"raise": "${error}"}}]}]}},
                {"wait": _call("sys.sleep", {"seconds": "${pause}"})},
                {"count": {"assign": [{"left": "${left - 1}"}, {"pause": "${pause * 2}"}], "next": "attempt"}},
            ],
        },
    }
    begin: Value = {"assign": [{"left": "${task.retries}"}, {"pause": 1}]}
    return {"params": ["task", "run"], "steps": [{"begin": begin}, {"attempt": attempt}]}


def _once() -> Value:
    """Starts a task's job, or calls its function, and waits for the end."""
    variable: Value = {"name": "GLACIER_RUN", "value": "${run}"}
    start = _call(
        "googleapis.run.v2.projects.locations.jobs.run",
        {
            "name": "${task.job}",
            "body": {"overrides": {"containerOverrides": [{"env": [variable]}]}},
            "connector_params": {"timeout": "${task.seconds}"},
        },
    )
    call = _call(
        "http.post",
        {
            "url": "${task.url}",
            "auth": {"type": "OIDC", "audience": "${task.url}"},
            "timeout": "${task.seconds}",
            "body": {"task": "${task.task}", "run": "${run}"},
        },
    )
    choices: Value = [
        {"condition": '${"job" in task}', "steps": [{"start": start}]},
        {"condition": True, "steps": [{"call": {"try": call, "retry": _PASSING}}]},
    ]
    return {"params": ["task", "run"], "steps": [{"choose": {"switch": choices}}]}


_TRY, _ONCE = _try(), _once()


def _seconds(job: Job, most: int) -> int:
    return most if job.timeout is None else max(1, min(most, round(job.timeout)))
