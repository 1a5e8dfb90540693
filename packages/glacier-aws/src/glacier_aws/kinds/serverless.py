"""Serverless compute on AWS: a Lambda function with a role, a log group and a failure destination of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from glacier.compute import Serverless
from glacier.errors import Diagnostic, Severity
from glacier.infra import Concat, Options, Value
from glacier.resource import Resource, alike
from glacier.target import Site
from glacier.terms import Job, Made, Meter, Principal

from glacier_aws.foundation import upload
from glacier_aws.policy import inline, statement, trust
from glacier_aws.workflow import Step, lambda_step

_LAYERS = 5  # docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_ASYNC_RETRIES = 2  # the most Lambda tries an asynchronous call again; same page


@dataclass(frozen=True, eq=False)
class Lambda(Resource):
    """A function on AWS Lambda.

    ``memory`` and ``ephemeral_storage`` are in MiB, ``timeout`` in seconds. ``reserved_concurrency`` is how many may
    run at once (0: none). ``layers`` are ARNs. Calls that fail for good go to the pipeline's failure queue, to the
    queue or topic whose ARN ``failure_destination`` gives, or nowhere (``"none"``).
    """

    kind: ClassVar[str] = "serverless"
    provider: ClassVar[str | None] = "aws"

    memory: int = 512
    timeout: int = 300
    layers: Sequence[str] | None = None
    reserved_concurrency: int | None = None
    architecture: str = "x86_64"
    ephemeral_storage: int = 512
    runtime: str = "python3.13"
    env: Mapping[str, str] | None = None
    requirements: Sequence[str] | None = None
    log_retention_days: int = 30
    failure_destination: str = "queue"


PARTICULAR = Lambda


def specialize(generic: Serverless) -> Lambda:
    """A function of the same size."""
    return alike(generic, Lambda)


def review(spec: Lambda) -> Iterator[Diagnostic]:
    """What the limits table cannot say."""
    if spec.layers is not None and len(spec.layers) > _LAYERS:
        yield Diagnostic(code="limit", message=f"Lambda takes {_LAYERS} layers, not {len(spec.layers)}")
    if spec.reserved_concurrency == 0:
        yield Diagnostic(
            code="concurrency", message="reserved_concurrency=0 switches the function off", severity=Severity.WARNING
        )


def identity(spec: Lambda, site: Site) -> Iterator[Made]:
    """The log group first, so that the function does not make one that is kept forever; then the role."""
    logs = site.node("aws.cloudwatch.LogGroup", "logs", {"retention_in_days": spec.log_retention_days})
    yield logs
    role = site.node("aws.iam.Role", "role", {"assume_role_policy": trust("lambda.amazonaws.com")})
    yield role
    statements = [statement(["logs:CreateLogStream", "logs:PutLogEvents"], [Concat((logs["arn"], ":*"))])]
    if (destination := _destination(spec, site)) is not None:
        is_topic = isinstance(destination, str) and ":sns:" in destination
        statements.append(statement(["sns:Publish" if is_topic else "sqs:SendMessage"], [destination]))
    yield inline(site, "basics", role["id"], *statements)


def principal(spec: Lambda, site: Site) -> Principal:
    """The role."""
    return Principal(provider="aws", owner=site.owner, id=site.ref("role", "id"), subject=site.ref("role", "arn"))


def emit(spec: Lambda, site: Site, job: Job) -> Iterator[Made]:
    """The function, once its log group and permissions are there."""
    needed, archive = [site.ref("basics")], upload(site, job)
    inputs: dict[str, Value] = {
        "role": site.ref("role", "arn"),
        "runtime": spec.runtime,
        "handler": "handler.handler",
        "s3_bucket": archive["bucket"],
        "s3_key": archive["key"],
        "memory_size": spec.memory,
        "timeout": spec.timeout,
        "architectures": [spec.architecture],
        "ephemeral_storage": {"size": spec.ephemeral_storage},
        "layers": list(spec.layers) if spec.layers else None,
        "reserved_concurrent_executions": spec.reserved_concurrency,
        "environment": {"variables": dict(job.environment)},
        "logging_config": {"log_format": "JSON", "log_group": site.ref("logs", "name")},
    }
    if job.network:
        network = site.shared("network")
        interfaces = inline(site, "interfaces", site.ref("role", "id"), _INTERFACES)
        yield interfaces
        needed.append(interfaces.ref)
        inputs["vpc_config"] = {
            "subnet_ids": [network["private_a"]["id"], network["private_b"]["id"]],
            "security_group_ids": [network["tasks"]["id"]],
        }
    function = site.node(
        "aws.lambda_.Function", "function", inputs, main=True, options=Options(depends_on=tuple(needed))
    )
    yield function
    destination = _destination(spec, site)
    yield site.node(
        "aws.lambda_.FunctionEventInvokeConfig",
        "invocations",
        {
            "function_name": function["name"],
            "maximum_retry_attempts": min(job.retries, _ASYNC_RETRIES),
            "destination_config": {"on_failure": {"destination": destination}} if destination is not None else None,
        },
    )


def step(spec: Lambda, site: Site, job: Job) -> Step:
    """One call of the function, whose answer is awaited."""
    return lambda_step(job, site.ref("function", "arn"), spec.timeout)


def meters(spec: Lambda, seconds: float | None) -> Iterator[Meter]:
    """Memory for as long as it runs, and the call."""
    duration = "arm64" if spec.architecture == "arm64" else "x86"
    quantity = None if seconds is None else seconds * spec.memory / 1024
    yield Meter(item=f"functions.duration.{duration}", quantity=quantity, per="run", of="seconds it runs")
    yield Meter(item="functions.requests", quantity=1e-6, per="run")


def _destination(spec: Lambda, site: Site) -> Value:
    if spec.failure_destination == "none":
        return None
    if spec.failure_destination == "queue":
        failures: Value = site.shared("failures")["queue"]["arn"]
        return failures
    return spec.failure_destination


# A function in a network makes its own interfaces; AWS takes these actions on all resources only
# (docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions).
_INTERFACES = statement(
    [
        "ec2:CreateNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:DeleteNetworkInterface",
        "ec2:AssignPrivateIpAddresses",
        "ec2:UnassignPrivateIpAddresses",
    ],
    ["*"],
)
