"""Object storage on AWS: an S3 bucket, private, encrypted, TLS only, and kept when the stack goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar
from urllib.parse import urlencode

from glacier.errors import Diagnostic, Severity
from glacier.graph import Verb
from glacier.infra import Concat, Options, Value
from glacier.resource import Resource, alike
from glacier.storage import ObjectStorage
from glacier.tables import Tables
from glacier.target import Site
from glacier.terms import KEEP_DATA, KEPT, Address, Grant, Made, Meter

from glacier_aws.foundation import PRIVATE
from glacier_aws.policy import role_policy, statement, tls_only

_TABLES = Tables("glacier_aws")


@dataclass(frozen=True, eq=False)
class S3(Resource):
    """A bucket on S3.

    With ``bucket`` it has exactly that name; without, one made from the pipeline's. ``existing=True`` refers to a
    bucket that is already there: access is granted on it, and nothing about it is managed. ``prefix`` is where in
    the bucket its datasets live. ``storage_class`` is written with each object, and moved to by a lifecycle rule
    where one can (docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html).
    ``kms_key`` is the ARN of a key of yours; ``object_lock_enabled`` brings versioning with it.
    """

    kind: ClassVar[str] = "object_storage"
    provider: ClassVar[str | None] = "aws"
    named_by: ClassVar[str | None] = "bucket"
    placed_by: ClassVar[str | None] = "region"

    bucket: str | None = None
    region: str | None = None
    prefix: str = ""
    storage_class: str = "STANDARD"
    versioning: bool = False
    kms_key: str | None = None
    object_lock_enabled: bool = False
    existing: bool = False
    encryption: bool = True
    lifecycle_days: int | None = None


PARTICULAR = S3

# The bucket ARN, its objects and these classes can be reached from day 0; the others only after 30 days.
_MOVES_AFTER = {
    "STANDARD_IA": 30,
    "ONEZONE_IA": 30,
    "INTELLIGENT_TIERING": 0,
    "GLACIER_IR": 0,
    "GLACIER": 0,
    "DEEP_ARCHIVE": 0,
}


def specialize(generic: ObjectStorage) -> S3:
    """A bucket whose class fits how often it is read."""
    words = _TABLES.choices["object_storage"]["access_pattern"]
    return replace(alike(generic, S3), storage_class=words[generic.access_pattern])


def review(spec: S3) -> Iterator[Diagnostic]:
    """What the fields mean together."""
    if not spec.encryption:
        yield Diagnostic(
            code="encryption",
            message="S3 encrypts every object; encryption=False only leaves the setting out",
            severity=Severity.NOTE,
        )
    if spec.existing and spec.bucket is None:
        yield Diagnostic(
            code="existing", message="S3(existing=True) does not say which bucket", help="S3(bucket='…', existing=True)"
        )
    if spec.existing:
        managed = ("versioning", "object_lock_enabled", "lifecycle_days")
        for name in (name for name in managed if getattr(spec, name)):
            yield Diagnostic(
                code="existing",
                message=f"S3(existing=True) manages nothing, so {name} has no effect",
                severity=Severity.WARNING,
                help="leave it out, or compile with --adopt to manage the bucket",
            )
    if spec.prefix and (spec.prefix.startswith("/") or not spec.prefix.endswith("/")):
        yield Diagnostic(
            code="prefix",
            message=f"S3.prefix = {spec.prefix!r} is no folder",
            help=f"prefix={spec.prefix.strip('/') + '/'!r}",
        )


def emit(spec: S3, site: Site) -> Iterator[Made]:
    """The bucket and its settings, each a resource of its own, as the provider wants them since version 4."""
    if spec.existing:
        return
    region = spec.region if spec.region != site.target.region else None
    bucket = site.node(
        "aws.s3.Bucket",
        "bucket",
        {
            "bucket": spec.bucket,
            "object_lock_enabled": True if spec.object_lock_enabled else None,
            "force_destroy": KEEP_DATA.opposite(),
            "region": region,
        },
        main=True,
        options=Options(
            protect=KEPT.protect,
            retain_on_delete=KEPT.retain_on_delete,
            import_=spec.bucket if site.draft.adopt else None,
        ),
    )
    yield bucket
    of_bucket: dict[str, Value] = {"bucket": bucket["bucket"], "region": region}
    privacy = site.node(
        "aws.s3.BucketPublicAccessBlock",
        "privacy",
        {**of_bucket, **PRIVATE},
    )
    yield privacy
    yield site.node(
        "aws.s3.BucketOwnershipControls",
        "ownership",
        {**of_bucket, "rule": {"object_ownership": "BucketOwnerEnforced"}},
    )
    if spec.encryption or spec.kms_key:
        yield site.node(
            "aws.s3.BucketServerSideEncryptionConfiguration", "encryption", {**of_bucket, "rules": [_encryption(spec)]}
        )
    ready = [privacy.ref]
    if spec.versioning or spec.object_lock_enabled:
        versioning = site.node(
            "aws.s3.BucketVersioning", "versioning", {**of_bucket, "versioning_configuration": {"status": "Enabled"}}
        )
        yield versioning
        ready.append(versioning.ref)
    yield site.node(
        "aws.s3.BucketLifecycleConfiguration",
        "lifecycle",
        {**of_bucket, "rules": [_lifecycle(spec)]},
        options=Options(depends_on=tuple(ready[1:])),
    )
    yield site.node(
        "aws.s3.BucketPolicy",
        "policy",
        {**of_bucket, "policy": tls_only("s3", [bucket["arn"], Concat((bucket["arn"], "/*"))])},
        options=Options(depends_on=(privacy.ref,)),
    )


def grant(spec: S3, grant: Grant, site: Site) -> Iterator[Made]:
    """Read or write of some folders, and of nothing else in the bucket."""
    arn = _arn(spec, site)
    folders = [f"{spec.prefix}{path}" + ("*" if path.endswith("/") else "") for path in grant.paths]
    objects: list[Value] = [Concat((arn, f"/{folder}")) for folder in folders]
    if grant.verb is Verb.READ:
        statements = [
            statement(["s3:GetObject"], objects),
            statement(["s3:ListBucket"], [arn], {"StringLike": {"s3:prefix": list(folders)}}),
        ]
    else:
        statements = [statement(["s3:PutObject", "s3:AbortMultipartUpload"], objects)]
    if spec.kms_key is not None:
        # Writing in parts decrypts the parts to join them
        # (docs.aws.amazon.com/AmazonS3/latest/userguide/mpuAndPermissions.html).
        actions = ["kms:Decrypt"] if grant.verb is Verb.READ else ["kms:Decrypt", "kms:GenerateDataKey"]
        statements.append(statement(actions, [spec.kms_key]))
    yield role_policy(site, grant, *statements)


def address(spec: S3, site: Site) -> Address:
    """``s3://bucket/prefix?region=…``, with the class each object is written in."""
    options = {"region": spec.region or site.target.region}
    if spec.storage_class != "STANDARD":
        options["storage_class"] = spec.storage_class
    name: Value = spec.bucket if spec.existing else site.ref("bucket", "bucket")
    return Address(url=Concat(("s3://", name, f"/{spec.prefix}?{urlencode(options)}")))


def meters(spec: S3, stored_bytes: int | None) -> Iterator[Meter]:
    """Storage by class, and requests."""
    gigabytes = None if stored_bytes is None else stored_bytes / 1e9
    yield Meter(item=f"object_storage.storage.{spec.storage_class}", quantity=gigabytes, of="GB kept")
    yield Meter(item=f"object_storage.write_request.{spec.storage_class}", quantity=None, of="objects written")
    yield Meter(item=f"object_storage.read_request.{spec.storage_class}", quantity=None, of="objects read")


def _arn(spec: S3, site: Site) -> Value:
    return f"arn:aws:s3:::{spec.bucket}" if spec.existing else site.ref("bucket", "arn")


def _encryption(spec: S3) -> Value:
    if spec.kms_key is None:
        return {"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}
    by_key: Value = {"sse_algorithm": "aws:kms", "kms_master_key_id": spec.kms_key}
    return {"apply_server_side_encryption_by_default": by_key, "bucket_key_enabled": True}


def _lifecycle(spec: S3) -> Value:
    """Removes what an interrupted upload left; moves to the storage class; deletes after ``lifecycle_days``."""
    rule: dict[str, Value] = {
        "id": "glacier",
        "status": "Enabled",
        "filter": {"prefix": spec.prefix},
        "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
    }
    moves_after = _MOVES_AFTER.get(spec.storage_class)
    if moves_after is not None and (spec.lifecycle_days is None or spec.lifecycle_days > moves_after):
        rule["transitions"] = [{"days": moves_after, "storage_class": spec.storage_class}]
    if spec.lifecycle_days is not None:
        rule["expiration"] = {"days": spec.lifecycle_days}
        if spec.versioning or spec.object_lock_enabled:
            rule["noncurrent_version_expiration"] = {"noncurrent_days": spec.lifecycle_days}
    return rule
