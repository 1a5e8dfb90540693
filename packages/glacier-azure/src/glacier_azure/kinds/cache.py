"""Caches on Azure: an Azure Managed Redis in the network, TLS only, without any key, and kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from glacier.infra import Concat, Options
from glacier.resource import Resource
from glacier.storage import Cache
from glacier.tables import Tables
from glacier.target import Site
from glacier.terms import KEPT, Address, Grant, Made, Meter, Unsupported

from glacier_azure.foundation import door, resource
from glacier_azure.roles import owner_of

_TABLES = Tables("glacier_azure")
_PORT = 10_000
_MONTH = 730  # hours, as Azure counts them


@dataclass(frozen=True, eq=False)
class ManagedRedis(Resource):
    """A cache on Azure Managed Redis, reached from inside the pipeline's network only.

    With ``name`` it has exactly that name; without, one made from the pipeline's. ``sku`` is its size
    (``Balanced_B0`` holds 0.5 GB, ``Balanced_B1`` 1 GB, …). ``high_availability`` keeps a second copy of everything.
    ``eviction`` is what makes room when it is full: nothing (``NoEviction``), or what was not used for longest
    (``AllKeysLRU``, …).

    Keys that open it are switched off: each task signs in as its own identity, which may do everything, since Azure
    has no other policy for it (learn.microsoft.com/azure/redis/entra-for-authentication).
    """

    kind: ClassVar[str] = "cache"
    provider: ClassVar[str | None] = "azure"
    named_by: ClassVar[str | None] = "name"

    name: str | None = None
    sku: str = "Balanced_B0"
    high_availability: bool = False
    eviction: str = "NoEviction"


PARTICULAR = ManagedRedis


def specialize(generic: Cache) -> ManagedRedis | Unsupported:
    """The smallest size that holds so much data."""
    sizes: Mapping[str, int] = _TABLES.choices["cache"]["size_mb"]
    for sku, size in sizes.items():
        if size >= generic.size_mb:
            return ManagedRedis(sku=sku)
    most = max(sizes.values())
    return Unsupported(f"the largest cache there holds {most} MiB, not {generic.size_mb}", f"size_mb={most}, or less")


def emit(spec: ManagedRedis, site: Site) -> Iterator[Made]:
    """The cluster, the one database in it, and its door in the network."""
    cluster = resource(
        site,
        "azure.redisenterprise.RedisEnterprise",
        "cluster",
        {
            "cluster_name": spec.name,
            "sku": {"name": spec.sku},
            "minimum_tls_version": "1.2",
            "high_availability": "Enabled" if spec.high_availability else "Disabled",
            "public_network_access": "Disabled",
        },
        main=True,
        options=KEPT,
    )
    yield cluster
    yield resource(
        site,
        "azure.redisenterprise.Database",
        "database",
        {
            "cluster_name": cluster["name"],
            "database_name": "default",
            "port": _PORT,
            "client_protocol": "Encrypted",
            "clustering_policy": "EnterpriseCluster",  # one address for everything, which every client understands
            "eviction_policy": spec.eviction,
            "access_keys_authentication": "Disabled",
        },
        tagged=False,
        options=KEPT,
    )
    yield from door(site, cluster["id"], "redisEnterprise", "redis_zone")


def grant(spec: ManagedRedis, grant: Grant, site: Site) -> Iterator[Made]:
    """The task's identity as a user, once, however many ways it uses the cache; see the class for why."""
    made, task = site.draft.made, owner_of(site, grant)
    part = f"uses-{site.owner}"
    if (part, task.owner) in made:
        return
    # A database takes one such change at a time.
    before = made.get((site.owner, "users"), site.ref("database"))
    user = resource(
        task,
        "azure.redisenterprise.AccessPolicyAssignment",
        part,
        {
            "cluster_name": site.ref("cluster", "name"),
            "database_name": site.ref("database", "name"),
            "access_policy_name": "default",
            "user": {"object_id": grant.who.id},
        },
        tagged=False,
        options=Options(depends_on=(before,)),
    )
    made[part, task.owner] = made[site.owner, "users"] = user.ref
    yield user


def address(spec: ManagedRedis, site: Site) -> Address:
    """``rediss://HOST:10000/?auth=entra``.

    A task signs in as ``GLACIER_PRINCIPAL``, with a token of the identity ``AZURE_CLIENT_ID`` for
    ``https://redis.azure.com`` in place of a password. The certificate is made out to the cache's name, by authorities
    that everybody trusts (learn.microsoft.com/azure/security/fundamentals/azure-certificate-authority-details).
    """
    host = site.ref("cluster", "host_name")
    return Address(url=Concat(("rediss://", host, f":{_PORT}/?auth=entra")), network=True)


def meters(spec: ManagedRedis, stored_bytes: int | None) -> Iterator[Meter]:
    """The cluster for every hour, twice with a second copy."""
    yield Meter(item=f"cache.{spec.sku}", quantity=_MONTH * (2 if spec.high_availability else 1))
