"""Object storage on Google Cloud: a bucket, private, encrypted, under uniform access, and kept when the stack goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from glacier.errors import Diagnostic, Severity
from glacier.graph import Verb
from glacier.infra import Concat, Value
from glacier.resource import Resource, alike
from glacier.storage import ObjectStorage
from glacier.tables import Tables
from glacier.target import Site
from glacier.terms import KEEP_DATA, KEPT, Address, Grant, Made, Meter

from glacier_gcp.foundation import apis
from glacier_gcp.policy import folder_conditions, grant_member, key_use, writer

_TABLES = Tables("glacier_gcp")
_DAY = 86_400  # seconds, in which Cloud Storage counts
_GIBI = 1 << 30


@dataclass(frozen=True, eq=False)
class GCS(Resource):
    """A bucket on Cloud Storage.

    With ``bucket`` it has exactly that name; without, one made from the pipeline's. ``existing=True`` refers to a
    bucket that is already there, in the same project: access is granted on it, which takes uniform bucket-level access,
    and nothing about it is managed. ``location`` is a region, or several (``"EU"``, ``"NAM4"``). ``prefix`` is where in
    the bucket its datasets live. ``storage_class`` is the class of every new object. ``lifecycle_days`` deletes objects
    after so many days, ``retention_days`` lets nobody delete or replace one before, and ``soft_delete_days`` is how
    long a deleted one can be brought back (0: not at all). ``kms_key`` is the name of a key of yours, in the same
    location.
    """

    kind: ClassVar[str] = "object_storage"
    provider: ClassVar[str | None] = "gcp"
    named_by: ClassVar[str | None] = "bucket"
    placed_by: ClassVar[str | None] = "location"

    bucket: str | None = None
    location: str | None = None
    prefix: str = ""
    storage_class: str = "STANDARD"
    versioning: bool = False
    kms_key: str | None = None
    retention_days: int | None = None
    existing: bool = False
    lifecycle_days: int | None = None
    soft_delete_days: int = 7
    encryption: bool = True


PARTICULAR = GCS


def specialize(generic: ObjectStorage) -> GCS:
    """A bucket whose class fits how often it is read."""
    return replace(
        alike(generic, GCS), storage_class=_TABLES.choices["object_storage"]["access_pattern"][generic.access_pattern]
    )


def review(spec: GCS) -> Iterator[Diagnostic]:
    """What the fields mean together."""
    if not spec.encryption:
        note = "Cloud Storage encrypts every object; encryption=False changes nothing"
        yield Diagnostic(code="encryption", message=note, severity=Severity.NOTE)
    yield from _existing(spec)
    yield from _retention(spec)
    yield from _key(spec)
    if spec.prefix and (spec.prefix.startswith("/") or not spec.prefix.endswith("/")):
        help_ = f"prefix={spec.prefix.strip('/') + '/'!r}"
        yield Diagnostic(code="prefix", message=f"GCS.prefix = {spec.prefix!r} is no folder", help=help_)
    if 0 < spec.soft_delete_days < 7:
        yield Diagnostic(
            code="soft-delete",
            message=f"GCS.soft_delete_days = {spec.soft_delete_days} is too few: Cloud Storage takes 0, or 7 to 90",
            help="soft_delete_days=7, or 0 to delete for good at once",
        )


def prerequisites(spec: GCS) -> Iterator[str]:
    """What a bucket that is there already must be, for grants with a condition, and for guests all the more.

    cloud.google.com/iam/docs/conditions-overview (resource types);
    github.com/GoogleCloudPlatform/gcs-fuse-csi-driver/blob/main/docs/authentication.md (federated identities)
    """
    if spec.existing:
        yield (
            f"uniform bucket-level access on the bucket `{spec.bucket}`, where ACLs of objects then count no more:"
            f" `gcloud storage buckets update gs://{spec.bucket} --uniform-bucket-level-access`"
        )


def _existing(spec: GCS) -> Iterator[Diagnostic]:
    if spec.existing and spec.bucket is None:
        message = "GCS(existing=True) does not say which bucket"
        yield Diagnostic(code="existing", message=message, help="GCS('…', existing=True)")
    if spec.existing:
        for name in ("versioning", "kms_key", "retention_days", "lifecycle_days"):
            if getattr(spec, name):
                yield Diagnostic(
                    code="existing",
                    message=f"GCS(existing=True) manages nothing, so {name} has no effect",
                    severity=Severity.WARNING,
                    help="leave it out, or compile with --adopt to manage the bucket",
                )


def _key(spec: GCS) -> Iterator[Diagnostic]:
    """A key is where its bucket is (cloud.google.com/storage/docs/encryption/customer-managed-keys#key-resources)."""
    if spec.kms_key is None or spec.location is None:
        return
    beside: str = _TABLES.choices["object_storage"]["key_location"].get(spec.location, spec.location.lower())
    if f"/locations/{beside}/" not in spec.kms_key:
        yield Diagnostic(
            code="key",
            message=f"GCS(location={spec.location!r}, kms_key={spec.kms_key!r}): the key is not where the bucket is",
            help=f"a key of projects/…/locations/{beside}/…",
        )


def _retention(spec: GCS) -> Iterator[Diagnostic]:
    if spec.retention_days is None:
        return
    if spec.versioning:
        # cloud.google.com/storage/docs/bucket-lock: a bucket has one or the other.
        yield Diagnostic(
            code="retention",
            message="GCS(versioning=True, retention_days=…): Cloud Storage gives a bucket one or the other",
            help="versioning=False, or leave retention_days out",
        )
    if spec.lifecycle_days is not None and spec.lifecycle_days < spec.retention_days:
        yield Diagnostic(
            code="retention",
            message=f"objects stay {spec.retention_days} days, so lifecycle_days={spec.lifecycle_days} waits as long",
            severity=Severity.WARNING,
        )
    yield Diagnostic(
        code="retention",
        message=f"for {spec.retention_days} days nothing may replace an object, so a task that runs again fails",
        severity=Severity.WARNING,
        help="keep what tasks write in a bucket without retention_days",
    )


def emit(spec: GCS, site: Site) -> Iterator[Made]:
    """The bucket, which holds all its settings itself."""
    ready = apis(site, "storage")
    if spec.existing:
        return
    encryption: Value = None
    if spec.kms_key is not None:
        ready = (*ready, key_use(site, spec.kms_key, "storage-agent"))
        encryption = {"default_kms_key_name": spec.kms_key}
    retained = spec.retention_days
    yield site.node(
        "gcp.storage.Bucket",
        "bucket",
        {
            "name": spec.bucket,
            "location": (spec.location or site.target.region).upper(),
            "storage_class": spec.storage_class,
            "uniform_bucket_level_access": True,
            "public_access_prevention": "enforced",
            "versioning": {"enabled": True} if spec.versioning else None,
            "lifecycle_rules": _lifecycle(spec),
            "retention_policy": {"retention_period": str(retained * _DAY)} if retained is not None else None,
            "soft_delete_policy": {"retention_duration_seconds": spec.soft_delete_days * _DAY},
            "encryption": encryption,
            "force_destroy": KEEP_DATA.opposite(),
        },
        main=True,
        options=replace(KEPT, depends_on=ready, import_=spec.bucket if site.draft.adopt else None),
    )


def grant(spec: GCS, grant: Grant, site: Site) -> Iterator[Made]:
    """Read or write of some folders, and of nothing else in the bucket."""
    bucket = _name(spec, site)
    reads = grant.verb is Verb.READ
    role: Value = "roles/storage.objectViewer" if reads else writer(site)
    paths = [f"{spec.prefix}{path}" for path in grant.paths]
    for number, condition in enumerate(folder_conditions(bucket, paths, listing=reads), 1):
        yield grant_member(
            site,
            grant,
            "gcp.storage.BucketIAMMember",
            {"bucket": bucket, "role": role},
            condition=condition,
            part="" if number == 1 else str(number),
        )


def address(spec: GCS, site: Site) -> Address:
    """``gs://bucket/prefix``; the class is the bucket's own, so objects are written without one."""
    return Address(url=Concat(("gs://", _name(spec, site), f"/{spec.prefix}")))


def meters(spec: GCS, stored_bytes: int | None) -> Iterator[Meter]:
    """Storage by class and by location, and requests."""
    where = spec.location or ""
    several = f".{where.upper()}" if where and where not in _TABLES.regions else ""
    gibibytes = None if stored_bytes is None else stored_bytes / _GIBI
    yield Meter(item=f"object_storage.storage.{spec.storage_class}{several}", quantity=gibibytes, of="GiB kept")
    yield Meter(item=f"object_storage.write_request.{spec.storage_class}", quantity=None, of="objects written")
    yield Meter(item=f"object_storage.read_request.{spec.storage_class}", quantity=None, of="objects read")


def _name(spec: GCS, site: Site) -> Value:
    return spec.bucket if spec.existing else site.ref("bucket", "name")


def _lifecycle(spec: GCS) -> list[Value]:
    """Removes what an interrupted upload left, and deletes after ``lifecycle_days``, former versions included."""
    folder: dict[str, Any] = {"matches_prefixes": [spec.prefix]} if spec.prefix else {}
    rules: list[Value] = [{"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": 7, **folder}}]
    if spec.lifecycle_days is not None:
        rules.append({"action": {"type": "Delete"}, "condition": {"age": spec.lifecycle_days, **folder}})
        if spec.versioning:
            former = {"days_since_noncurrent_time": spec.lifecycle_days, **folder}
            rules.append({"action": {"type": "Delete"}, "condition": former})
    return rules
