"""Databases on AWS: an RDS instance in the network, encrypted, TLS only, with a password nobody sees, and kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from glacier.errors import Diagnostic
from glacier.infra import Concat, Node
from glacier.resource import Resource
from glacier.storage import Database
from glacier.tables import Tables
from glacier.target import Site
from glacier.terms import KEEP_DATA, KEPT, Address, Grant, Made, Meter, Unsupported

from glacier_aws.foundation import HELD, door, way
from glacier_aws.policy import role_policy, statement

_TABLES = Tables("glacier_aws")
_USER = "glacier"  # the name of the user that owns the tables
_MONTH = 730  # hours, as AWS counts them
_SECRET = ("master_user_secrets", 0, "secret_arn")
_AUTHORITY = "rds-ca-rsa2048-g1"  # of RDS's own, one in each region; the table has their roots


@dataclass(frozen=True, eq=False)
class RDS(Resource):
    """A database on RDS, reached from inside the pipeline's network only.

    ``storage_gb`` is in GiB. With ``identifier`` the instance has exactly that name; without, one made from the
    pipeline's. ``engine_version`` is a major version or an exact one (``"17"``, ``"17.4"``). ``multi_az`` keeps a
    standby in another zone, ``backup_days`` the daily backups. ``database`` is the database's own name. ``kms_key``
    is the ARN of a key of yours; without, AWS's key for RDS encrypts it.

    A task sends nothing before the instance has proven to be it, by a certificate that is made out to its endpoint and
    signed by RDS itself (docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL.Concepts.General.SSL.html).
    ``authority`` is, as PEM, what RDS signs with in a region that Glacier does not know of yet: the region's bundle.

    RDS makes the password and keeps it in Secrets Manager: it is in no program and no state. Every task that reads or
    writes may fetch the same secret, since roles of its own inside the database would take SQL while deploying.
    """

    kind: ClassVar[str] = "database"
    provider: ClassVar[str | None] = "aws"
    named_by: ClassVar[str | None] = "identifier"

    engine: str = "postgres"
    instance_class: str = "db.t4g.micro"
    storage_gb: int = 20
    identifier: str | None = None
    engine_version: str | None = None
    multi_az: bool = False
    backup_days: int = 7
    database: str = "glacier"
    kms_key: str | None = None
    authority: str | None = None


PARTICULAR = RDS


def specialize(generic: Database) -> RDS:
    """An instance of the class that a size stands for."""
    sizes: Mapping[str, str] = _TABLES.choices["database"]["size"]
    return RDS(engine=generic.engine, instance_class=sizes[generic.size], storage_gb=generic.storage_gb)


def review(spec: RDS) -> Iterator[Diagnostic]:
    """A version must be exact enough to tell the major one, by which the engine's settings go; PEM is a text."""
    engine = _engines().get(spec.engine)
    if engine is not None and len(_version(spec).split(".")) < engine["major"]:
        yield Diagnostic(
            code="version",
            message=f"RDS.engine_version = {spec.engine_version!r} does not say which major version of {spec.engine}",
            help=f"engine_version={engine['version']!r}",
        )
    if spec.authority is not None and "-----BEGIN CERTIFICATE-----" not in spec.authority:
        yield Diagnostic(
            code="authority",
            message="RDS.authority holds no certificate in PEM",
            help="the content of the file, and not its name: RDS(authority=Path('REGION-bundle.pem').read_text())",
        )


def emit(spec: RDS, site: Site) -> Iterator[Made]:
    """The instance, in two private subnets, with a security group and settings of its own."""
    network = site.shared("network")
    engine = _engines()[spec.engine]
    ports = (engine["port"], engine["port"])
    group, ingress = door(site, "The database", ports, HELD)
    yield from (group, ingress)
    yield way(site, group, "The database", ports)
    subnets = site.node(
        "aws.rds.SubnetGroup",
        "subnets",
        {"subnet_ids": [network["private_a"]["id"], network["private_b"]["id"]]},
        options=HELD,
    )
    yield subnets
    major = ".".join(_version(spec).split(".")[: engine["major"]])
    settings = site.node(
        "aws.rds.ParameterGroup",
        "settings",
        {"family": f"{spec.engine}{major}", "parameters": [engine["tls"]]},
        options=HELD,
    )
    yield settings
    yield _instance(spec, site, group, subnets, settings)


def _instance(spec: RDS, site: Site, group: Node, subnets: Node, settings: Node) -> Node:
    return site.node(
        "aws.rds.Instance",
        "instance",
        {
            "identifier": spec.identifier,
            "engine": spec.engine,
            "engine_version": _version(spec),
            "instance_class": spec.instance_class,
            "allocated_storage": spec.storage_gb,
            "storage_type": "gp3",
            "storage_encrypted": True,
            "kms_key_id": spec.kms_key,
            "db_name": spec.database,
            "username": _USER,
            "manage_master_user_password": True,
            "db_subnet_group_name": subnets["name"],
            "vpc_security_group_ids": [group["id"]],
            "parameter_group_name": settings["name"],
            # Tasks know this one alone (docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html).
            "ca_cert_identifier": _AUTHORITY,
            "publicly_accessible": False,
            "multi_az": spec.multi_az,
            "backup_retention_period": spec.backup_days,
            "copy_tags_to_snapshot": True,
            "deletion_protection": KEEP_DATA,
            "skip_final_snapshot": KEEP_DATA.opposite(),
            # A snapshot's name is taken once it is there; the group's id tells one stack's from another's.
            "final_snapshot_identifier": Concat((f"{site.name('aws.rds.Instance')}-final-", group["id"])),
        },
        main=True,
        options=KEPT,
    )


def grant(spec: RDS, grant: Grant, site: Site) -> Iterator[Made]:
    """The password, which is access to the whole database; see :class:`RDS` for why."""
    yield role_policy(site, grant, statement(["secretsmanager:GetSecretValue"], [site.ref("instance", *_SECRET)]))


def address(spec: RDS, site: Site) -> Address:
    """``postgres://HOST:PORT/DATABASE?secret=ARN``; the secret holds ``{"username": …, "password": …}``."""
    engine = _engines()[spec.engine]
    host, secret = site.ref("instance", "address"), site.ref("instance", *_SECRET)
    url = Concat((f"{spec.engine}://", host, f":{engine['port']}/{spec.database}?secret=", secret))
    roots: Mapping[str, str] = _TABLES.raw("authorities")["rds"]
    region: str = site.target.region
    authority = spec.authority or roots.get(region) or _unknown(region)
    return Address(url=url, network=True, door="secrets_endpoint", authority=authority)


def _unknown(region: str) -> Unsupported:
    return Unsupported(
        f"Glacier does not have the certificate of {_AUTHORITY} there, so no task could tell the database from another",
        f"RDS(authority=Path('{region}-bundle.pem').read_text()), with the file from"
        f" https://truststore.pki.rds.amazonaws.com/{region}/{region}-bundle.pem",
    )


def meters(spec: RDS, stored_bytes: int | None) -> Iterator[Meter]:
    """The instance and its disk for every hour, twice with a standby; and the secret."""
    machines = 2 if spec.multi_az else 1
    yield Meter(item=f"{spec.engine}.instance.{spec.instance_class}", quantity=_MONTH * machines)
    yield Meter(item=f"{spec.engine}.storage.gp3", quantity=spec.storage_gb * machines)
    yield Meter(item="secrets.secret", quantity=1)


def _engines() -> Mapping[str, Mapping[str, Any]]:
    engines: Mapping[str, Mapping[str, Any]] = _TABLES.choices["database"]["engine"]
    return engines


def _version(spec: RDS) -> str:
    return spec.engine_version or str(_engines()[spec.engine]["version"])
