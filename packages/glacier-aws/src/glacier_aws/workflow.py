"""Runs the tasks in order on AWS: one Step Functions state machine, a stage after the other.

docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html and …/connect-ecs.html say which permissions each
kind of step needs; tasks of one stage do not wait for each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from glacier.infra import Concat, Json, Options, Ref, Statement, Value
from glacier.target import Site
from glacier.terms import Job

from glacier_aws.policy import inline, statement, trust

# A role holds 10,240 characters of policy (docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html), and
# the ARN of a function takes up to 120: beyond this many the functions are named by the pipeline's prefix.
_NAMED_FUNCTIONS = 60

# Failures of the service rather than of the task
# (docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html).
_PASSING = [
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One task as the state machine sees it: its state, and what the machine may do to run it."""

    name: str
    state: Mapping[str, Value]
    function: Ref | None = None
    definition: Ref | None = None
    roles: tuple[Ref, ...] = ()


def lambda_step(job: Job, function: Ref, timeout: int) -> Step:
    """Call a function and wait for its answer."""
    payload: Value = {"task": job.name, "run.$": "$$.Execution.Name"}
    state: dict[str, Value] = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": function, "Payload": payload},
        "TimeoutSeconds": _seconds(job, timeout),
        "Retry": [
            {"ErrorEquals": list(_PASSING), "IntervalSeconds": 2, "MaxAttempts": 6, "BackoffRate": 2},
            *_retry(job),
        ],
        "ResultPath": None,
    }
    return Step(name=job.name, state=state, function=function)


def fargate_step(
    job: Job,
    *,
    definition: Ref,
    roles: Sequence[Ref],
    cluster: Value,
    subnets: Sequence[Value],
    groups: Sequence[Value],
    timeout: int,
) -> Step:
    """Start a container and wait for its end."""
    network: Value = {"Subnets": list(subnets), "SecurityGroups": list(groups), "AssignPublicIp": "ENABLED"}
    run: Value = {"Name": "task", "Environment": [{"Name": "GLACIER_RUN", "Value.$": "$$.Execution.Name"}]}
    state: dict[str, Value] = {
        "Type": "Task",
        "Resource": "arn:aws:states:::ecs:runTask.sync",
        "Parameters": {
            "LaunchType": "FARGATE",
            "Cluster": cluster,
            "TaskDefinition": definition,
            "NetworkConfiguration": {"AwsvpcConfiguration": network},
            "Overrides": {"ContainerOverrides": [run]},
        },
        "TimeoutSeconds": _seconds(job, timeout),
        "ResultPath": None,
    }
    retry = _retry(job)
    return Step(
        name=job.name, state=state | ({"Retry": retry} if retry else {}), definition=definition, roles=tuple(roles)
    )


def emit(stages: Sequence[Sequence[Step]], site: Site) -> Iterator[Statement]:
    """The state machine and its role; nothing when there are more tasks than one machine can hold."""
    steps = [step for stage in stages for step in stage]
    most = site.target.tables.limits["Workflow", "tasks"].max
    if not steps or len(steps) > most:
        return
    account = site.shared("account")["identity"]["account_id"]
    trusted = trust("states.amazonaws.com", {"StringEquals": {"aws:SourceAccount": account}})
    role = site.node("aws.iam.Role", "role", {"assume_role_policy": trusted})
    yield role
    policy = inline(site, "steps", role["id"], *_permissions(steps, site))
    yield policy
    yield site.node(
        "aws.sfn.StateMachine",
        "machine",
        {"role_arn": role["arn"], "definition": Json(_definition(stages))},
        main=True,
        options=Options(depends_on=(policy.ref,)),
        comment="Start a run: aws stepfunctions start-execution --state-machine-arn $(pulumi stack output workflow)",
    )


def _definition(stages: Sequence[Sequence[Step]]) -> Value:
    named = [
        (stage[0].name if len(stage) == 1 else f"Stage {number} ({len(stage)} tasks)", stage)
        for number, stage in enumerate(stages, 1)
    ]
    states: dict[str, Value] = {}
    for position, (name, stage) in enumerate(named):
        last = position == len(named) - 1
        then: dict[str, Value] = {"End": True} if last else {"Next": named[position + 1][0]}
        states[name] = {**stage[0].state, **then} if len(stage) == 1 else {**_parallel(stage), **then}
    return {"StartAt": named[0][0], "States": states}


def _parallel(stage: Sequence[Step]) -> dict[str, Value]:
    branches: list[Value] = [
        {"StartAt": step.name, "States": {step.name: {**step.state, "End": True}}} for step in stage
    ]
    return {"Type": "Parallel", "Branches": branches, "ResultPath": None}


def _permissions(steps: Sequence[Step], site: Site) -> Iterator[dict[str, Value]]:
    region, account = site.target.region, site.shared("account")["identity"]["account_id"]
    functions = [step.function for step in steps if step.function is not None]
    if functions:
        everyone = Concat((f"arn:aws:lambda:{region}:", account, f":function:{site.pipeline}-*"))
        yield statement(["lambda:InvokeFunction"], functions if len(functions) <= _NAMED_FUNCTIONS else [everyone])
    containers = [step for step in steps if step.definition is not None]
    if containers:
        yield statement(["ecs:RunTask"], [step.definition for step in containers])
        # A running task's ARN is not known before it runs; the cluster's name stands in it.
        cluster = site.shared("cluster")["cluster"]["name"]
        running = Concat((f"arn:aws:ecs:{region}:", account, ":task/", cluster, "/*"))
        yield statement(["ecs:StopTask", "ecs:DescribeTasks"], [running])
        roles = [role for step in containers for role in step.roles]
        yield statement(["iam:PassRole"], roles, {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}})
        rule = Concat((f"arn:aws:events:{region}:", account, ":rule/StepFunctionsGetEventsForECSTaskRule"))
        yield statement(["events:PutTargets", "events:PutRule", "events:DescribeRule"], [rule])


def _retry(job: Job) -> list[Value]:
    if not job.retries:
        return []
    return [
        {
            "ErrorEquals": ["States.ALL"],
            "IntervalSeconds": 1,
            "MaxAttempts": job.retries,
            "BackoffRate": 2,
            "JitterStrategy": "FULL",
        }
    ]


def _seconds(job: Job, most: int) -> int:
    return most if job.timeout is None else max(1, min(most, round(job.timeout)))
