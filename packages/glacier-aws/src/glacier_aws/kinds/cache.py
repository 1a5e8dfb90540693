"""Caches on AWS: a serverless ElastiCache in the network, encrypted, TLS only, without any password, and kept."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from glacier.graph import Verb
from glacier.infra import Concat, Options
from glacier.resource import Resource
from glacier.storage import Cache
from glacier.target import Site
from glacier.terms import KEPT, Address, Grant, Made, Meter

from glacier_aws.foundation import HELD, door, way
from glacier_aws.policy import role_policy, statement

_ENGINE = "valkey"
_PORT = 6379  # and, for reading from a replica, the next one
_MONTH = 730  # hours, as AWS counts them

# What finds the node that has a key, which every client of a serverless cache needs; then what reads, what writes.
_FINDING = ("+ping", "+command", "+cluster|slots", "+cluster|shards")
_READING = ("+get", "+getrange", "+strlen", "+exists", "+ttl", "+pttl")
_WRITING = ("+set", "+setrange", "+append", "+del", "+unlink", "+expire", "+pexpire")
_VERBS = {Verb.READ: ("reads", _READING), Verb.WRITE: ("writes", _WRITING)}


@dataclass(frozen=True, eq=False)
class ElastiCache(Resource):
    """A serverless cache on ElastiCache, of the engine Valkey, reached from inside the pipeline's network only.

    With ``name`` it has exactly that name; without, one made from the pipeline's. ``max_gb`` is the most data it may
    hold, in GB: a write that does not fit is refused, unless something that expires makes room. ``engine_version`` is
    Valkey's major version. ``snapshot_days`` keeps daily snapshots. ``kms_key`` is the ARN of a key of yours; without,
    AWS's own encrypts it.

    Nobody has a password: each task signs in as users of its own, which may read or write its datasets' keys
    (docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth-iam.html).
    """

    kind: ClassVar[str] = "cache"
    provider: ClassVar[str | None] = "aws"
    named_by: ClassVar[str | None] = "name"

    name: str | None = None
    max_gb: int = 1
    engine_version: str = "8"
    snapshot_days: int = 0
    kms_key: str | None = None


PARTICULAR = ElastiCache


def specialize(generic: Cache) -> ElastiCache:
    """A cache for at least as much data; AWS counts in whole GB."""
    return ElastiCache(max_gb=math.ceil(generic.size_mb / 1024))


def emit(spec: ElastiCache, site: Site) -> Iterator[Made]:
    """The cache, in two private subnets, with a security group and a group of users of its own."""
    network = site.shared("network")
    ports = (_PORT, _PORT + 1)
    group, ingress = door(site, "The cache", ports, HELD)
    yield from (group, ingress)
    yield way(site, group, "The cache", ports)
    # Users have one name in the whole account, and Pulumi makes none up for them: the security group's id is one that
    # no other stack has. A Valkey group needs no user called "default", and without one nobody gets in unnamed.
    users = site.node(
        "aws.elasticache.UserGroup",
        "users",
        {"engine": _ENGINE, "user_group_id": group["id"]},
        options=Options(retain_on_delete=HELD.retain_on_delete, ignore_changes=("user_ids",)),
        comment="Each task's users are added below, by associations.",
    )
    yield users
    yield site.node(
        "aws.elasticache.ServerlessCache",
        "cache",
        {
            "name": spec.name,
            "engine": _ENGINE,
            "major_engine_version": spec.engine_version,
            "cache_usage_limits": {"data_storage": {"maximum": spec.max_gb, "unit": "GB"}},
            "subnet_ids": [network["private_a"]["id"], network["private_b"]["id"]],
            "security_group_ids": [group["id"]],
            "user_group_id": users["user_group_id"],
            "kms_key_id": spec.kms_key,
            "snapshot_retention_limit": spec.snapshot_days or None,
        },
        main=True,
        options=KEPT,
    )


def grant(spec: ElastiCache, grant: Grant, site: Site) -> Iterator[Made]:
    """A user that may do only this, with only these keys; and that the task, and nobody else, may sign in as it."""
    verb, commands = _VERBS[grant.verb]
    task = Site(site.draft, grant.who.owner)
    # With the group's 20 characters, never more than the 40 that a user's name may have. A user who signs in through
    # IAM must have its id for a name.
    digest = hashlib.sha256(grant.who.owner.encode()).hexdigest()[:12]
    name = Concat((site.ref("group", "id"), f"-{verb}-{digest}"))
    user = task.node(
        "aws.elasticache.User",
        f"{verb}-{site.owner}-user",
        {
            "engine": _ENGINE,
            "user_id": name,
            "user_name": name,
            "authentication_mode": {"type": "iam"},
            "access_string": " ".join(("on", *_keys(grant.paths), "-@all", *_FINDING, *commands)),
        },
    )
    yield user
    yield task.node(
        "aws.elasticache.UserGroupAssociation",
        f"{verb}-{site.owner}-member",
        {"user_group_id": site.ref("users", "user_group_id"), "user_id": user["user_id"]},
    )
    yield role_policy(site, grant, statement(["elasticache:Connect"], [site.ref("cache", "arn"), user["arn"]]))


def address(spec: ElastiCache, site: Site) -> Address:
    """``valkeys://HOST:6379/?cache=NAME&region=REGION&users=ID``.

    A task signs in for reading as ``ID-reads-`` and for writing as ``ID-writes-``, each followed by the first twelve
    digits of the SHA-256 of its name as a slug. The certificate is made out to the cache's name, by an authority that
    everybody trusts (docs.aws.amazon.com/AmazonElastiCache/latest/dg/connect-tls.html: no client is given one).
    """
    host, name, users = site.ref("cache", "endpoints", 0, "address"), site.ref("cache", "name"), site.ref("group", "id")
    region = f"&region={site.target.region}&users="
    return Address(url=Concat(("valkeys://", host, f":{_PORT}/?cache=", name, region, users)), network=True)


def meters(spec: ElastiCache, stored_bytes: int | None) -> Iterator[Meter]:
    """Data for as long as it is kept, and requests by the kilobyte."""
    hours = None if stored_bytes is None else stored_bytes / 1e9 * _MONTH
    yield Meter(item=f"cache.{_ENGINE}.storage", quantity=hours, of="GB kept")
    yield Meter(item=f"cache.{_ENGINE}.requests", quantity=None, of="KB read and written")


def _keys(paths: Sequence[str]) -> Iterator[str]:
    """What an access string calls these keys: all that begin with a folder's name, or just the one.

    Neither a space nor a character with a meaning of its own can stand in it; each is said as "any one byte".
    """
    for path in paths:
        plain = "".join(c if c.isascii() and (c.isalnum() or c in "._-/:") else "?" * len(c.encode()) for c in path)
        yield f"~{plain}{'*' if path.endswith('/') else ''}"
