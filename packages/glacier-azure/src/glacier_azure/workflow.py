"""Runs the tasks in order on Azure: one Logic App, a stage after the other, with an identity and no key.

A function is called by a message in its queue, and says itself when it is done: the step waits for that, at no cost,
for as long as the function may take (learn.microsoft.com/azure/logic-apps/logic-apps-workflow-actions-triggers, HTTP
Webhook). A container's job is started through Azure's own interface and looked at until it has ended. Either way a
step fails when its task did, and the stages after it are skipped.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from glacier.infra import Concat, Options, Ref, Statement, Value
from glacier.naming import fit, slug
from glacier.target import Site
from glacier.terms import Job

from glacier_azure.foundation import resource
from glacier_azure.roles import assign

_SCHEMA = "https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#"
_JOBS = "2025-01-01"  # the version of Microsoft.App that starts jobs and tells how they went
_QUEUES = "2024-11-04"  # and of the storage services
_NAME = 60  # characters of a task's name in the name of an action, which holds 80

# Seconds. A call waits in its queue for an instance, and a failed one a while before it is tried again.
_WAITING = 600
_PAUSE = 15  # between two looks at a job
_LOOKS = (
    5_000  # an Until goes round so often at most (learn.microsoft.com/azure/logic-apps/logic-apps-limits-and-config)
)

# Nobody's address (RFC 5737): the trigger's own URL, which holds a key, is of no use then, and a run is started through
# Azure's interface, with an identity (learn.microsoft.com/azure/logic-apps/logic-apps-securing-a-logic-app).
_NOBODY = "192.0.2.0/32"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One task as the Logic App sees it: the actions that run it, and what its identity needs for them."""

    name: str
    actions: Mapping[str, Value]
    role: str
    scope: Ref


def function_step(job: Job, site: Site, *, host: Ref, queue: Ref, timeout: int) -> Step:
    """Put a message into a function's queue and wait until the function reports its end."""
    name = fit(slug(job.name), _NAME)
    say = (
        f"""concat('{{"task":"{job.name}","run":"',workflow()['run']['name'],'","answer":"',listCallbackUrl(),'"}}')"""
    )
    seconds = (allowed(job, timeout) + _WAITING) * (job.retries + 1)
    call: Value = {
        "type": "HttpWebhook",
        "inputs": {
            "subscribe": {
                "method": "POST",
                "uri": Concat(("https://", host, ".queue.core.windows.net/calls/messages")),
                "headers": {
                    "Content-Type": "application/xml",
                    "x-ms-date": "@{utcNow('R')}",
                    "x-ms-version": _QUEUES,
                },
                "body": f"<QueueMessage><MessageText>@{{base64({say})}}</MessageText></QueueMessage>",
                "authentication": _signed(site, "https://storage.azure.com/"),
            },
            "unsubscribe": {},
        },
        "limit": {"timeout": _duration(seconds)},
        # The address to answer to holds a key for this one step of this one run: it stays out of the history.
        "runtimeConfiguration": {"secureData": {"properties": ["inputs"]}},
        "runAfter": {},
    }
    check = _succeeded(f"@body('call-{name}')", ("status",), f"call-{name}")
    actions = {f"call-{name}": call, f"check-{name}": check}
    return Step(name=job.name, actions=actions, role="Storage Queue Data Message Sender", scope=queue)


def job_step(job: Job, site: Site, *, container: Ref, timeout: int) -> Step:
    """Start a container's job and look at it until it has ended."""
    name = fit(slug(job.name), _NAME)
    here = ("https://management.azure.com", container)
    start: Value = {
        "type": "Http",
        "inputs": _ask(site, "POST", Concat((*here, f"/start?api-version={_JOBS}"))),
        "runAfter": {},
    }
    execution = f"/executions/@{{body('start-{name}')['name']}}?api-version={_JOBS}"
    seconds = (allowed(job, timeout) + _WAITING) * (job.retries + 1)
    pause = max(_PAUSE, math.ceil(seconds / _LOOKS))
    state = f"coalesce(body('look-{name}')?['properties']?['status'], 'Unknown')"
    wait: Value = {
        "type": "Until",
        "expression": f"@not(contains(createArray('Running', 'Processing', 'Unknown'), {state}))",
        "limit": {"count": _LOOKS, "timeout": _duration(seconds)},
        "actions": {
            f"pause-{name}": {
                "type": "Wait",
                "inputs": {"interval": {"count": pause, "unit": "Second"}},
                "runAfter": {},
            },
            f"look-{name}": {
                "type": "Http",
                "inputs": _ask(site, "GET", Concat((*here, execution))),
                "runAfter": {f"pause-{name}": ["Succeeded"]},
            },
        },
        "runAfter": {f"start-{name}": ["Succeeded"]},
    }
    check = _succeeded(f"@body('look-{name}')", ("properties", "status"), f"wait-{name}")
    actions = {f"start-{name}": start, f"wait-{name}": wait, f"check-{name}": check}
    return Step(name=job.name, actions=actions, role="Container Apps Jobs Operator", scope=container)


def emit(stages: Sequence[Sequence[Step]], site: Site) -> Iterator[Statement]:
    """The Logic App and its identity; nothing when there are more tasks than one can hold."""
    steps = [step for stage in stages for step in stage]
    most = site.target.tables.limits["Workflow", "tasks"].max
    if not steps or len(steps) > most:
        return
    runs_as = site.shared("runner")["identity"]
    roles = [assign(site, f"calls-{slug(step.name)}", step.role, runs_as["principal_id"], step.scope) for step in steps]
    yield from roles
    yield resource(
        site,
        "azure.logic.Workflow",
        "app",
        {
            "state": "Enabled",
            "identity": {"type": "UserAssigned", "user_assigned_identities": [runs_as["id"]]},
            "access_control": {"triggers": {"allowed_caller_ip_addresses": [{"address_range": _NOBODY}]}},
            "definition": {
                "$schema": _SCHEMA,
                "contentVersion": "1.0.0.0",
                "triggers": {"start": {"type": "Request", "kind": "Http", "inputs": {"schema": {}}}},
                "actions": dict(_stages(stages)),
            },
        },
        main=True,
        options=Options(depends_on=tuple(role.ref for role in roles)),
        comment="Start a run: the README has the command.",
    )


def _stages(stages: Sequence[Sequence[Step]]) -> Iterator[tuple[str, Value]]:
    """A scope for each stage: what is in it runs side by side, and the next begins when all of it has succeeded."""
    for number, stage in enumerate(stages, 1):
        actions: dict[str, Value] = {name: action for step in stage for name, action in step.actions.items()}
        before: Value = {f"stage-{number - 1}": ["Succeeded"]} if number > 1 else {}
        yield f"stage-{number}", {"type": "Scope", "actions": actions, "runAfter": before}


def _ask(site: Site, method: str, uri: Value) -> Value:
    return {"method": method, "uri": uri, "authentication": _signed(site, "https://management.azure.com/")}


def _signed(site: Site, audience: str) -> Value:
    """A request is signed as the workflow's own identity."""
    runs_as = site.shared("runner")["identity"]["id"]
    return {"type": "ManagedServiceIdentity", "identity": runs_as, "audience": audience}


def _succeeded(content: str, path: tuple[str, ...], after: str) -> Value:
    """Fails unless the answer says ``Succeeded``: an answer that is not of this shape is refused."""
    shape: Value = {"type": "string", "enum": ["Succeeded"]}
    for name in reversed(path):
        shape = {"type": "object", "properties": {name: shape}, "required": [name]}
    return {
        "type": "ParseJson",
        "inputs": {"content": content, "schema": shape},
        "runAfter": {after: ["Succeeded"]},
    }


def allowed(job: Job, most: int) -> int:
    """How many seconds one try of a task may take: what its compute gives it, or less if the task says so."""
    return most if job.timeout is None else max(1, min(most, math.ceil(job.timeout)))


def _duration(seconds: int) -> str:
    """Seconds as ISO 8601 writes them."""
    return f"PT{seconds}S"


def clock(seconds: int) -> str:
    """Seconds as .NET writes them: ``00:05:00``, with days before it if there are any."""
    days, rest = divmod(seconds, 86_400)
    shown = f"{rest // 3600:02}:{rest % 3600 // 60:02}:{rest % 60:02}"
    return f"{days}.{shown}" if days else shown
