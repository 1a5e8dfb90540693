"""IAM documents: statements, who may assume a role, and a role's policy for one access."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from glacier.graph import Verb
from glacier.infra import Json, Node, Value
from glacier.target import Site
from glacier.terms import Grant

_VERBS = {Verb.READ: "reads", Verb.WRITE: "writes"}


def statement(
    actions: Sequence[str],
    resources: Sequence[Value],
    condition: Mapping[str, Value] | None = None,
    *,
    effect: str = "Allow",
) -> dict[str, Value]:
    """One statement of a policy."""
    made: dict[str, Value] = {"Effect": effect, "Action": list(actions), "Resource": list(resources)}
    return made | ({"Condition": condition} if condition else {})


def document(*statements: Mapping[str, Value]) -> Json:
    """A policy made of statements."""
    return Json({"Version": "2012-10-17", "Statement": list(statements)})


def tls_only(service: str, everything: Sequence[Value]) -> Json:
    """A resource's own policy, by which it refuses every request that does not come over TLS."""
    refused = statement([f"{service}:*"], everything, {"Bool": {"aws:SecureTransport": "false"}}, effect="Deny")
    return document({"Sid": "TlsOnly", "Principal": "*", **refused})


def trust(service: str, condition: Mapping[str, Value] | None = None) -> Json:
    """Who may be a role: a service of AWS, such as ``lambda.amazonaws.com``."""
    made: dict[str, Value] = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return document(made | ({"Condition": condition} if condition else {}))


def role_policy(site: Site, grant: Grant, *statements: Mapping[str, Value]) -> Node:
    """The policy that gives one task one kind of access to one storage; ``site`` is the storage's."""
    task = Site(site.draft, grant.who.owner)
    return task.node(
        "aws.iam.RolePolicy",
        f"{_VERBS[grant.verb]}-{site.owner}",
        {"role": grant.who.id, "policy": document(*statements)},
    )


def inline(site: Site, part: str, role: Value, *statements: Mapping[str, Value]) -> Node:
    """A policy that belongs to a role itself, for what it needs apart from any dataset."""
    return site.node("aws.iam.RolePolicy", part, {"role": role, "policy": document(*statements)})
