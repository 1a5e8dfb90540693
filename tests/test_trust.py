"""What tasks of one cloud may do on another: everything in one program, everything pinned, nothing stored."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from glacier.compilation import Compiled
from glacier.infra import Node
from glacier.render import packages_of
from mixes import FUNCTIONS, PAIRS, compiler, quietly, round_trip, visit
from reading import nodes, words

pytestmark = pytest.mark.parametrize(("home", "host"), PAIRS, ids=lambda cloud: cloud)


def compiled(home: str, host: str) -> Compiled:
    return quietly(compiler(home, host), visit(home, host))


def texts(made: Compiled) -> Iterator[str]:
    for node in made.programs["trust"].nodes:
        yield words(dict(node.inputs))


def test_one_visit_is_one_guest(home: str, host: str) -> None:
    """Exactly one thing to become, one pin, and a grant for each verb."""
    made = compiled(home, host)
    becomes, pin = {
        "aws": (("trust", "iam.Role"), ("trust", "iam.Role")),
        "gcp": (("gcp", "iam.WorkloadIdentityPool"), ("trust", "iam.WorkloadIdentityPoolProvider")),
        "azure": (("azure", "UserAssignedIdentity"), ("trust", "FederatedIdentityCredential")),
    }[host]
    guests = [node for node in nodes(made, *becomes) if "-from-" in node.name or host == "gcp"]
    assert len(guests) == 1
    assert len(nodes(made, *pin)) == 1
    grants = [node for node in made.programs["trust"].nodes if "-reads-" in node.name or "-writes-" in node.name]
    assert len(grants) == 2


def test_only_one_subject_is_believed(home: str, host: str) -> None:
    """The subject is the task's own and cannot be taken over; an issuer or a pool alone is never enough."""
    said = "\n".join(texts(compiled(home, host)))
    subject = {
        "aws": "work_role_name" if host == "gcp" else "work_role_arn",
        "gcp": "work_account_unique_id",
        "azure": "work_identity_principal_id",
    }[home]
    assert subject in said
    assert "workloadIdentityPools/*" not in said
    assert "principalSet" not in said
    assert '"Principal": "*"' not in said
    listing = '{\\"StringLike\\": {\\"s3:prefix\\"'  # of the guest's own folders
    assert "StringLike" not in said.replace(listing, "")


def test_nothing_is_wider_than_it_must_be(home: str, host: str) -> None:
    """What narrows trust besides the subject: for how long, for whom, and with what signature."""
    made = compiled(home, host)
    if host == "aws":
        (role,) = nodes(made, "trust", "iam.Role")
        assert role.inputs["max_session_duration"] == 3600
    if home == "azure":
        (application,) = nodes(made, "azure", "azuread.ServicePrincipal")
        assert application.inputs["app_role_assignment_required"] is True
        assert len(nodes(made, "trust", "azuread.AppRoleAssignment")) == 1
    if (home, host) == ("aws", "azure"):
        (passport,) = nodes(made, "trust", "iam.RolePolicy")
        (said,) = json.loads(words(passport.inputs["policy"]))["Statement"]
        assert said["Condition"] == {
            "ForAllValues:StringEquals": {"sts:IdentityTokenAudience": ["api://AzureADTokenExchange"]},
            "Null": {"sts:IdentityTokenAudience": "false"},
            "NumericLessThanEquals": {"sts:DurationSeconds": "300"},
            "StringEquals": {"sts:SigningAlgorithm": "RS256"},
        }


def test_the_task_knows_where_to_show_what(home: str, host: str) -> None:
    made = compiled(home, host)
    keys = {"aws": ("role=", "audience="), "gcp": ("provider=",), "azure": ("tenant=", "client=")}[host]
    addresses = [
        words(value)
        for node in made.programs[home].nodes
        for value in node.inputs.values()
        if "GLACIER_STORE_GIVEN" in words(value)
    ]
    assert addresses
    assert all(key in addresses[0] for key in keys)


def test_what_a_program_imports_is_what_it_installs(home: str, host: str) -> None:
    made = compiled(home, host)
    for cloud, program in made.programs.items():
        installed = {line.partition("==")[0] for line in made.files[f"{cloud}/requirements.txt"].decode().split()}
        assert installed == {"pulumi", *(package.replace("_", "-") for package in packages_of(program))}


def test_nothing_is_stored(home: str, host: str) -> None:
    """No key, password or secret of any kind crosses, in any of the programs."""
    made = compiled(home, host)
    for program in made.programs.values():
        for node in program.nodes:
            assert not any(
                word in node.type for word in ("AccessKey", "ServiceAccountKey", "ApplicationPassword", "Key")
            )


def test_the_first_crossing_changes_nothing_that_was_there(home: str, host: str) -> None:
    """A pipeline of one cloud, and the same with a task of another: nothing is renamed, changed or removed."""
    pipeline = visit(host, host)
    before = quietly(compiler(home, host), pipeline)
    given = pipeline.tasks[0].inputs["value"]

    @pipeline.task(compute=FUNCTIONS[home]())
    def abroad(value: given) -> None: ...  # type: ignore[valid-type]

    after = quietly(compiler(home, host), pipeline)
    assert list(before.programs) == [host]
    assert "trust" in after.programs
    left = {node.id: node for node in after.programs[host].nodes}
    for node in before.programs[host].nodes:
        now = left[node.id]
        assert (now.type, now.name, now.options) == (node.type, node.name, node.options)
        assert shape(now) == shape(node)


def shape(node: Node) -> str:
    """What a node is asked to be, but for the digest of its code, which knows that a dataset crosses: it is packed."""
    return re.sub(r"\b[0-9a-f]{12}\b", "digest", words(dict(node.inputs)))


def test_clouds_that_read_from_each_other_are_deployed_in_some_order(home: str, host: str) -> None:
    made = quietly(compiler(home, host, *({"aws", "gcp", "azure"} - {home, host})), round_trip())
    *clouds, last = made.programs.values()
    assert last.name == "round-trip-trust"
    assert sum(bool(program.late) for program in clouds) == 1
    seen: set[str] = set()
    for program in made.programs.values():
        assert set(program.needs) <= seen | program.late
        seen.add(program.name)
