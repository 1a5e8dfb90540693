"""Serverless compute on Azure: a function app on Flex Consumption with an identity and a storage account of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from glacier.compute import Serverless
from glacier.errors import Diagnostic, Severity
from glacier.infra import Concat, Enum, Node, Options, Ref, Value
from glacier.resource import Resource, alike
from glacier.target import Site
from glacier.terms import Job, Made, Meter, Principal

from glacier_azure.foundation import account, resource, subnet, whoami
from glacier_azure.foundation import identity as own_identity
from glacier_azure.roles import assign
from glacier_azure.workflow import Step, allowed, clock, function_step

CALLS = "calls"  # the queue that a function is called through; what fails for good, the host puts into calls-poison
_LEFT_ALONE = 3600  # seconds that a running function is waited for when instances are taken away
_HOST_ROLES = {
    "host-blobs": "Storage Blob Data Owner",
    "host-queues": "Storage Queue Data Contributor",
    "host-tables": "Storage Table Data Contributor",
}
# The folder is packed as it is, packages and all: nothing is built in the cloud.
_PUBLISH = (
    'zip="$(mktemp -d)/code.zip" && python3 -m zipfile -c "$zip" . && az functionapp deployment source config-zip'
    ' --subscription "$SUBSCRIPTION" --resource-group "$GROUP" --name "$APP" --src "$zip"'
)


@dataclass(frozen=True, eq=False)
class AzureFunction(Resource):
    """A function on Azure Functions, on the plan Flex Consumption.

    ``memory`` is in MiB and comes in three sizes (512, 2048, 4096); others are rounded up. ``timeout`` is in seconds,
    without a bound, but a function that runs for more than an hour may be stopped when instances are taken away
    (learn.microsoft.com/azure/azure-functions/functions-scale). ``max_instances`` is how many may run at once.
    ``runtime`` is a version of Python.

    It has no address that could be called: a call is a message in a queue of its own, which only the workflow may
    write and only the function may read, and its end is reported to the workflow. So it may take as long as it needs,
    where an HTTP call ends after 230 seconds, and there is no key that could get lost. Its code, its calls and its
    locks are in a storage account of its own, so that no task can change the code of another.
    """

    kind: ClassVar[str] = "serverless"
    provider: ClassVar[str | None] = "azure"

    memory: int = 512
    timeout: int = 300
    max_instances: int = 40
    runtime: str = "3.13"
    env: Mapping[str, str] | None = None
    requirements: Sequence[str] | None = None


PARTICULAR = AzureFunction


def specialize(generic: Serverless) -> AzureFunction:
    """A function of the same size, before it is rounded to one that exists."""
    return alike(generic, AzureFunction)


def review(spec: AzureFunction) -> Iterator[Diagnostic]:
    """What the limits table cannot say."""
    if spec.timeout > _LEFT_ALONE:
        yield Diagnostic(
            code="timeout",
            message=f"a function that runs for more than {_LEFT_ALONE} s may be stopped when instances are taken away",
            severity=Severity.NOTE,
            help="compute.container(timeout=…) is left to run",
        )


def identity(spec: AzureFunction, site: Site) -> Iterator[Made]:
    """An identity of its own."""
    yield own_identity(site)


def principal(spec: AzureFunction, site: Site) -> Principal:
    """The identity, by the id that grants and tokens name it by."""
    who = site.ref("identity", "principal_id")
    return Principal(provider="azure", owner=site.owner, id=who, subject=who)


def emit(spec: AzureFunction, site: Site, job: Job) -> Iterator[Made]:
    """What the host keeps, the plan, the app, and the publishing of its code."""
    host = account(site, "host", {})
    code = resource(
        site,
        "azure.storage.BlobContainer",
        "code",
        {"account_name": host["name"], "container_name": "code"},
        tagged=False,
    )
    yield from (host, code, _queue(site, host, "calls", CALLS), _queue(site, host, "failed", f"{CALLS}-poison"))
    who = site.ref("identity", "principal_id")
    roles = [assign(site, part, role, who, host["id"]) for part, role in _HOST_ROLES.items()]
    component = site.shared("insights")["component"]
    roles.append(assign(site, "host-logs", "Monitoring Metrics Publisher", who, component["id"]))
    yield from roles
    plan = resource(
        site,
        "azure.web.AppServicePlan",
        "plan",
        {"kind": "functionapp", "reserved": True, "sku": {"name": "FC1", "tier": "FlexConsumption"}},
    )
    yield plan
    app = _app(spec, site, job, host, code, plan, tuple(role.ref for role in roles))
    yield app
    # Publishing with a password is on unless it is switched off.
    passwords = resource(
        site, "azure.web.WebAppScmAllowed", "passwords", {"name": app["name"], "allow": False}, tagged=False
    )
    yield passwords
    yield _code(site, job, app, passwords)


def _queue(site: Site, host: Node, part: str, name: str) -> Node:
    inputs: dict[str, Value] = {"account_name": host["name"], "queue_name": name}
    return resource(site, "azure.storage.Queue", part, inputs, tagged=False)


def _app(spec: AzureFunction, site: Site, job: Job, host: Node, code: Node, plan: Node, after: tuple[Ref, ...]) -> Node:
    runs_as = site.ref("identity", "id")
    storage: Value = {
        "type": "blobContainer",
        "value": Concat(("https://", host["name"], ".blob.core.windows.net/", code["name"])),
        "authentication": {"type": "UserAssignedIdentity", "user_assigned_identity_resource_id": runs_as},
    }
    return resource(
        site,
        "azure.web.WebApp",
        "app",
        {
            "kind": "functionapp,linux",
            "server_farm_id": plan["id"],
            "https_only": True,
            "identity": {
                "type": Enum("azure.web.ManagedServiceIdentityType", "UserAssigned"),
                "user_assigned_identities": [runs_as],
            },
            "virtual_network_subnet_id": subnet(site, "functions") if job.network else None,
            "function_app_config": {
                "runtime": {"name": "python", "version": spec.runtime},
                "deployment": {"storage": storage},
                "scale_and_concurrency": {
                    "instance_memory_mb": spec.memory,
                    "maximum_instance_count": spec.max_instances,
                },
            },
            "site_config": {
                "app_settings": [
                    {"name": name, "value": value} for name, value in _settings(spec, site, job, host).items()
                ],
                "min_tls_version": "1.2",
                # Nobody calls it, so nobody gets in; code is published through the other door.
                "ip_security_restrictions_default_action": "Deny",
                "scm_ip_security_restrictions_default_action": "Allow",
                "scm_ip_security_restrictions_use_main": False,
            },
        },
        main=True,
        options=Options(depends_on=after),
    )


def _settings(spec: AzureFunction, site: Site, job: Job, host: Node) -> dict[str, Value]:
    """The app's settings; ``AzureFunctionsJobHost__`` overrides what ``host.json`` says for all tasks of a folder."""
    client = site.ref("identity", "client_id")
    insights = site.shared("insights")["component"]
    return {
        **whoami(site),
        "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": Concat(("ClientId=", client, ";Authorization=AAD")),
        "APPLICATIONINSIGHTS_CONNECTION_STRING": insights["connection_string"],
        "AzureFunctionsJobHost__extensions__queues__maxDequeueCount": str(job.retries + 1),
        "AzureFunctionsJobHost__functionTimeout": clock(allowed(job, spec.timeout)),
        "AzureWebJobsStorage__accountName": host["name"],
        "AzureWebJobsStorage__clientId": client,
        "AzureWebJobsStorage__credential": "managedidentity",
        **job.environment,
    }


def _code(site: Site, job: Job, app: Node, passwords: Node) -> Node:
    """Publishes the folder whenever it changes: Flex Consumption takes code in this way only, and by no resource.

    learn.microsoft.com/azure/azure-functions/flex-consumption-how-to#deploy-your-code-project
    """
    return site.node(
        "command.local.Command",
        "code-upload",
        {
            "create": _PUBLISH,
            "dir": job.folder,
            "environment": {
                "SUBSCRIPTION": site.shared("subscription")["client"]["subscription_id"],
                "GROUP": site.shared("resources")["group"]["name"],
                "APP": app["name"],
            },
            "triggers": [job.digest, app["id"]],
        },
        options=Options(depends_on=(passwords.ref,)),
        comment="Needs the Azure CLI and Python on the machine that deploys.",
    )


def step(spec: AzureFunction, site: Site, job: Job) -> Step:
    """A message to the function, whose end is reported."""
    return function_step(job, site, host=site.ref("host", "name"), queue=site.ref("calls", "id"), timeout=spec.timeout)


def meters(spec: AzureFunction, seconds: float | None) -> Iterator[Meter]:
    """Memory for as long as it runs, a second at least, and the call."""
    quantity = None if seconds is None else max(seconds, 1) * spec.memory / 1024
    yield Meter(item="functions.flex.duration", quantity=quantity, per="run", of="seconds it runs")
    yield Meter(item="functions.flex.requests", quantity=1e-6, per="run")
