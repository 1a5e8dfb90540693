"""Databases on Azure: a flexible server of PostgreSQL in the network, without any password, and kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from glacier.errors import Diagnostic
from glacier.infra import Concat, Options, Value
from glacier.resource import Resource
from glacier.storage import Database
from glacier.tables import Tables
from glacier.target import Site
from glacier.terms import KEPT, Address, Grant, Made, Meter, Unsupported

from glacier_azure.foundation import door, resource
from glacier_azure.roles import owner_of

_TABLES = Tables("glacier_azure")
_PORT = 5432
_MONTH = 730  # hours, as Azure counts them
_TIERS = {"B": "Burstable", "D": "GeneralPurpose", "E": "MemoryOptimized"}


@dataclass(frozen=True, eq=False)
class PostgresFlexible(Resource):
    """A flexible server of Azure Database for PostgreSQL, reached from inside the pipeline's network only.

    With ``name`` the server has exactly that name; without, one made from the pipeline's. ``sku`` is its size
    (``Standard_B1ms``, ``Standard_D2ds_v5``, …); ``storage_gb`` is in GiB and comes in steps, to which it is rounded
    up. ``high_availability`` keeps a standby in another zone, ``backup_days`` the backups. ``database`` is the
    database's own name.

    Nobody has a password: signing in with one is switched off, and each task signs in as its own identity
    (learn.microsoft.com/azure/postgresql/flexible-server/concepts-azure-ad-authentication). Azure can make an identity
    an administrator and nothing less, since roles inside the database would take SQL while deploying: every task that
    reads or writes may do both, in all of it.
    """

    kind: ClassVar[str] = "database"
    provider: ClassVar[str | None] = "azure"
    named_by: ClassVar[str | None] = "name"

    name: str | None = None
    sku: str = "Standard_B1ms"
    storage_gb: int = 32
    version: str = "17"
    high_availability: bool = False
    backup_days: int = 7
    database: str = "glacier"


PARTICULAR = PostgresFlexible


def specialize(generic: Database) -> PostgresFlexible | Unsupported:
    """A server of the size that a word stands for; MySQL's takes a password that nobody could keep from the tasks."""
    if generic.engine != "postgres":
        return Unsupported(
            f"Glacier makes no server of {generic.engine} there: Azure's cannot do without a password",
            "engine='postgres'; or compile the dataset to AWS (RDS) or Google Cloud (CloudSQL), which have it",
        )
    sizes: Mapping[str, str] = _TABLES.choices["database"]["size"]
    return PostgresFlexible(sku=sizes[generic.size], storage_gb=generic.storage_gb)


def review(spec: PostgresFlexible) -> Iterator[Diagnostic]:
    """Burstable servers have no standby."""
    if spec.high_availability and _tier(spec) == "Burstable":
        yield Diagnostic(
            code="availability",
            message=f"{spec.sku} is a burstable size, which can have no standby",
            help="sku='Standard_D2ds_v5', or high_availability=False",
        )


def emit(spec: PostgresFlexible, site: Site) -> Iterator[Made]:
    """The server, its door in the network, and the database in it."""
    tenant = site.shared("subscription")["client"]["tenant_id"]
    server = resource(
        site,
        "azure.dbforpostgresql.Server",
        "server",
        {
            "server_name": spec.name,
            "version": spec.version,
            "sku": {"name": spec.sku, "tier": _tier(spec)},
            "storage": {"storage_size_gb": spec.storage_gb},
            "backup": {"backup_retention_days": spec.backup_days, "geo_redundant_backup": "Disabled"},
            "high_availability": {"mode": "ZoneRedundant" if spec.high_availability else "Disabled"},
            "auth_config": {"active_directory_auth": "Enabled", "password_auth": "Disabled", "tenant_id": tenant},
            "network": {"public_network_access": "Disabled"},
        },
        main=True,
        options=KEPT,
    )
    yield server
    yield resource(
        site,
        "azure.dbforpostgresql.Database",
        "database",
        {
            "server_name": server["name"],
            "database_name": spec.database,
            "charset": "UTF8",
            "collation": "en_US.utf8",
        },
        tagged=False,
        options=KEPT,
    )
    yield from door(site, server["id"], "postgresqlServer", "postgres_zone")


def grant(spec: PostgresFlexible, grant: Grant, site: Site) -> Iterator[Made]:
    """The task's identity as an administrator, once, however many ways it uses the database; see the class for why."""
    made, task = site.draft.made, owner_of(site, grant)
    part = f"uses-{site.owner}"
    if (part, task.owner) in made:
        return
    # A server takes one such change at a time.
    before = made.get((site.owner, "administrators"))
    inputs: dict[str, Value] = {
        "server_name": site.ref("server", "name"),
        "object_id": grant.who.id,
        "principal_name": task.ref("identity", "name"),
        "principal_type": "servicePrincipal",
        "tenant_id": site.shared("subscription")["client"]["tenant_id"],
    }
    administrator = resource(
        task,
        "azure.dbforpostgresql.Administrator",
        part,
        inputs,
        tagged=False,
        options=Options(depends_on=(before or site.ref("database"),)),
    )
    made[part, task.owner] = made[site.owner, "administrators"] = administrator.ref
    yield administrator


def address(spec: PostgresFlexible, site: Site) -> Address:
    """``postgres://HOST:5432/DATABASE?auth=entra``.

    A task signs in as ``GLACIER_IDENTITY``, with a token of the identity ``AZURE_CLIENT_ID`` for
    ``https://ossrdbms-aad.database.windows.net`` in place of a password, and over TLS. The server's certificate is made
    out to its name, by authorities that everybody trusts (learn.microsoft.com/azure/postgresql/security/security-tls).
    """
    host = site.ref("server", "fully_qualified_domain_name")
    return Address(url=Concat(("postgres://", host, f":{_PORT}/{spec.database}?auth=entra")), network=True)


def meters(spec: PostgresFlexible, stored_bytes: int | None) -> Iterator[Meter]:
    """The server and its disk for every hour, twice with a standby."""
    machines = 2 if spec.high_availability else 1
    yield Meter(item=f"postgres.instance.{spec.sku.removeprefix('Standard_')}", quantity=_MONTH * machines)
    yield Meter(item="postgres.storage", quantity=spec.storage_gb * machines)


def _tier(spec: PostgresFlexible) -> str:
    return _TIERS.get(spec.sku.removeprefix("Standard_")[:1], "GeneralPurpose")
