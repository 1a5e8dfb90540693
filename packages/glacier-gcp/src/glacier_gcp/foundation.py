"""What several owners share on Google Cloud, each made when it is first asked for: services, a network, a builder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from glacier.infra import Archive, Concat, Config, Node, Options, Ref, Statement, Value
from glacier.naming import fit, slug
from glacier.target import Shared, Site
from glacier.terms import KEPT, Job

PROJECT = Config(name="project", description="The id of the Google Cloud project to deploy to")

# For what data that is left in place cannot do without, such as the network of a database.
HELD = Options(retain_on_delete=KEPT.retain_on_delete)


def project(site: Site) -> Value:
    """The project's id, or the setting that holds it."""
    given: str | None = site.target.project
    return given if given is not None else PROJECT


def labels(site: Site) -> dict[str, Value]:
    """What everything that takes labels is labelled with.

    The stack's name is in no label: it may hold capitals and dots, which labels do not.
    """
    return {"glacier-pipeline": fit(slug(site.draft.pipeline), 63), **(site.target.tags or {})}


def apis(site: Site, *names: str) -> tuple[Ref, ...]:
    """The services that must be switched on in the project before a resource of theirs can be made."""
    return tuple(site.shared(f"{name}-api", partial(_api, name))["service"].ref for name in names)


def _api(name: str, site: Site) -> Iterator[Statement]:
    # Others in the project may use the service as well, so nothing here switches it off.
    inputs: dict[str, Value] = {"service": f"{name}.googleapis.com", "disable_on_destroy": False}
    yield site.node("gcp.projects.Service", "service", inputs, main=True)


def suffix(site: Site) -> Iterator[Statement]:
    """Six characters of this stack's own, for the names that Pulumi does not make unique."""
    yield site.random("text", main=True)


def unique(site: Site, node_type: str, part: str = "") -> Concat:
    """A physical name that no other stack has, for a type whose names Pulumi leaves as they are."""
    return Concat((f"{site.name(node_type, part)}-", site.shared("suffix")["text"]["result"]))


def account(site: Site, what: str) -> Node:
    """Who something is: a service account of its own, without any key."""
    return site.node(
        "gcp.serviceaccount.Account",
        "account",
        {"account_id": unique(site, "gcp.serviceaccount.Account"), "display_name": what},
        main=True,
        options=Options(depends_on=apis(site, "iam")),
    )


def network(site: Site) -> Iterator[Statement]:
    """A network with one subnet, from which tasks reach databases and caches and nothing reaches the tasks.

    A network without firewall rules lets nothing in and everything out
    (cloud.google.com/firewall/docs/firewalls#default_firewall_rules).
    """
    ready = apis(site, "compute")
    net = site.node(
        "gcp.compute.Network",
        "net",
        {"auto_create_subnetworks": False},
        main=True,
        options=Options(retain_on_delete=HELD.retain_on_delete, depends_on=ready),
    )
    yield net
    yield site.node(
        "gcp.compute.Subnetwork",
        "subnet",
        {
            "network": net["id"],
            "region": site.target.region,
            "ip_cidr_range": "10.0.0.0/20",
            "private_ip_google_access": True,
        },
        main=True,
        options=HELD,
    )


def peering(site: Site) -> Iterator[Statement]:
    """The private way from the network to Google's own, in which databases live."""
    net = site.shared("network")["net"]
    held = Options(retain_on_delete=HELD.retain_on_delete, depends_on=apis(site, "servicenetworking"))
    addresses = site.node(
        "gcp.compute.GlobalAddress",
        "addresses",
        {"purpose": "VPC_PEERING", "address_type": "INTERNAL", "prefix_length": 16, "network": net["id"]},
        main=True,
        options=held,
    )
    yield addresses
    yield site.node(
        "gcp.servicenetworking.Connection",
        "connection",
        {
            "network": net["id"],
            "service": "servicenetworking.googleapis.com",
            "reserved_peering_ranges": [addresses["name"]],
        },
        main=True,
        options=held,
    )


def cache_door(site: Site) -> Iterator[Statement]:
    """Lets Memorystore put the addresses of its instances into the network."""
    shared = site.shared("network")
    yield site.node(
        "gcp.networkconnectivity.ServiceConnectionPolicy",
        "policy",
        {
            "location": site.target.region,
            "network": shared["net"]["id"],
            "service_class": "gcp-memorystore",
            "psc_config": {"subnetworks": [shared["subnet"]["id"]]},
        },
        main=True,
        options=Options(retain_on_delete=HELD.retain_on_delete, depends_on=apis(site, "networkconnectivity")),
    )


def interface(site: Site) -> Value:
    """How a task joins the network (cloud.google.com/run/docs/configuring/vpc-direct-vpc).

    Only for private addresses, as its kind says: what is public it reaches as if it had not joined, so that a task in
    the network needs no NAT to reach other clouds.
    """
    shared = site.shared("network")
    return {"network": shared["net"]["id"], "subnetwork": shared["subnet"]["id"]}


def images(site: Site) -> Iterator[Statement]:
    """Where images are kept: those that Google builds of functions, and those that are pushed for jobs."""
    yield site.node(
        "gcp.artifactregistry.Repository",
        "repository",
        {
            "repository_id": unique(site, "gcp.artifactregistry.Repository"),
            "location": site.target.region,
            "format": "DOCKER",
        },
        main=True,
        options=Options(depends_on=apis(site, "artifactregistry")),
    )


def code(site: Site) -> Iterator[Statement]:
    """Where the code of functions is uploaded to, in folders named by what is in them."""
    yield site.node(
        "gcp.storage.Bucket",
        "bucket",
        {
            "location": site.target.region.upper(),
            "uniform_bucket_level_access": True,
            "public_access_prevention": "enforced",
            "force_destroy": True,
            "soft_delete_policy": {"retention_duration_seconds": 0},
        },
        main=True,
        options=Options(depends_on=apis(site, "storage")),
    )


def upload(site: Site, job: Job) -> Node:
    """The upload of a task's folder of code, one for all tasks that share it; new code has a new name."""
    folder = job.folder.rpartition("/")[2]
    made: Node = site.shared(f"upload-{slug(folder)}", partial(_upload, job, folder))["object"]
    return made


def _upload(job: Job, folder: str, site: Site) -> Iterator[Statement]:
    yield site.node(
        "gcp.storage.BucketObject",
        "object",
        {
            "bucket": site.shared("code")["bucket"]["name"],
            "name": f"{folder}-{job.digest}.zip",
            "source": Archive(job.folder),
        },
        main=True,
        comment="Its name changes when the code does; an object that kept its name would never be built again.",
    )


def builder(site: Site) -> Iterator[Statement]:
    """Who builds functions, instead of an account that may change anything in the project.

    What it needs is from cloud.google.com/functions/docs/securing/build-custom-sa; a build reads the copy that Cloud
    Functions makes of the upload, in a bucket of its own whose name begins with ``gcf-v2-``.
    """
    who = account(site, "Builds functions")
    yield who
    common: dict[str, Value] = {"member": who["member"]}
    ready = Options(depends_on=apis(site, "cloudresourcemanager"))
    in_project = common | {"project": project(site)}
    yield site.node("gcp.projects.IAMMember", "logs", {**in_project, "role": "roles/logging.logWriter"}, options=ready)
    copies = 'resource.name.startsWith("projects/_/buckets/gcf-v2-")'
    yield site.node(
        "gcp.projects.IAMMember",
        "copies",
        {
            **in_project,
            "role": "roles/storage.objectViewer",
            "condition": {"title": "copies of uploads", "expression": copies},
        },
        options=ready,
    )
    uploads = {**common, "bucket": site.shared("code")["bucket"]["name"], "role": "roles/storage.objectViewer"}
    yield site.node("gcp.storage.BucketIAMMember", "uploads", uploads)
    repository = site.shared("images")["repository"]
    yield site.node(
        "gcp.artifactregistry.RepositoryIamMember",
        "images",
        {
            **common,
            "location": site.target.region,
            "repository": repository["name"],
            "role": "roles/artifactregistry.writer",
        },
    )


def agent(service: str, site: Site) -> Iterator[Statement]:
    """The account by which one of Google's own services acts in the project."""
    inputs: dict[str, Value] = {"service": f"{service}.googleapis.com", "project": project(site)}
    ready = Options(depends_on=apis(site, service))
    yield site.node("gcp.projects.ServiceIdentity", "identity", inputs, main=True, options=ready)


def storage_agent(site: Site) -> Iterator[Statement]:
    """The account by which Cloud Storage acts in the project; it is there already, and only looked up."""
    yield site.lookup("gcp.storage.get_project_service_account_output", "identity")


PARTS: Mapping[str, Shared] = {
    "suffix": suffix,
    "network": network,
    "peering": peering,
    "cache-door": cache_door,
    "images": images,
    "code": code,
    "builder": builder,
    "storage-agent": storage_agent,
    "pubsub-agent": partial(agent, "pubsub"),
    "sqladmin-agent": partial(agent, "sqladmin"),
    "memorystore-agent": partial(agent, "memorystore"),
}
