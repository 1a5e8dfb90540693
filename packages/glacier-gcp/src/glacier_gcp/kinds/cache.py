"""Caches on Google Cloud: a Memorystore instance in the network, TLS only, without any password, and kept."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from glacier.errors import Diagnostic
from glacier.infra import Concat, Json
from glacier.resource import Resource
from glacier.storage import Cache
from glacier.tables import Tables
from glacier.target import Site
from glacier.terms import KEEP_DATA, KEPT, Address, Grant, Made, Meter

from glacier_gcp.foundation import apis, project, unique
from glacier_gcp.policy import grant_member, key_use

_TABLES = Tables("glacier_gcp")
_PORT = 6379
_MONTH = 730  # hours, as Google counts them
# An authority that signs for this instance alone, so that its word is enough, whatever address it has
# (docs.cloud.google.com/memorystore/docs/valkey/manage-in-transit-encryption).
_AUTHORITY = "GOOGLE_MANAGED_PER_INSTANCE_CA"
_HOST = ("endpoints", 0, "connections", 0, "psc_auto_connection", "ip_address")


@dataclass(frozen=True, eq=False)
class Memorystore(Resource):
    """A cache on Memorystore, of the engine Valkey, reached from inside the pipeline's network only.

    With ``instance_id`` it has exactly that name; without, one made from the pipeline's. ``node_type`` is the machine
    of each node, ``shard_count`` into how many the keys are divided (more than one with ``mode="CLUSTER"`` only), and
    ``replica_count`` how many copies each has. ``persistence_mode`` keeps data through a restart. ``kms_key`` is the
    name of a key of yours, in the same region.

    A task sends nothing before the instance has proven to be it, by the word of an authority that signs for no other.

    Nobody has a password: a task signs in as its own account. Google knows no right to some keys only, so that who may
    sign in may read and write all of them (cloud.google.com/memorystore/docs/valkey/about-iam-auth).
    """

    kind: ClassVar[str] = "cache"
    provider: ClassVar[str | None] = "gcp"
    named_by: ClassVar[str | None] = "instance_id"

    instance_id: str | None = None
    node_type: str = "SHARED_CORE_NANO"
    mode: str = "CLUSTER_DISABLED"
    shard_count: int = 1
    replica_count: int = 0
    engine_version: str = "VALKEY_8_0"
    persistence_mode: str = "DISABLED"
    kms_key: str | None = None


PARTICULAR = Memorystore


def specialize(generic: Cache) -> Memorystore:
    """The smallest machine that holds as much data, or several of the largest."""
    sizes: Mapping[str, int] = _TABLES.choices["cache"]["size_mb"]
    for node_type, holds in sizes.items():
        if holds >= generic.size_mb:
            return Memorystore(node_type=node_type)
    node_type, holds = list(sizes.items())[-1]
    return Memorystore(node_type=node_type, mode="CLUSTER", shard_count=math.ceil(generic.size_mb / holds))


def review(spec: Memorystore) -> Iterator[Diagnostic]:
    """Several shards are a cluster."""
    if spec.shard_count > 1 and spec.mode != "CLUSTER":
        yield Diagnostic(
            code="shards",
            message=f"Memorystore(shard_count={spec.shard_count}, mode={spec.mode!r}): only a cluster has several",
            help="mode='CLUSTER', or shard_count=1 with a larger node_type",
        )


def emit(spec: Memorystore, site: Site) -> Iterator[Made]:
    """The instance, with an address in the network."""
    ready = (*apis(site, "memorystore"), site.shared("cache-door")["policy"].ref)
    if spec.kms_key is not None:
        ready = (*ready, key_use(site, spec.kms_key, "memorystore-agent"))
    endpoint = {"network": site.shared("network")["net"]["id"], "project_id": project(site)}
    yield site.node(
        "gcp.memorystore.Instance",
        "instance",
        {
            "instance_id": spec.instance_id or unique(site, "gcp.memorystore.Instance"),
            "location": site.target.region,
            "node_type": spec.node_type,
            "mode": spec.mode,
            "shard_count": spec.shard_count,
            "replica_count": spec.replica_count,
            "engine_version": spec.engine_version,
            "persistence_config": {"mode": spec.persistence_mode},
            "authorization_mode": "IAM_AUTH",
            "transit_encryption_mode": "SERVER_AUTHENTICATION",
            "server_ca_mode": _AUTHORITY,
            "kms_key": spec.kms_key,
            "desired_auto_created_endpoints": [endpoint],
            "deletion_protection_enabled": KEEP_DATA,
        },
        main=True,
        options=replace(KEPT, depends_on=ready),
    )


def grant(spec: Memorystore, grant: Grant, site: Site) -> Iterator[Made]:
    """Signing in to this instance; see :class:`Memorystore` for what that gives."""
    place, name = site.ref("instance", "location"), site.ref("instance", "instance_id")
    ends = Concat(('resource.name.endsWith("/locations/', place, "/instances/", name, '")'))
    yield grant_member(
        site,
        grant,
        "gcp.projects.IAMMember",
        {"project": project(site), "role": "roles/memorystore.dbConnectionUser"},
        condition=ends,
        depends_on=apis(site, "cloudresourcemanager"),
    )


def address(spec: Memorystore, site: Site) -> Address:
    """``valkeys://HOST:6379/?iam=gcp&sslmode=verify-ca``, and ``&cluster=1`` for a cluster.

    A task's access token is its password. The instance has an authority of its own, which the program passes on: all of
    its certificates, since before one expires there are two.
    """
    cluster = "&cluster=1" if spec.mode == "CLUSTER" else ""
    url = Concat(("valkeys://", site.ref("instance", *_HOST), f":{_PORT}/?iam=gcp&sslmode=verify-ca{cluster}"))
    return Address(url=url, network=True, authority=Json(site.ref("instance", "managed_server_cas")))


def meters(spec: Memorystore, stored_bytes: int | None) -> Iterator[Meter]:
    """Every node for every hour."""
    nodes = spec.shard_count * (1 + spec.replica_count)
    yield Meter(item=f"cache.valkey.node.{spec.node_type}", quantity=nodes * _MONTH)
