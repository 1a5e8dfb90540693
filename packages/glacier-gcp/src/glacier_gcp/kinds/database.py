"""Databases on Google Cloud: a Cloud SQL instance in the network, TLS only, with its password kept apart, and kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from glacier.errors import Diagnostic
from glacier.infra import Concat, Json, Node, Value
from glacier.resource import Resource
from glacier.storage import Database
from glacier.tables import Tables, matches
from glacier.target import Site
from glacier.terms import KEEP_DATA, KEPT, Address, Grant, Made, Meter

from glacier_gcp.foundation import HELD, apis, labels, unique
from glacier_gcp.policy import grant_member, key_use

_TABLES = Tables("glacier_gcp")
_USER = "glacier"  # the name of the user that owns the tables
_MONTH = 730  # hours, as Google counts them
# An authority that signs for this instance alone, so that its word is enough: addresses are numbers, which are in no
# certificate of an instance in the network (cloud.google.com/sql/docs/postgres/authorize-ssl).
_AUTHORITY = "GOOGLE_MANAGED_INTERNAL_CA"


@dataclass(frozen=True, eq=False)
class CloudSQL(Resource):
    """A database on Cloud SQL, edition Enterprise, reached from inside the pipeline's network only.

    ``database_version`` is the engine with its major version, ``tier`` the machine, ``storage_gb`` the disk to start
    with, in GB. With ``name`` the instance has exactly that name, which stays taken for a week after the instance is
    gone; without, one made from the pipeline's. ``availability_type="REGIONAL"`` keeps a standby in another zone,
    ``backups`` is how many daily backups are kept (0: none are made). ``database`` is the database's own name.
    ``kms_key`` is the name of a key of yours, in the same region.

    A task sends nothing before the instance has proven to be it, by the word of an authority that signs for no other.

    The password is made up when deploying and kept in Secret Manager, and is secret in the stack's state. Every task
    that reads or writes may fetch the same one, since users of their own would take SQL while deploying.
    """

    kind: ClassVar[str] = "database"
    provider: ClassVar[str | None] = "gcp"
    named_by: ClassVar[str | None] = "name"

    database_version: str = "POSTGRES_17"
    tier: str = "db-g1-small"
    storage_gb: int = 20
    name: str | None = None
    availability_type: str = "ZONAL"
    backups: int = 7
    database: str = "glacier"
    kms_key: str | None = None


PARTICULAR = CloudSQL


def specialize(generic: Database) -> CloudSQL:
    """An instance of the machine that a size stands for."""
    chosen = _TABLES.choices["database"]
    return CloudSQL(
        database_version=chosen["engine"][generic.engine]["version"],
        tier=chosen["size"][generic.size],
        storage_gb=generic.storage_gb,
    )


def review(spec: CloudSQL) -> Iterator[Diagnostic]:
    """A standby lives on backups; a machine of one's own measure has so much memory for each processor."""
    if spec.availability_type == "REGIONAL" and spec.backups == 0:
        # cloud.google.com/sql/docs/postgres/high-availability
        message = "CloudSQL(availability_type='REGIONAL', backups=0): a standby takes backups"
        yield Diagnostic(code="backups", message=message, help="backups=7, or availability_type='ZONAL'")
    own = _own_measure(spec)
    if own is None:
        return
    processors, memory = own
    rule = _TABLES.choices["database"]["custom"]
    least = max(rule["least"], processors * rule["least_per_cpu"])
    most = processors * rule["most_per_cpu"]
    odd_processors = processors != 1 and processors % 2 == 1
    if odd_processors or processors > rule["cpus"] or memory % rule["step"] or not least <= memory <= most:
        fitting = min(max(-(-memory // rule["step"]) * rule["step"], least), most)
        yield Diagnostic(
            code="tier",
            message=f"CloudSQL.tier = {spec.tier!r} is no machine: it has 1 or an even number of CPUs up to"
            f" {rule['cpus']}, and {least:g} to {most:g} MiB in steps of {rule['step']}",
            help=f"tier='db-custom-{processors + odd_processors}-{fitting:g}'",
        )


def emit(spec: CloudSQL, site: Site) -> Iterator[Made]:
    """The instance, its database and its user, and the password where only tasks that may have it find it."""
    yield _instance(spec, site)
    instance = site.ref("instance", "name")
    # What belongs to an instance goes with it, and a user that owns tables cannot go before.
    with_it: dict[str, Value] = {"instance": instance, "deletion_policy": "ABANDON"}
    database = site.node("gcp.sql.Database", "database", {**with_it, "name": spec.database}, options=KEPT)
    password = site.node("random.RandomPassword", "password", {"length": 32, "special": False}, options=HELD)
    user = site.node("gcp.sql.User", "user", {**with_it, "name": _USER, "password": password["result"]}, options=HELD)
    yield from (database, password, user)
    secret = site.node(
        "gcp.secretmanager.Secret",
        "secret",
        {"secret_id": unique(site, "gcp.secretmanager.Secret"), "replication": {"auto": {}}},
        options=replace(HELD, depends_on=apis(site, "secretmanager")),
    )
    yield secret
    document = Json({"username": user["name"], "password": password["result"]})
    yield site.node(
        "gcp.secretmanager.SecretVersion", "version", {"secret": secret["id"], "secret_data": document}, options=HELD
    )


def _instance(spec: CloudSQL, site: Site) -> Node:
    engine = _engine(spec)
    ready = (*apis(site, "sqladmin"), site.shared("peering")["connection"].ref)
    if spec.kms_key is not None:
        ready = (*ready, key_use(site, spec.kms_key, "sqladmin-agent"))
    backed_up = spec.backups > 0
    backup: dict[str, Value] = {"enabled": backed_up}
    if backed_up:
        backup["backup_retention_settings"] = {"retained_backups": spec.backups}
        # What a standby and a return to any minute take (cloud.google.com/sql/docs/mysql/high-availability).
        backup[engine["log"]] = True
    return site.node(
        "gcp.sql.DatabaseInstance",
        "instance",
        {
            "name": spec.name,
            "region": site.target.region,
            "database_version": spec.database_version,
            "encryption_key_name": spec.kms_key,
            "deletion_protection": KEEP_DATA,
            "settings": {
                # Without a word newer versions come in the edition Enterprise Plus, which has none of these machines.
                "edition": "ENTERPRISE",
                "tier": spec.tier,
                "availability_type": spec.availability_type,
                "disk_size": spec.storage_gb,
                "disk_type": "PD_SSD",
                "disk_autoresize": True,
                "deletion_protection_enabled": KEEP_DATA,
                "user_labels": labels(site),  # which the provider's default labels do not reach
                "backup_configuration": backup,
                "ip_configuration": {
                    "ipv4_enabled": False,
                    "private_network": site.shared("network")["net"]["id"],
                    "ssl_mode": "ENCRYPTED_ONLY",
                    "server_ca_mode": _AUTHORITY,
                },
            },
        },
        main=True,
        options=replace(KEPT, depends_on=ready),
    )


def grant(spec: CloudSQL, grant: Grant, site: Site) -> Iterator[Made]:
    """The password, which is access to the whole database; see :class:`CloudSQL` for why."""
    yield grant_member(
        site,
        grant,
        "gcp.secretmanager.SecretIamMember",
        {"secret_id": site.ref("secret", "id"), "role": "roles/secretmanager.secretAccessor"},
        condition='resource.name.extract("/secrets/{name}/versions/") != ""',
    )


def address(spec: CloudSQL, site: Site) -> Address:
    """``postgres://HOST:PORT/DATABASE?sslmode=verify-ca&gcp_secret=projects/P/secrets/S``, and ``mysql://…`` alike.

    The secret's latest version holds ``{"username": …, "password": …}``. The instance has an authority of its own,
    which the program passes on.
    """
    engine = _engine(spec)
    host, secret = site.ref("instance", "private_ip_address"), site.ref("secret", "id")
    url = Concat(
        (f"{engine['name']}://", host, f":{engine['port']}/{spec.database}?sslmode=verify-ca&gcp_secret=", secret)
    )
    return Address(url=url, network=True, authority=site.ref("instance", "server_ca_certs", 0, "cert"))


def meters(spec: CloudSQL, stored_bytes: int | None) -> Iterator[Meter]:
    """The machine and its disk for every hour, twice with a standby; and the secret."""
    machines = 2 if spec.availability_type == "REGIONAL" else 1
    engine, own, hours = _engine(spec)["name"], _own_measure(spec), _MONTH * machines
    if own is None:
        yield Meter(item=f"{engine}.instance.{spec.tier}", quantity=hours)
    else:
        yield Meter(item=f"{engine}.vcpu.custom", quantity=own[0] * hours)
        yield Meter(item=f"{engine}.memory.custom", quantity=own[1] / 1024 * hours)
    yield Meter(item=f"{engine}.storage.ssd", quantity=spec.storage_gb * machines)
    yield Meter(item="secrets.secret", quantity=1)


def _engine(spec: CloudSQL) -> Mapping[str, Any]:
    engines: Mapping[str, Mapping[str, Any]] = _TABLES.choices["database"]["engine"]
    found = next(row for name, row in engines.items() if spec.database_version.startswith(name.upper()))
    return {"name": "mysql" if spec.database_version.startswith("MYSQL") else "postgres", **found}


def _own_measure(spec: CloudSQL) -> tuple[int, int] | None:
    """Processors, and memory in MiB, of a tier such as ``db-custom-2-7680``."""
    if not matches(r"db-custom-\d+-\d+", spec.tier):
        return None
    processors, memory = spec.tier.split("-")[2:]
    return int(processors), int(memory)
