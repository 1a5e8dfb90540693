"""Serverless compute on Google Cloud: a function of the second generation, private, with an account of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from glacier.compute import Serverless
from glacier.errors import Diagnostic, Severity
from glacier.infra import Options, Value
from glacier.resource import Resource, alike
from glacier.tables import Tables
from glacier.target import Site
from glacier.terms import Job, Made, Meter, Principal

from glacier_gcp.foundation import account, apis, interface, upload
from glacier_gcp.workflow import Step, function_step

ENTRY = "glacier_function.py"  # not main.py, which a user's own module may be called

_GIBI = 1024  # MiB
_TABLES = Tables("glacier_gcp")
_SERVICES = ("cloudfunctions", "cloudbuild", "run", "artifactregistry")


@dataclass(frozen=True, eq=False)
class CloudFunction(Resource):
    """A function on Cloud Run functions, second generation.

    ``memory`` is in MiB and ``cpu`` in virtual CPUs: only certain pairs exist, and others are rounded up; without
    ``cpu`` it has the least that its memory may have. ``timeout`` is in seconds. ``concurrency`` is how many calls one
    instance works on at once, ``min_instances`` and ``max_instances`` how many there are. ``ingress`` says from where
    it may be called at all; whoever calls it needs the right to. Google installs ``requirements`` when it builds.
    """

    kind: ClassVar[str] = "serverless"
    provider: ClassVar[str | None] = "gcp"

    memory: int = 512
    cpu: float | None = None
    timeout: int = 300
    concurrency: int = 1
    min_instances: int = 0
    max_instances: int = 100
    ingress: str = "ALLOW_INTERNAL_ONLY"
    runtime: str = "python313"
    env: Mapping[str, str] | None = None
    requirements: Sequence[str] | None = None


PARTICULAR = CloudFunction


def specialize(generic: Serverless) -> CloudFunction:
    """A function of the same size."""
    return alike(generic, CloudFunction)


def review(spec: CloudFunction) -> Iterator[Diagnostic]:
    """What the limits table cannot say."""
    if spec.concurrency > 1 and (spec.cpu or 0) < 1:
        # cloud.google.com/run/docs/configuring/services/cpu: with less than one CPU, one call at a time.
        yield Diagnostic(
            code="concurrency",
            message=f"CloudFunction.concurrency = {spec.concurrency} takes a whole CPU, and it has {spec.cpu:g}",
            help="cpu=1, or concurrency=1",
        )
    if spec.min_instances > spec.max_instances:
        message = f"CloudFunction(min_instances={spec.min_instances}, max_instances={spec.max_instances})"
        yield Diagnostic(code="instances", message=f"{message}: the least is above the most")
    if spec.min_instances:
        yield Diagnostic(
            code="instances",
            message=f"CloudFunction.min_instances = {spec.min_instances}: instances that wait are billed all day",
            severity=Severity.WARNING,
        )
    longest = _longest_wait()
    if spec.timeout > longest:
        yield Diagnostic(
            code="timeout",
            message=f"CloudFunction.timeout = {spec.timeout} s, but a workflow waits {longest} s for a function",
            severity=Severity.WARNING,
            help="compute.container(timeout=…) may run for days",
        )


def identity(spec: CloudFunction, site: Site) -> Iterator[Made]:
    """The account that the code runs as."""
    yield account(site, f"Task {site.owner}"[:100])


def principal(spec: CloudFunction, site: Site) -> Principal:
    """The account that the code runs as."""
    who = site.ref("account", "member")
    return Principal(provider="gcp", owner=site.owner, id=who, subject=site.ref("account", "unique_id"))


def emit(spec: CloudFunction, site: Site, job: Job) -> Iterator[Made]:
    """The function, once Google may build it."""
    builder, code = site.shared("builder"), upload(site, job)
    service: dict[str, Value] = {
        "available_memory": f"{spec.memory}Mi",
        "available_cpu": f"{spec.cpu:g}" if spec.cpu is not None else None,
        "timeout_seconds": spec.timeout,
        "max_instance_request_concurrency": spec.concurrency,
        "min_instance_count": spec.min_instances,
        "max_instance_count": spec.max_instances,
        "ingress_settings": spec.ingress,
        "service_account_email": site.ref("account", "email"),
        "environment_variables": dict(job.environment),
    }
    if job.network:
        service["direct_vpc_network_interfaces"] = [interface(site)]
        service["direct_vpc_egress"] = "VPC_EGRESS_PRIVATE_RANGES_ONLY"
    rights = tuple(builder[right].ref for right in ("logs", "copies", "uploads", "images"))
    yield site.node(
        "gcp.cloudfunctionsv2.Function",
        "function",
        {
            "location": site.target.region,
            "build_config": {
                "runtime": spec.runtime,
                "entry_point": "handler",
                "environment_variables": {"GOOGLE_FUNCTION_SOURCE": ENTRY},
                "service_account": builder["account"]["id"],
                "docker_repository": site.shared("images")["repository"]["id"],
                "source": {"storage_source": {"bucket": site.shared("code")["bucket"]["name"], "object": code["name"]}},
            },
            "service_config": {name: value for name, value in service.items() if value is not None},
        },
        main=True,
        options=Options(depends_on=(*apis(site, *_SERVICES), *rights)),
    )


def step(spec: CloudFunction, site: Site, job: Job) -> Step:
    """One call of the function, whose answer is awaited."""
    return function_step(site.owner, job, site.id("function"), min(spec.timeout, _longest_wait()))


def meters(spec: CloudFunction, seconds: float | None) -> Iterator[Meter]:
    """Processor and memory for as long as it runs, and the call."""
    processor = None if seconds is None or spec.cpu is None else seconds * spec.cpu
    memory = None if seconds is None else seconds * spec.memory / _GIBI
    yield Meter(item="functions.vcpu", quantity=processor, per="run", of="seconds it runs")
    yield Meter(item="functions.memory", quantity=memory, per="run", of="seconds it runs")
    yield Meter(item="functions.requests", quantity=1e-6, per="run")


def _longest_wait() -> int:
    """How many seconds a workflow waits for the answer of a function."""
    return round(_TABLES.limits["Workflow", "wait"].max or 0)
