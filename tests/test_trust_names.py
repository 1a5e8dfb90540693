"""What guests are called: by names that nobody else has, that a cloud takes, and that can be had again."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from glacier import Dataset, Pipeline
from glacier.compilation import Compiled
from glacier.infra import Config, Node, Ref
from mixes import BUCKETS, FUNCTIONS, PAIRS, PLACES, compiler, doubled, quietly, visit
from reading import nodes, words

both = pytest.mark.parametrize(("home", "host"), PAIRS, ids=lambda cloud: cloud)
KINDS = {"aws": "iam.Role", "gcp": "WorkloadIdentityPoolProvider", "azure": "FederatedIdentityCredential"}
CHOSEN = {"aws": "name", "gcp": "workload_identity_pool_provider_id", "azure": "resource_name_"}


def crossing(home: str, host: str, pipeline: str, task: str) -> Compiled:
    """A task of this name that reads on another cloud, in a pipeline of this name."""
    declared = Pipeline(pipeline)
    given = Dataset("given", storage=BUCKETS[host]())

    @declared.task(name=task, compute=FUNCTIONS[home]())
    def work(value: given) -> None: ...  # type: ignore[valid-type]

    return quietly(compiler(home, host), declared)


def pins(made: Compiled, host: str) -> list[Node]:
    return nodes(made, "trust", KINDS[host])


def name(made: Compiled, host: str) -> str:
    """What the guest is called on its host, in its cloud's own words; six characters are made when deploying."""
    (pin,) = pins(made, host)
    return re.sub(r"<[^>]*_result>", "abc123", words(pin.inputs[CHOSEN[host]]))


def addresses(made: Compiled, home: str) -> str:
    return "\n".join(words(dict(node.inputs)) for node in made.programs[home].nodes)


@both
def test_a_provider_that_is_there_twice(home: str, host: str) -> None:
    """Each host has a guest of its own, and its bucket's address has that guest's name."""
    made = doubled(home, host)
    said = addresses(made, home)
    visited = [cloud for cloud in PLACES[host] if cloud in {storage.home.cloud for storage in made.plan.storages}]
    assert len(visited) == (1 if host == "azure" else 2)  # Blob Storage does not say where it is
    assert len(pins(made, host)) == len({words(pin.inputs[CHOSEN[host]]) for pin in pins(made, host)}) == len(visited)
    for cloud, pin in zip(visited, pins(made, host), strict=True):
        where = "" if cloud == host else f"-on-{cloud}"
        assert pin.name.startswith(f"doubled-work-from-{home}{where}-")
        assert f"<doubled-{cloud} " in words(pin.inputs[CHOSEN[host]])
        if host != "azure":  # whose guests are known by an id
            assert words(pin.inputs[CHOSEN[host]]) in said


@pytest.mark.parametrize("home", ["aws", "azure"])
@pytest.mark.parametrize("called", ["gcp export", "a", "z" * 100])
def test_what_google_takes_for_an_id(home: str, called: str) -> None:
    """Four to 32 characters, and not with the beginning that is Google's own."""
    made = crossing(home, "gcp", called, called)
    (pool,) = nodes(made, "gcp", "iam.WorkloadIdentityPool")
    pool_id = re.sub("<[^>]*>", "abc123", words(pool.inputs["workload_identity_pool_id"]))
    for made_up in (pool_id, name(made, "gcp")):
        assert re.fullmatch("[a-z0-9-]{4,32}", made_up)
        assert not made_up.startswith("gcp-")
        assert made_up.endswith("-abc123")


@pytest.mark.parametrize("home", ["aws", "azure"])
def test_a_new_crossing_has_ids_that_google_has_not_deleted(home: str) -> None:
    """What is random lives as long as its crossing: as the pool, or as the guest, not as the stack."""
    made = crossing(home, "gcp", "sales", "work")
    randoms = {node.id: node for node in nodes(made, "gcp", "RandomString")}
    (pool,), (provider,) = nodes(made, "gcp", "iam.WorkloadIdentityPool"), pins(made, "gcp")
    assert "guests_id" in randoms
    assert Ref("guests_id", ("result",)) in pool.inputs["workload_identity_pool_id"].parts  # type: ignore[union-attr]
    own = f"work_from_{home}_id"
    assert f"<sales-gcp {own}_result>" in words(provider.inputs["workload_identity_pool_provider_id"])
    keepers = randoms[own].inputs["keepers"]
    assert isinstance(keepers, Mapping)
    assert isinstance(keepers["guests"], Config)  # so that trust alone can be deployed again
    assert keepers["from"] == home
    assert "keepers" not in randoms["guests_id"].inputs


@both
def test_the_guide_says_how_trust_comes_back(home: str, host: str) -> None:
    """A host that keeps the names of what was deleted is asked for new ones; the others need none."""
    teardown = crossing(home, host, "sales", "work").files["README.md"].decode().partition("## Tear it down")[2]
    assert "destroy `trust` alone" in teardown
    assert ('pulumi -C gcp config set guests "$(date +%s)"' in teardown) == (host == "gcp")
    assert ("deploy\nevery folder" in teardown) == (host == "gcp")


@pytest.mark.parametrize("home", ["gcp", "azure"])
def test_a_role_has_a_name_that_iam_takes(home: str) -> None:
    """At most 64 characters whatever the stack is called, and no other stack's."""
    made = crossing(home, "aws", "p" * 100, "t" * 100)
    called = name(made, "aws")
    assert len(called) == 64
    assert called.endswith("-abc123")
    (role,) = pins(made, "aws")
    assert "<stack>" not in words(role.inputs["name"])
    assert words(role.inputs["name"]) in addresses(made, home)


def test_no_stack_owns_what_an_account_has_for_all() -> None:
    made = crossing("azure", "aws", "sales", "work")
    assert not [node for program in made.programs.values() for node in program.nodes if "OpenIdConnect" in node.type]


PULUMI = """#!/bin/sh
echo "$2-$5"
"""
AWS = """#!/bin/sh
printf '%s\\n' "$*" >> "$CALLS"
case "$2" in add-*|get-*) exit "$THERE";; esac
"""


@pytest.mark.parametrize("there", [True, False], ids=["there", "not there"])
@pytest.mark.parametrize(
    ("home", "host", "adds", "makes"),
    [
        (
            "azure",
            "aws",
            "iam add-client-id-to-open-id-connect-provider --client-id api://azure-egress_application_client_id"
            " --open-id-connect-provider-arn arn:aws:iam::aws-account_identity_account_id"
            ":oidc-provider/sts.windows.net/azure-subscription_client_tenant_id/",
            "iam create-open-id-connect-provider --client-id-list api://azure-egress_application_client_id"
            " --url https://sts.windows.net/azure-subscription_client_tenant_id/",
        ),
        (
            "aws",
            "azure",
            "iam get-outbound-web-identity-federation-info",
            "iam enable-outbound-web-identity-federation",
        ),
    ],
    ids=["azure-aws", "aws-azure"],
)
def test_what_an_account_has_is_made_as_the_guide_says(
    home: str, host: str, adds: str, makes: str, there: bool, tmp_path: Path
) -> None:
    """The guide's own commands, run by a shell in which ``aws`` and ``pulumi`` only say how they were called."""
    made = crossing(home, host, "sales", "work")
    guide = made.files["README.md"].decode()
    command = re.search(r"a whole account has.*?```sh\n(.*?)```", guide, re.DOTALL)
    assert command is not None
    assert guide.index(command[0]) < guide.index("cd trust    #" if home == "azure" else "cd aws    #")
    for program, text in (("pulumi", PULUMI), ("aws", AWS)):
        (tmp_path / program).write_text(text)
        (tmp_path / program).chmod(0o755)
    given = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "CALLS": str(tmp_path / "calls"), "THERE": "01"[not there]}
    subprocess.run(["sh", "-euc", command[1]], env=given, check=True)
    assert (tmp_path / "calls").read_text().splitlines() == ([adds] if there else [adds, makes])
    exported = {f"{cloud}-{output.name}" for cloud, program in made.programs.items() for output in program.outputs}
    assert all(word in exported for word in re.findall(r"(?:aws|azure)-\w+_\w+", f"{adds} {makes}"))


@both
def test_one_command_for_all_guests(home: str, host: str) -> None:
    """A second task that crosses asks for nothing that the first did not have."""
    pipeline = visit(home, host)
    once = quietly(compiler(home, host), pipeline).files["README.md"].decode()
    given = pipeline.tasks[0].inputs["value"]

    @pipeline.task(compute=FUNCTIONS[home]())
    def more(value: given) -> None: ...  # type: ignore[valid-type]

    twice = quietly(compiler(home, host), pipeline).files["README.md"].decode()
    assert twice.count("aws iam ") == once.count("aws iam ") == (2 if {home, host} == {"aws", "azure"} else 0)
