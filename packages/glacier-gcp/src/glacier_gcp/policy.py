"""IAM on Google Cloud: one member more of a role, on the narrowest thing that has a policy; never a whole policy."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from glacier.graph import Verb
from glacier.infra import Concat, Node, Options, Ref, Statement, Value
from glacier.target import Site
from glacier.terms import Grant

from glacier_gcp.foundation import HELD, apis

_VERBS = {Verb.READ: "reads", Verb.WRITE: "writes"}

# Twelve logical operators fit into one condition, and twenty conditions of one role and member into one policy
# (cloud.google.com/iam/quotas).
_OPERATORS = 12


def grant_member(
    site: Site,
    grant: Grant,
    node_type: str,
    on: Mapping[str, Value],
    *,
    condition: Value = None,
    part: str = "",
    depends_on: tuple[Ref, ...] = (),
) -> Node:
    """One member more of a role, because of one access; ``site`` is the storage's, ``on`` the role and on what."""
    task = Site(site.draft, grant.who.owner)
    name = "-".join(word for word in (_VERBS[grant.verb], site.owner, part) if word)
    named: Value = None
    if condition is not None:
        # Google tells two bindings of one role and member apart by their conditions: the title keeps what a task may
        # read and what it may write two, so that removing one leaves the other.
        named = {"title": f"{_VERBS[grant.verb]} {site.owner}"[:100], "expression": condition}
    return task.node(
        node_type,
        name,
        {**on, "member": grant.who.id, "condition": named},
        options=Options(depends_on=depends_on),
    )


def folder_conditions(bucket: Value, paths: Sequence[str], *, listing: bool) -> Iterator[Concat]:
    """The conditions that hold for some paths of a bucket and for nothing else, as few as can be.

    A path that ends in ``/`` means all below it. ``listing`` lets these folders be listed too, which is a question to
    the bucket and not to an object (cloud.google.com/iam/docs/conditions-attribute-reference#api-attributes):
    without it, a missing object is answered as a missing permission.
    """
    each = 2 if listing else 1
    size = (_OPERATORS + 1) // each
    for start in range(0, len(paths), size):
        parts: list[Value] = []
        for path in paths[start : start + size]:
            parts += [" || "] if parts else []
            parts += ['resource.name.startsWith("' if path.endswith("/") else 'resource.name == ("']
            parts += ["projects/_/buckets/", bucket, f'/objects/{_quoted(path)}")']
            if listing:
                asked = 'api.getAttribute("storage.googleapis.com/objectListPrefix", "")'
                parts += [f' || {asked}.startsWith("{_quoted(path)}")']
        yield Concat(tuple(_joined(parts)))


def _joined(parts: Sequence[Value]) -> Iterator[Value]:
    """The same text with neighbouring plain parts as one."""
    text = ""
    for part in parts:
        if isinstance(part, str):
            text += part
            continue
        if text:
            yield text
        yield part
        text = ""
    yield text


def _quoted(text: str) -> str:
    """A text inside the quotes of an expression, which escapes what JSON escapes."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


def writer(site: Site) -> Ref:
    """The role for writing objects and nothing else: Google's own either cannot replace one, or may read as well."""
    made: Node = site.shared("object-writer", _writer)["role"]
    return made["name"]


def _writer(site: Site) -> Iterator[Statement]:
    # Replacing an object is deleting the one before it (cloud.google.com/storage/docs/access-control/iam-permissions).
    objects = [f"storage.objects.{verb}" for verb in ("create", "delete")]
    uploads = [f"storage.multipartUploads.{verb}" for verb in ("abort", "create", "listParts")]
    yield custom_role(site, "Writes objects", [*uploads, *objects])


def custom_role(site: Site, title: str, permissions: Sequence[str]) -> Node:
    """A role of this stack's own."""
    identifier = site.name("gcp.projects.IAMCustomRole").replace("-", "_")
    return site.node(
        "gcp.projects.IAMCustomRole",
        "role",
        {
            "role_id": Concat((f"{identifier}_", site.shared("suffix")["text"]["result"])),
            "title": title,
            "permissions": list(permissions),
        },
        main=True,
        options=Options(depends_on=apis(site, "iam")),
    )


def key_use(site: Site, key: str, agent: str) -> Ref:
    """That one of Google's services may use a key of the user's, before it is told to.

    It outlives the stack with the data: what is encrypted with the key could not be read without it.
    """
    digest = hashlib.sha256(key.encode()).hexdigest()[:8]
    made: Node = site.shared(f"{agent}-key-{digest}", partial(_key_use, key, agent))["use"]
    return made.ref


def _key_use(key: str, agent: str, site: Site) -> Iterator[Statement]:
    inputs: dict[str, Value] = {
        "crypto_key_id": key,
        "role": "roles/cloudkms.cryptoKeyEncrypterDecrypter",
        "member": site.shared(agent)["identity"]["member"],
    }
    held = Options(retain_on_delete=HELD.retain_on_delete, depends_on=apis(site, "cloudkms"))
    yield site.node("gcp.kms.CryptoKeyIAMMember", "use", inputs, main=True, options=held)
