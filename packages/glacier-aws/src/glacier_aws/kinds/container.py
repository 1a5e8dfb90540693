"""Containers on AWS: a Fargate task that runs to its end, with roles for what it does and for starting it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from glacier.compute import Container
from glacier.infra import Concat, Json, Options, Output, Value
from glacier.resource import Resource, alike
from glacier.target import Site
from glacier.terms import Job, Made, Meter, Principal

from glacier_aws.policy import inline, statement, trust
from glacier_aws.workflow import Step, fargate_step

_UNITS = 1024  # ECS counts a virtual CPU as 1024 units
_MACHINES = {"x86_64": "X86_64", "arm64": "ARM64"}


@dataclass(frozen=True, eq=False)
class FargateTask(Resource):
    """A container on Fargate that runs to its end.

    ``cpu`` is in virtual CPUs, ``memory`` in MiB: only certain pairs exist, and others are rounded up. ``timeout`` is
    in seconds, ``ephemeral_storage`` in GiB. Without ``image`` one is built from the exported folder.
    """

    kind: ClassVar[str] = "container"
    provider: ClassVar[str | None] = "aws"

    cpu: float = 1
    memory: int = 2048
    image: str | None = None
    timeout: int = 3600
    env: Mapping[str, str] | None = None
    requirements: Sequence[str] | None = None
    architecture: str = "x86_64"
    ephemeral_storage: int | None = None
    log_retention_days: int = 30


PARTICULAR = FargateTask


def specialize(generic: Container) -> FargateTask:
    """A task of the same size, before it is rounded to a pair that exists."""
    return alike(generic, FargateTask)


def identity(spec: FargateTask, site: Site) -> Iterator[Made]:
    """The log group, and the role that the code runs as."""
    yield site.node("aws.cloudwatch.LogGroup", "logs", {"retention_in_days": spec.log_retention_days})
    yield site.node("aws.iam.Role", "role", {"assume_role_policy": _trust(site)})


def principal(spec: FargateTask, site: Site) -> Principal:
    """The role that the code runs as."""
    return Principal(provider="aws", owner=site.owner, id=site.ref("role", "id"), subject=site.ref("role", "arn"))


def emit(spec: FargateTask, site: Site, job: Job) -> Iterator[Made]:
    """The role that starts it, a repository for its image unless one is given, and the task definition."""
    starter = site.node("aws.iam.Role", "starter", {"assume_role_policy": _trust(site)})
    yield starter
    statements = [statement(["logs:CreateLogStream", "logs:PutLogEvents"], [Concat((site.ref("logs", "arn"), ":*"))])]
    image: Value = spec.image
    if spec.image is None:
        repository = site.node(
            "aws.ecr.Repository",
            "images",
            {
                "image_tag_mutability": "IMMUTABLE",
                "image_scanning_configuration": {"scan_on_push": True},
                "force_delete": True,
            },
            comment=f"Build {job.folder} and push it with this tag; the README has the commands.",
        )
        yield repository
        image = Concat((repository["repository_url"], f":{job.digest}"))
        yield Output(name=f"image_{site.id('')}", value=image)
        pulls = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        statements.append(statement(pulls, [repository["arn"]]))
        # Signing in to the registry is an action on no resource, so AWS takes only "*" here
        # (docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html).
        statements.append(statement(["ecr:GetAuthorizationToken"], ["*"]))
    basics = inline(site, "basics", starter["id"], *statements)
    yield basics
    yield site.node(
        "aws.ecs.TaskDefinition",
        "definition",
        {
            "family": site.name("aws.ecs.TaskDefinition"),
            "requires_compatibilities": ["FARGATE"],
            "network_mode": "awsvpc",
            "cpu": str(round(spec.cpu * _UNITS)),
            "memory": str(spec.memory),
            "runtime_platform": {"cpu_architecture": _MACHINES[spec.architecture], "operating_system_family": "LINUX"},
            "ephemeral_storage": {"size_in_gib": spec.ephemeral_storage} if spec.ephemeral_storage else None,
            "execution_role_arn": starter["arn"],
            "task_role_arn": site.ref("role", "arn"),
            "container_definitions": Json([_container(site, job, image)]),
        },
        main=True,
        options=Options(depends_on=(basics.ref,)),
    )


def step(spec: FargateTask, site: Site, job: Job) -> Step:
    """One run of the task, whose end is awaited."""
    network = site.shared("network")
    return fargate_step(
        job,
        definition=site.ref("definition", "arn"),
        roles=[site.ref("role", "arn"), site.ref("starter", "arn")],
        cluster=site.shared("cluster")["cluster"]["arn"],
        subnets=[network["public_a"]["id"], network["public_b"]["id"]],
        groups=[network["tasks"]["id"]],
        timeout=spec.timeout,
    )


def meters(spec: FargateTask, seconds: float | None) -> Iterator[Meter]:
    """Processors and memory for as long as it runs, a minute at least."""
    machine = "arm64" if spec.architecture == "arm64" else "x86"
    hours = None if seconds is None else max(seconds, 60) / 3600
    yield Meter(
        item=f"containers.vcpu.{machine}",
        quantity=None if hours is None else hours * spec.cpu,
        per="run",
        of="hours it runs",
    )
    yield Meter(
        item=f"containers.memory.{machine}",
        quantity=None if hours is None else hours * spec.memory / 1024,
        per="run",
        of="hours it runs",
    )


def _trust(site: Site) -> Json:
    """ECS may start tasks as the role, for this account only, so that no other account can lend ECS our role."""
    account = site.shared("account")["identity"]["account_id"]
    return trust("ecs-tasks.amazonaws.com", {"StringEquals": {"aws:SourceAccount": account}})


def _container(site: Site, job: Job, image: Value) -> Value:
    return {
        "name": "task",
        "image": image,
        "essential": True,
        "command": ["python", "-m", "glacier.runtime"],
        "environment": [{"name": name, "value": value} for name, value in job.environment.items()],
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": site.ref("logs", "name"),
                "awslogs-region": site.target.region,
                "awslogs-stream-prefix": "task",
            },
        },
    }
