"""Containers on Google Cloud: a Cloud Run job that runs to its end, with an account of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from glacier.compute import Container
from glacier.errors import Diagnostic, Severity
from glacier.infra import Concat, Node, Options, Statement, Value
from glacier.naming import slug
from glacier.resource import Resource, alike
from glacier.tables import matches
from glacier.target import Site
from glacier.terms import Job, Made, Meter, Principal

from glacier_gcp.foundation import account, apis, interface, project
from glacier_gcp.workflow import Step, job_step

_BUILD = 'gcloud builds submit . --project "$PROJECT" --region "$REGION" --tag "$IMAGE" --quiet'
_GIBI = 1024  # MiB
_REGISTRIES = r"([a-z]+\.)?gcr\.io|[a-z0-9-]+-docker\.pkg\.dev|docker\.io"  # cloud.google.com/run/docs/deploying#images


@dataclass(frozen=True, eq=False)
class CloudRunJob(Resource):
    """A container on Cloud Run that runs to its end.

    ``cpu`` is in virtual CPUs, ``memory`` in MiB: only certain pairs exist, and others are rounded up. ``timeout`` is
    in seconds. ``max_retries`` is how often Cloud Run itself starts it again within one run; a task's own ``retries``
    are new runs. Without ``image`` one is built from the exported folder, and must be pushed before the job is made.
    """

    kind: ClassVar[str] = "container"
    provider: ClassVar[str | None] = "gcp"

    cpu: float = 1
    memory: int = 512
    image: str | None = None
    timeout: int = 3600
    max_retries: int = 0
    env: Mapping[str, str] | None = None
    requirements: Sequence[str] | None = None


PARTICULAR = CloudRunJob


def specialize(generic: Container) -> CloudRunJob:
    """A job of the same size, before it is rounded to a pair that exists."""
    return alike(generic, CloudRunJob)


def review(spec: CloudRunJob) -> Iterator[Diagnostic]:
    """What the limits table cannot say."""
    host = spec.image.partition("/")[0] if spec.image is not None and "/" in spec.image else ""
    if ("." in host or ":" in host) and not matches(_REGISTRIES, host):
        yield Diagnostic(
            code="image",
            message=f"CloudRunJob.image = {spec.image!r}: Cloud Run takes no images from {host}",
            severity=Severity.WARNING,
            help="put it into Artifact Registry, or let a remote repository there fetch it",
        )


def identity(spec: CloudRunJob, site: Site) -> Iterator[Made]:
    """The account that the code runs as."""
    yield account(site, f"Task {site.owner}"[:100])


def principal(spec: CloudRunJob, site: Site) -> Principal:
    """The account that the code runs as."""
    who = site.ref("account", "member")
    return Principal(provider="gcp", owner=site.owner, id=who, subject=site.ref("account", "unique_id"))


def emit(spec: CloudRunJob, site: Site, job: Job) -> Iterator[Made]:
    """The job; its image is in the pipeline's repository unless one is given."""
    image: Value = spec.image
    ready = apis(site, "run")
    if spec.image is None:
        image = _name(job, site)
        build: Node = site.shared(f"image-{slug(job.folder)}", partial(_image, job))["build"]
        ready = (*ready, build.ref)
    template: dict[str, Value] = {
        "containers": [
            {
                "image": image,
                "commands": ["python", "-m", "glacier.runtime"],
                "envs": [{"name": name, "value": value} for name, value in job.environment.items()],
                "resources": {"limits": {"cpu": f"{spec.cpu:g}", "memory": f"{spec.memory}Mi"}},
            }
        ],
        "max_retries": spec.max_retries,
        "service_account": site.ref("account", "email"),
        "timeout": f"{spec.timeout}s",
    }
    if job.network:
        template["vpc_access"] = {"network_interfaces": [interface(site)], "egress": "PRIVATE_RANGES_ONLY"}
    yield site.node(
        "gcp.cloudrunv2.Job",
        "job",
        {"location": site.target.region, "template": {"template": template}, "deletion_protection": False},
        main=True,
        options=Options(depends_on=ready),
    )


def _name(job: Job, site: Site) -> Concat:
    """What a folder's image is called: new code has a new name."""
    repository = site.shared("images")["repository"]["repository_id"]
    folder = job.folder.rpartition("/")[2]
    return Concat((f"{site.target.region}-docker.pkg.dev/", project(site), "/", repository, f"/{folder}:{job.digest}"))


def _image(job: Job, site: Site) -> Iterator[Statement]:
    """Builds a folder's image in the project itself, whenever it changes: a job is refused while there is none.

    cloud.google.com/build/docs/build-push-docker-image
    """
    ready = (*apis(site, "cloudbuild", "artifactregistry"), site.shared("images")["repository"].ref)
    yield site.node(
        "command.local.Command",
        "build",
        {
            "create": _BUILD,
            "dir": job.folder,
            "environment": {"PROJECT": project(site), "REGION": site.target.region, "IMAGE": _name(job, site)},
            "triggers": [job.digest],
        },
        main=True,
        options=Options(depends_on=ready),
        comment="Needs the Google Cloud CLI on the machine that deploys, and no Docker.",
    )


def step(spec: CloudRunJob, site: Site, job: Job) -> Step:
    """One run of the job, whose end is awaited."""
    return job_step(site.owner, job, site.id("job"), spec.timeout * (spec.max_retries + 1))


def meters(spec: CloudRunJob, seconds: float | None) -> Iterator[Meter]:
    """Processors and memory for as long as it runs, a minute at least (cloud.google.com/run/pricing)."""
    billed = None if seconds is None else max(seconds, 60)
    processors = None if billed is None else billed * spec.cpu
    memory = None if billed is None else billed * spec.memory / _GIBI
    yield Meter(item="containers.jobs.vcpu", quantity=processors, per="run", of="seconds it runs")
    yield Meter(item="containers.jobs.memory", quantity=memory, per="run", of="seconds it runs")
