"""Document databases on Azure: a Cosmos DB account in the network, without any key, and kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from glacier.graph import Verb
from glacier.infra import Concat, Enum, Value
from glacier.resource import Resource
from glacier.storage import Database
from glacier.tables import Tables
from glacier.target import Site
from glacier.terms import KEPT, Address, Grant, Made, Meter, Unsupported

from glacier_azure.foundation import door, resource
from glacier_azure.roles import owner_of, part_of

_TABLES = Tables("glacier_azure")
_PARTITION = "/dataset"  # each dataset's items are a partition of their own
_ROLES = {Verb.READ: "Cosmos DB Built-in Data Reader", Verb.WRITE: "Cosmos DB Built-in Data Contributor"}


@dataclass(frozen=True, eq=False)
class CosmosDB(Resource):
    """A serverless Cosmos DB account for documents (API for NoSQL), reached from inside the pipeline's network only.

    With ``account`` it has exactly that name; without, one made from the pipeline's. ``database`` and ``container``
    are what the documents are in: those of one dataset share a partition. ``consistency`` is how soon a reader sees
    what was written (learn.microsoft.com/azure/cosmos-db/consistency-levels). ``ttl_days`` deletes documents after so
    many days.

    Keys are switched off: each task's identity may read, or read and write, the container; a role that only writes is
    not built in, and none can be narrowed to one dataset.
    """

    kind: ClassVar[str] = "database"
    provider: ClassVar[str | None] = "azure"
    named_by: ClassVar[str | None] = "account"

    account: str | None = None
    database: str = "glacier"
    container: str = "data"
    consistency: str = "Session"
    ttl_days: int | None = None


PARTICULAR = CosmosDB


def specialize(generic: Database) -> Unsupported:
    """Nothing: a generic database holds tables, and is a PostgreSQL."""
    return Unsupported("a generic database holds tables", "write CosmosDB(…) for documents")


def emit(spec: CosmosDB, site: Site) -> Iterator[Made]:
    """The account, the database and the container in it, and its door in the network."""
    account = resource(
        site,
        "azure.cosmosdb.DatabaseAccount",
        "account",
        {
            "account_name": spec.account,
            "database_account_offer_type": Enum("azure.cosmosdb.DatabaseAccountOfferType", "Standard"),
            "kind": "GlobalDocumentDB",
            "locations": [{"location_name": site.target.location, "failover_priority": 0}],
            "capabilities": [{"name": "EnableServerless"}],
            "consistency_policy": {
                "default_consistency_level": Enum("azure.cosmosdb.DefaultConsistencyLevel", spec.consistency)
            },
            "disable_local_auth": True,
            "disable_key_based_metadata_write_access": True,
            "minimal_tls_version": "Tls12",
            "public_network_access": "Disabled",
        },
        main=True,
        options=KEPT,
    )
    yield account
    inside: dict[str, Value] = {"account_name": account["name"]}
    database = resource(
        site,
        "azure.cosmosdb.SqlResourceSqlDatabase",
        "database",
        {**inside, "database_name": spec.database, "resource": {"id": spec.database}},
        options=KEPT,
    )
    yield database
    partition: Value = {"paths": [_PARTITION], "kind": "Hash"}
    documents: dict[str, Value] = {"id": spec.container, "partition_key": partition}
    if spec.ttl_days is not None:
        documents["default_ttl"] = spec.ttl_days * 86_400
    yield resource(
        site,
        "azure.cosmosdb.SqlResourceSqlContainer",
        "container",
        {
            **inside,
            "database_name": database["name"],
            "container_name": spec.container,
            "resource": documents,
        },
        options=KEPT,
    )
    yield from door(site, account["id"], "Sql", "cosmos_zone")


def grant(spec: CosmosDB, grant: Grant, site: Site) -> Iterator[Made]:
    """Reading, or reading and writing, the container."""
    task, part = owner_of(site, grant), part_of(site, grant)
    # Cosmos DB keeps its roles to itself, and wants a GUID for the name of each assignment.
    name = task.node("random.RandomUuid", f"{part}-id", {})
    yield name
    account = site.ref("account", "id")
    role = _TABLES.raw("roles")["cosmos"][_ROLES[grant.verb]]["id"]
    yield resource(
        task,
        "azure.cosmosdb.SqlResourceSqlRoleAssignment",
        part,
        {
            "account_name": site.ref("account", "name"),
            "role_assignment_id": name["result"],
            "principal_id": grant.who.id,
            "role_definition_id": Concat((account, f"/sqlRoleDefinitions/{role}")),
            "scope": Concat((account, f"/dbs/{spec.database}/colls/{spec.container}")),
        },
        tagged=False,
    )


def address(spec: CosmosDB, site: Site) -> Address:
    """``cosmosdb://HOST/DATABASE/CONTAINER``: a dataset's documents have its path in the field ``dataset``."""
    host = Concat((site.ref("account", "name"), ".documents.azure.com"))
    return Address(url=Concat(("cosmosdb://", host, f"/{spec.database}/{spec.container}")), network=True)


def meters(spec: CosmosDB, stored_bytes: int | None) -> Iterator[Meter]:
    """Documents kept, and requests in request units."""
    gigabytes = None if stored_bytes is None else stored_bytes / 1e9
    yield Meter(item="cosmos.serverless.storage", quantity=gigabytes, of="GB kept")
    yield Meter(item="cosmos.serverless.requests", quantity=None, of="request units")
