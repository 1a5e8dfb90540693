"""Role assignments: one role, for one identity, on one resource; and the conditions that narrow a role to paths."""

from __future__ import annotations

from collections.abc import Sequence

from glacier.errors import CompileError, Diagnostic
from glacier.graph import Verb
from glacier.infra import Concat, Node, Options, Ref, Value
from glacier.tables import Tables
from glacier.target import Site
from glacier.terms import Grant

_TABLES = Tables("glacier_azure")
_VERBS = {Verb.READ: "reads", Verb.WRITE: "writes"}
_BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"

# learn.microsoft.com/azure/role-based-access-control/conditions-format and …/conditions-overview
_SPECIAL = "'*?"
_ONE_BY_ONE = 8  # paths, above which a condition names them in a list
_LONGEST = 8192  # characters of a condition


def assign(
    site: Site,
    part: str,
    role: str,
    who: Value,
    scope: Value,
    *,
    condition: str | None = None,
    after: Sequence[Ref] = (),
) -> Node:
    """An identity's role on one resource and what is in it; the role is a built-in one, by its name in the table."""
    inputs: dict[str, Value] = {
        "principal_id": who,
        # Without it, an identity made a moment ago is not found yet
        # (learn.microsoft.com/azure/role-based-access-control/troubleshooting).
        "principal_type": "ServicePrincipal",
        "role_definition_id": definition(site, role),
        "scope": scope,
        "condition": condition,
        "condition_version": "2.0" if condition is not None else None,
    }
    return site.node("azure.authorization.RoleAssignment", part, inputs, options=Options(depends_on=tuple(after)))


def grant_role(site: Site, grant: Grant, role: str, scope: Value, condition: str | None = None) -> Node:
    """The role that gives one task one kind of access to one storage; ``site`` is the storage's.

    Raises :class:`~glacier.errors.CompileError` for more paths than a condition holds.
    """
    if condition is not None and len(condition) > _LONGEST:
        message = f"the condition for {len(grant.paths)} datasets of {site.owner} has {len(condition):,} characters"
        raise CompileError(
            [
                Diagnostic(
                    code="limit",
                    subject=f"task {grant.who.owner}",
                    message=f"{message}, and Azure takes {_LONGEST:,}",
                    help="shorter names or a shorter prefix; or put what belongs together into one dataset",
                )
            ]
        )
    return assign(owner_of(site, grant), part_of(site, grant), role, grant.who.id, scope, condition=condition)


def part_of(site: Site, grant: Grant) -> str:
    """What a grant is called among the nodes of its task: ``reads-lake``."""
    return f"{_VERBS[grant.verb]}-{site.owner}"


def owner_of(site: Site, grant: Grant) -> Site:
    """The task that is given something."""
    return Site(site.draft, grant.who.owner)


def definition(site: Site, role: str) -> Value:
    """A built-in role by its id, which is the same in every tenant."""
    subscription = site.shared("subscription")["client"]["subscription_id"]
    role_id = _TABLES.raw("roles")["role"][role]["id"]
    return Concat(("/subscriptions/", subscription, f"/providers/Microsoft.Authorization/roleDefinitions/{role_id}"))


def reading(paths: Sequence[str]) -> str:
    """Reading and listing below some paths only: the condition that Azure's own documentation gives for it.

    learn.microsoft.com/azure/storage/blobs/storage-auth-abac-examples (read or list blobs with a path).
    """
    read = f"ActionMatches{{'{_BLOBS}/read'}}"
    return _all(
        f"(!({read} AND NOT SubOperationMatches{{'Blob.List'}}) OR ({_below('@Resource', 'path', paths)}))",
        f"(!({read} AND SubOperationMatches{{'Blob.List'}}) OR ({_below('@Request', 'prefix', paths)}))",
    )


def writing(paths: Sequence[str]) -> str:
    """Writing below some paths, and not reading, deleting or moving: a role that only writes is not built in."""
    writes = " AND ".join(f"!(ActionMatches{{'{_BLOBS}/{action}'}})" for action in ("write", "add/action"))
    refused = [f"(!(ActionMatches{{'{_BLOBS}/{action}'}}))" for action in ("read", "delete", "move/action")]
    return _all(f"(({writes}) OR ({_below('@Resource', 'path', paths)}))", *refused)


def _all(*conditions: str) -> str:
    return "(" + " AND ".join(conditions) + ")"


def _below(source: str, attribute: str, paths: Sequence[str]) -> str:
    """Below a folder, or at exactly one path; for many paths as one list, which is half as long.

    In a list of patterns ``*`` is any text; a quote, which would end the text, is matched as any one character.
    """
    named = f"{source}[{_BLOBS}:{attribute}]"
    if len(paths) <= _ONE_BY_ONE and not any(c in path for path in paths for c in _SPECIAL):
        terms = (
            f"{named} StringStartsWith '{path}'" if path.endswith("/") else f"{named} StringEquals '{path}'"
            for path in paths
        )
        return " OR ".join(terms)
    patterns = (
        "".join("?" if c in _SPECIAL else c for c in path) + ("*" if path.endswith("/") else "") for path in paths
    )
    listed = ", ".join(f"'{pattern}'" for pattern in patterns)
    return f"{named} ForAnyOfAnyValues:StringLike {{{listed}}}"
