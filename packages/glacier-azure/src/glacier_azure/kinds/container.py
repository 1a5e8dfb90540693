"""Containers on Azure: a Container Apps job that runs to its end, with an identity of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from glacier.compute import Container
from glacier.infra import Concat, Options, Ref, Statement, Value
from glacier.naming import slug
from glacier.resource import Resource, alike
from glacier.target import Site
from glacier.terms import Job, Made, Meter, Principal

from glacier_azure.foundation import CONSUMPTION, resource, whoami
from glacier_azure.foundation import identity as own_identity
from glacier_azure.roles import assign
from glacier_azure.workflow import Step, allowed, job_step

_BUILD = 'az acr build --subscription "$SUBSCRIPTION" --registry "$REGISTRY" --image "$IMAGE" .'


@dataclass(frozen=True, eq=False)
class ContainerAppJob(Resource):
    """A container on Azure Container Apps that runs to its end.

    ``cpu`` is in virtual CPUs, ``memory`` in MiB, of which each has two GiB: only these pairs exist, and others are
    rounded up. ``timeout`` is in seconds, for each try. Without ``image`` one is built from the exported folder; one
    that is given must be public, and made for ``linux/amd64``
    (learn.microsoft.com/azure/container-apps/containers#limitations).
    """

    kind: ClassVar[str] = "container"
    provider: ClassVar[str | None] = "azure"

    cpu: float = 1
    memory: int = 2048
    image: str | None = None
    timeout: int = 3600
    env: Mapping[str, str] | None = None
    requirements: Sequence[str] | None = None


PARTICULAR = ContainerAppJob


def specialize(generic: Container) -> ContainerAppJob:
    """A job of the same size, before it is rounded to a pair that exists."""
    return alike(generic, ContainerAppJob)


def identity(spec: ContainerAppJob, site: Site) -> Iterator[Made]:
    """An identity of its own."""
    yield own_identity(site)


def principal(spec: ContainerAppJob, site: Site) -> Principal:
    """The identity, by the id that grants and tokens name it by."""
    who = site.ref("identity", "principal_id")
    return Principal(provider="azure", owner=site.owner, id=who, subject=who)


def emit(spec: ContainerAppJob, site: Site, job: Job) -> Iterator[Made]:
    """The job, and the right to fetch its image unless one is given."""
    runs_as = site.ref("identity", "id")
    image: Value = spec.image
    registries: dict[str, Value] = {}
    needed: tuple[Ref, ...] = ()
    if spec.image is None:
        registry = site.shared("registry")["images"]
        built = site.shared(slug(f"image {job.folder}"), partial(_image, job))["build"]
        image = Concat((registry["login_server"], f"/{_tag(job)}"))
        pulls = assign(site, "pulls", "AcrPull", site.ref("identity", "principal_id"), registry["id"])
        yield pulls
        registries = {"registries": [{"server": registry["login_server"], "identity": runs_as}]}
        needed = (pulls.ref, built.ref)
    environment = site.shared("private_environment" if job.network else "environment")["environment"]
    yield resource(
        site,
        "azure.app.Job",
        "job",
        {
            "environment_id": environment["id"],
            "workload_profile_name": CONSUMPTION,
            "identity": {"type": "UserAssigned", "user_assigned_identities": [runs_as]},
            "configuration": {
                "trigger_type": "Manual",
                "manual_trigger_config": {"parallelism": 1, "replica_completion_count": 1},
                "replica_timeout": allowed(job, spec.timeout),
                "replica_retry_limit": job.retries,
                **registries,
            },
            "template": {"containers": [_container(spec, site, job, image)]},
        },
        main=True,
        options=Options(depends_on=needed),
    )


def _image(job: Job, site: Site) -> Iterator[Statement]:
    """Builds a folder's image in the registry itself, whenever it changes: a job is refused while there is none.

    learn.microsoft.com/azure/container-registry/container-registry-tasks-overview#quick-task
    """
    yield site.node(
        "command.local.Command",
        "build",
        {
            "create": _BUILD,
            "dir": job.folder,
            "environment": {
                "SUBSCRIPTION": site.shared("subscription")["client"]["subscription_id"],
                "REGISTRY": site.shared("registry")["images"]["name"],
                "IMAGE": _tag(job),
            },
            "triggers": [job.digest, site.shared("registry")["images"]["id"]],
        },
        comment="Needs the Azure CLI on the machine that deploys, and no Docker.",
    )


def _tag(job: Job) -> str:
    return f"{job.folder.rpartition('/')[2]}:{job.digest}"


def step(spec: ContainerAppJob, site: Site, job: Job) -> Step:
    """One run of the job, whose end is awaited."""
    return job_step(job, site, container=site.ref("job", "id"), timeout=spec.timeout)


def meters(spec: ContainerAppJob, seconds: float | None) -> Iterator[Meter]:
    """Processors and memory for as long as it runs."""
    for item, amount in (("vcpu", spec.cpu), ("memory", spec.memory / 1024)):
        quantity = None if seconds is None else seconds * amount
        yield Meter(item=f"containers.{item}.active", quantity=quantity, per="run", of="seconds it runs")


def _container(spec: ContainerAppJob, site: Site, job: Job, image: Value) -> Value:
    settings = {**whoami(site), **job.environment}
    return {
        "name": "task",
        "image": image,
        "command": ["python", "-m", "glacier.runtime"],
        "env": [{"name": name, "value": value} for name, value in settings.items()],
        "resources": {"cpu": spec.cpu, "memory": f"{spec.memory / 1024:g}Gi"},
    }
