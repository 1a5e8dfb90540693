"""Object storage on Azure: a container in a storage account of its own, private, encrypted, TLS only, and kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from glacier.errors import CompileError, Diagnostic, Severity
from glacier.graph import Verb
from glacier.infra import Concat, Enum, Node, Options, Value
from glacier.resource import Resource, alike
from glacier.storage import ObjectStorage
from glacier.tables import Tables
from glacier.target import Site
from glacier.terms import KEPT, Address, Grant, Made, Meter

from glacier_azure.foundation import account, resource
from glacier_azure.roles import grant_role, reading, writing

_SOFT_DELETE_DAYS = 7
_BY_OBJECT = "Archive"  # the one tier that an account cannot have: each object is written in it
_GROUPS = {"Hot": "Hot", "Cool": "Cool", "Cold": "Cold", _BY_OBJECT: "Hot"}

_TABLES = Tables("glacier_azure")


@dataclass(frozen=True, eq=False)
class BlobStorage(Resource):
    """A container on Blob Storage, in an account of its own: tier, versioning and encryption are an account's.

    With ``container`` and ``account`` they have exactly those names; without, ones made from the pipeline's.
    ``existing=True`` refers to a container that is already there, in the account and ``resource_group`` named: access
    is granted on it, and nothing about it is managed. ``prefix`` is where in the container its datasets live.
    ``tier`` is the account's own, or, for ``Archive``, written with each object
    (learn.microsoft.com/azure/storage/blobs/access-tiers-overview). ``redundancy`` is how copies are kept (``LRS``,
    ``ZRS``, ``GRS``, …). ``kms_key`` is the URL of a key of yours in a Key Vault, and ``kms_identity`` the id of a
    user-assigned identity that may use it. ``immutability_days`` is how long nobody can change what was written: not
    even a task that is tried again.

    What is deleted or overwritten can be brought back for seven days, and is billed until then.
    """

    kind: ClassVar[str] = "object_storage"
    provider: ClassVar[str | None] = "azure"
    named_by: ClassVar[str | None] = "container"

    container: str | None = None
    account: str | None = None
    resource_group: str | None = None
    prefix: str = ""
    tier: str = "Hot"
    redundancy: str = "LRS"
    versioning: bool = False
    kms_key: str | None = None
    kms_identity: str | None = None
    immutability_days: int | None = None
    existing: bool = False
    encryption: bool = True
    lifecycle_days: int | None = None


PARTICULAR = BlobStorage


def specialize(generic: ObjectStorage) -> BlobStorage:
    """A container whose tier fits how often it is read."""
    words = _TABLES.choices["object_storage"]["access_pattern"]
    return replace(alike(generic, BlobStorage), tier=words[generic.access_pattern])


def review(spec: BlobStorage) -> Iterator[Diagnostic]:
    """What the fields mean together."""
    if not spec.encryption:
        yield Diagnostic(
            code="encryption",
            message="Azure encrypts every object; encryption=False changes nothing",
            severity=Severity.NOTE,
        )
    if (spec.kms_key is None) != (spec.kms_identity is None):
        yield Diagnostic(
            code="encryption",
            message="BlobStorage.kms_key and kms_identity go together: the key, and who may use it",
            help="kms_identity is the id of a user-assigned identity with the role"
            " 'Key Vault Crypto Service Encryption User' on the vault",
        )
    if spec.prefix and (spec.prefix.startswith("/") or not spec.prefix.endswith("/")):
        fitting = spec.prefix.strip("/") + "/"
        yield Diagnostic(
            code="prefix", message=f"BlobStorage.prefix = {spec.prefix!r} is no folder", help=f"prefix={fitting!r}"
        )
    if spec.tier == _BY_OBJECT and spec.redundancy not in ("LRS", "GRS", "RAGRS"):
        yield Diagnostic(
            code="tier",
            message=f"the tier Archive is not there with redundancy={spec.redundancy!r}",
            help="redundancy='LRS', 'GRS' or 'RAGRS', or tier='Cold'",
        )
    yield from _review_existing(spec)
    yield from _review_immutable(spec)


def _review_existing(spec: BlobStorage) -> Iterator[Diagnostic]:
    if not spec.existing:
        if spec.resource_group is not None and spec.account is None:
            yield Diagnostic(
                code="existing",
                message="BlobStorage.resource_group says where an account is, and no account is named",
                help="BlobStorage(account='…', resource_group='…')",
            )
        return
    missing = [name for name in ("container", "account", "resource_group") if getattr(spec, name) is None]
    if missing:
        yield Diagnostic(
            code="existing",
            message=f"BlobStorage(existing=True) does not say its {', '.join(missing)}",
            help="BlobStorage('…', account='…', resource_group='…', existing=True)",
        )
    managed = ("versioning", "lifecycle_days", "immutability_days", "kms_key")
    for name in (name for name in managed if getattr(spec, name)):
        yield Diagnostic(
            code="existing",
            message=f"BlobStorage(existing=True) manages nothing, so {name} has no effect",
            severity=Severity.WARNING,
            help="leave it out, or compile with --adopt to manage the account",
        )


def _review_immutable(spec: BlobStorage) -> Iterator[Diagnostic]:
    if spec.immutability_days is None:
        return
    if spec.lifecycle_days is not None and spec.lifecycle_days <= spec.immutability_days:
        yield Diagnostic(
            code="immutability",
            message=f"objects cannot be deleted after {spec.lifecycle_days} days:"
            f" they are immutable for {spec.immutability_days}",
            help=f"lifecycle_days={spec.immutability_days + 1}, or more",
        )
    yield Diagnostic(
        code="immutability",
        message=f"what a task wrote cannot be written again for {spec.immutability_days} days, not even by another try",
        severity=Severity.WARNING,
        help="keep what tasks write in another storage, and copy there what must not change",
    )


def emit(spec: BlobStorage, site: Site) -> Iterator[Made]:
    """The account, its settings, and the container."""
    if spec.existing:
        return
    adopted = _adopted(spec, site)
    group: dict[str, Value] = {"resource_group_name": spec.resource_group} if spec.resource_group else {}
    holder = account(site, "account", group | _account(spec), _kept(adopted))
    yield holder
    inside: dict[str, Value] = {**group, "account_name": holder["name"]}
    undo: Value = {"enabled": True, "days": _SOFT_DELETE_DAYS}
    service = resource(
        site,
        "azure.storage.BlobServiceProperties",
        "service",
        {
            **inside,
            "blob_services_name": "default",
            "is_versioning_enabled": spec.versioning,
            "delete_retention_policy": undo,
            "container_delete_retention_policy": undo,
        },
        tagged=False,
    )
    yield service
    container = resource(
        site,
        "azure.storage.BlobContainer",
        "container",
        {**inside, "container_name": spec.container},
        tagged=False,
        options=_kept(f"{adopted}/blobServices/default/containers/{spec.container}" if adopted else None),
    )
    yield container
    if spec.lifecycle_days is not None:
        yield resource(
            site,
            "azure.storage.ManagementPolicy",
            "lifecycle",
            {**inside, "management_policy_name": "default", "policy": {"rules": [_lifecycle(spec, container)]}},
            tagged=False,
            options=Options(depends_on=(service.ref,)),
        )
    if spec.immutability_days is not None:
        yield resource(
            site,
            "azure.storage.BlobContainerImmutabilityPolicy",
            "immutability",
            {
                **inside,
                "container_name": container["name"],
                "immutability_policy_name": "default",
                "immutability_period_since_creation_in_days": spec.immutability_days,
            },
            tagged=False,
        )


def grant(spec: BlobStorage, grant: Grant, site: Site) -> Iterator[Made]:
    """Read or write of some folders, and of nothing else in the container."""
    paths = [spec.prefix + path for path in grant.paths]
    if grant.verb is Verb.READ:
        yield grant_role(site, grant, "Storage Blob Data Reader", _scope(spec, site), reading(paths))
    else:
        yield grant_role(site, grant, "Storage Blob Data Contributor", _scope(spec, site), writing(paths))


def address(spec: BlobStorage, site: Site) -> Address:
    """``az://ACCOUNT/CONTAINER/PREFIX``, with ``?tier=`` if objects are written in another than the account's."""
    holder: Value = spec.account if spec.existing else site.ref("account", "name")
    container: Value = spec.container if spec.existing else site.ref("container", "name")
    by_object = spec.tier == _BY_OBJECT or (spec.existing and spec.tier != "Hot")
    return Address(
        url=Concat(("az://", holder, "/", container, f"/{spec.prefix}" + (f"?tier={spec.tier}" if by_object else "")))
    )


def meters(spec: BlobStorage, stored_bytes: int | None) -> Iterator[Meter]:
    """Storage by tier and redundancy, and requests."""
    gigabytes = None if stored_bytes is None else stored_bytes / 1e9
    yield Meter(item=f"object_storage.storage.{spec.tier}_{spec.redundancy}", quantity=gigabytes, of="GB kept")
    yield Meter(item=f"object_storage.write_request.{spec.tier}", quantity=None, of="objects written")
    yield Meter(item=f"object_storage.read_request.{spec.tier}", quantity=None, of="objects read")


def _account(spec: BlobStorage) -> dict[str, Value]:
    made: dict[str, Value] = {
        "account_name": spec.account,
        "sku": {"name": f"Standard_{spec.redundancy}"},
        "access_tier": Enum("azure.storage.AccessTier", _GROUPS[spec.tier]),
    }
    if spec.kms_key is not None and spec.kms_identity is not None:
        vault, _, name = spec.kms_key.removeprefix("https://").partition("/keys/")
        made["identity"] = {"type": "UserAssigned", "user_assigned_identities": [spec.kms_identity]}
        made["encryption"] = {
            "key_source": "Microsoft.Keyvault",
            "key_vault_properties": {"key_vault_uri": f"https://{vault}", "key_name": name.partition("/")[0]},
            "encryption_identity": {"encryption_user_assigned_identity": spec.kms_identity},
        }
    return made


def _kept(imported: str | None) -> Options:
    return Options(protect=KEPT.protect, retain_on_delete=KEPT.retain_on_delete, import_=imported)


def _adopted(spec: BlobStorage, site: Site) -> str | None:
    """The id of the account that is taken over; Azure knows nothing by its name alone."""
    if not site.draft.adopt or spec.container is None:
        return None
    subscription = site.target.subscription_id
    if spec.account is None or spec.resource_group is None or subscription is None:
        raise CompileError(
            [
                Diagnostic(
                    code="adopt",
                    subject=f"container {spec.container}",
                    where=spec.where,
                    message="cannot be taken over without its account, resource group and subscription",
                    help="BlobStorage('…', account='…', resource_group='…') and AzureCompiler(subscription_id='…')",
                )
            ]
        )
    return _id(subscription, spec)


def _id(subscription: str, spec: BlobStorage) -> str:
    group = f"/subscriptions/{subscription}/resourceGroups/{spec.resource_group}"
    return f"{group}/providers/Microsoft.Storage/storageAccounts/{spec.account}"


def _scope(spec: BlobStorage, site: Site) -> Value:
    if not spec.existing:
        return site.ref("container", "id")
    subscription = site.shared("subscription")["client"]["subscription_id"]
    rest = _id("", spec).removeprefix("/subscriptions/")
    return Concat(("/subscriptions/", subscription, f"{rest}/blobServices/default/containers/{spec.container}"))


def _lifecycle(spec: BlobStorage, container: Node) -> Value:
    """Deletes what was not changed for ``lifecycle_days``, and what was written over as long ago."""
    after: Value = {"days_after_modification_greater_than": spec.lifecycle_days}
    actions: dict[str, Value] = {"base_blob": {"delete": after}}
    if spec.versioning:
        actions["version"] = {"delete": {"days_after_creation_greater_than": spec.lifecycle_days}}
    return {
        "name": "glacier",
        "enabled": True,
        "type": "Lifecycle",
        "definition": {
            "actions": actions,
            "filters": {
                "blob_types": ["blockBlob"],
                "prefix_match": [Concat((container["name"], f"/{spec.prefix}"))],
            },
        },
    }
