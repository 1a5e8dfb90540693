"""What is Azure's alone: roles and their conditions, identities, the network, rounding, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from glacier import Dataset, Pipeline, compute
from glacier.compilation import Compiled
from glacier.errors import CompileError, DeclarationError
from glacier.infra import Concat, Node, Ref, walk
from glacier.resource import Resource
from glacier.storage import Cache, Database, ObjectStorage
from glacier.testing.cases import CASES, on_compute, on_storage, shared_storage
from glacier_azure import AzureCompiler, roles
from glacier_azure.compute import AzureFunction, ContainerAppJob
from glacier_azure.storage import BlobStorage, CosmosDB, ManagedRedis, PostgresFlexible

# learn.microsoft.com/azure/role-based-access-control/built-in-roles: a wrong id passes every other check.
IDS = {
    "AcrPull": "7f951dda-4ed3-4680-a7ca-43fe172d538d",
    "Azure Service Bus Data Receiver": "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0",
    "Azure Service Bus Data Sender": "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39",
    "Container Apps Jobs Operator": "b9a307c4-5aa3-4b52-ba60-2b17c136cd7b",
    "Key Vault Secrets User": "4633458b-17de-408a-b874-0445c86b69e6",
    "Monitoring Metrics Publisher": "3913510d-42f4-4e42-8a64-420c390055eb",
    "Storage Blob Data Contributor": "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    "Storage Blob Data Owner": "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    "Storage Blob Data Reader": "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
    "Storage Queue Data Contributor": "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
    "Storage Queue Data Message Sender": "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a",
    "Storage Table Data Contributor": "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
}
NAMES = {role_id: name for name, role_id in IDS.items()}


def nodes(compiled: Compiled, node_type: str = "") -> Iterator[Node]:
    for program in compiled.programs.values():
        yield from (node for node in program.nodes if node.type.endswith(node_type))


def roles_of(compiled: Compiled, identity: str) -> dict[str, str]:
    """What an identity may do, by the variable of what it may do it to."""
    found = {}
    for node in nodes(compiled, ".RoleAssignment"):
        who, scope, role = node.inputs["principal_id"], node.inputs["scope"], node.inputs["role_definition_id"]
        assert isinstance(who, Ref)
        assert isinstance(scope, Ref)
        assert isinstance(role, Concat)
        if who.node == identity:
            found[f"{scope.node} {node.id}"] = NAMES[str(role.parts[-1])[-36:]]
    return found


def refused(resource: Resource) -> list[str]:
    make = on_storage if resource.kind in AzureCompiler.storage_kinds else on_compute
    return [str(d) for d in AzureCompiler().plan(make(resource)).diagnostics if d.severity == "error"]


def test_the_table_has_every_role_by_its_right_id() -> None:
    table = AzureCompiler.tables.raw("roles")
    assert {name: row["id"] for name, row in table["role"].items()} == IDS
    for row in (*table["role"].values(), *table["cosmos"].values()):
        assert row["source"] in AzureCompiler.tables.sources("roles")


def test_every_role_is_in_the_table_and_used() -> None:
    used = set()
    for name, case in CASES.items():
        if name != "database":
            for node in nodes(AzureCompiler().compile(case()), ".RoleAssignment"):
                used |= {
                    str(v)[-36:] for v in walk(node.inputs["role_definition_id"]) if "roleDefinitions" in str(v)[:60]
                }
    assert {role_id for role_id in used if len(role_id) == 36} == set(IDS.values())


def test_no_role_is_given_on_a_group_or_a_subscription() -> None:
    for name, case in CASES.items():
        if name != "database":
            for node in nodes(AzureCompiler().compile(case()), ".RoleAssignment"):
                scope = node.inputs["scope"]
                assert isinstance(scope, Ref)
                assert scope.node not in ("resources_group", "subscription_client")


def test_a_function_may_do_what_its_annotations_say_and_run() -> None:
    compiled = AzureCompiler().compile(shared_storage())
    assert roles_of(compiled, "join_identity") == {
        "lake_container join_reads_lake": "Storage Blob Data Reader",
        "join_host join_host_blobs": "Storage Blob Data Owner",
        "join_host join_host_queues": "Storage Queue Data Contributor",
        "join_host join_host_tables": "Storage Table Data Contributor",
        "insights_component join_host_logs": "Monitoring Metrics Publisher",
    }
    assert roles_of(compiled, "runner_identity") == {
        "join_calls workflow_calls_join": "Storage Queue Data Message Sender",
        "split_calls workflow_calls_split": "Storage Queue Data Message Sender",
    }


def test_what_is_read_is_read_and_listed_below_its_folder_only() -> None:
    condition = roles.reading(["in/raw/"])
    blobs = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
    assert f"@Resource[{blobs}:path] StringStartsWith 'in/raw/'" in condition
    assert f"@Request[{blobs}:prefix] StringStartsWith 'in/raw/'" in condition
    assert f"ActionMatches{{'{blobs}/read'}} AND NOT SubOperationMatches{{'Blob.List'}}" in condition
    assert condition.count("(") == condition.count(")")


def test_what_is_written_is_written_below_its_folder_and_never_read_or_deleted() -> None:
    condition = roles.writing(["raw/", "one.json"])
    for action in ("read", "delete", "move/action"):
        assert re.search(rf"AND \(!\(ActionMatches\{{'[^']*/blobs/{action}'\}}\)\)", condition), action
    assert "StringStartsWith 'raw/' OR " in condition
    assert "StringEquals 'one.json'" in condition
    assert condition.count("(") == condition.count(")")


@pytest.mark.parametrize("path", ["it's/", "a*b/", "'] OR true OR ['"])
def test_no_path_can_end_a_condition(path: str) -> None:
    for condition in (roles.reading([path]), roles.writing([path])):
        patterns = re.findall(r"StringLike \{'([^']*)'\}", condition)
        assert patterns
        assert condition.count("'") % 2 == 0
        assert all(len(pattern.removesuffix("*")) == len(path) for pattern in patterns)
        assert path not in condition


def test_many_paths_are_one_list() -> None:
    many = roles.reading([f"dataset-{number}/" for number in range(60)])
    assert many.count("ForAnyOfAnyValues:StringLike") == 2
    assert "'dataset-59/*'" in many
    assert len(many) <= 8192


def test_a_condition_that_azure_would_not_take_is_refused() -> None:
    lake = BlobStorage("example-lake", prefix="x" * 300 + "/")
    parts = [Dataset(f"part {number}", storage=lake) for number in range(30)]
    pipeline = Pipeline("wide")

    def gather() -> None:
        return None

    gather.__annotations__ = {"return": tuple[tuple(parts)]}  # type: ignore[misc]
    pipeline.task(gather)
    with pytest.raises(CompileError, match=r"characters, and Azure takes 8,192"):
        AzureCompiler().compile(pipeline)


def test_an_account_takes_no_key_and_nobody_unknown() -> None:
    found = list(nodes(AzureCompiler().compile(CASES["everything"]()), ".StorageAccount"))
    assert len(found) > 3
    for node in found:
        assert node.inputs["allow_shared_key_access"] is False
        assert node.inputs["allow_blob_public_access"] is False
        assert node.inputs["allow_cross_tenant_replication"] is False
        assert node.inputs["minimum_tls_version"] == "TLS1_2"


def test_nothing_has_a_key_or_a_password() -> None:
    compiled = AzureCompiler().compile(CASES["everything"]())
    assert next(nodes(compiled, "postgresql.Server")).inputs["auth_config"]["password_auth"] == "Disabled"  # type: ignore[index, call-overload]
    assert next(nodes(compiled, "redisenterprise.Database")).inputs["access_keys_authentication"] == "Disabled"
    assert next(nodes(compiled, "servicebus.Namespace")).inputs["disable_local_auth"] is True
    assert next(nodes(compiled, "containerregistry.Registry")).inputs["admin_user_enabled"] is False
    assert next(nodes(AzureCompiler().compile(on_storage(CosmosDB())), "DatabaseAccount")).inputs["disable_local_auth"]
    assert not [node for node in nodes(compiled) if node.type.startswith("random.")]
    assert b"listKeys" not in compiled.files["azure/__main__.py"]


def test_only_tasks_that_need_the_network_are_in_it() -> None:
    compiled = AzureCompiler().compile(CASES["everything"]())
    apps = {node.id: "virtual_network_subnet_id" in node.inputs for node in nodes(compiled, ".WebApp")}
    assert apps == {"load_app": True, "warm_app": True, "listen_app": False}
    job = next(nodes(compiled, "app.Job"))
    assert job.inputs["environment_id"] == Ref("private_environment_environment", ("id",))


def test_the_group_stays_as_long_as_the_data_in_it() -> None:
    for name in ("bucket", "queue", "cache"):
        compiled = AzureCompiler().compile(CASES[name]())
        group = next(nodes(compiled, ".ResourceGroup"))
        holds_data = [node for node in nodes(compiled) if node.options.protect is not None]
        assert group in holds_data
        assert all(node.options.retain_on_delete == node.options.protect for node in holds_data)


def test_a_task_that_reads_and_writes_is_one_user() -> None:
    table = Dataset("table", storage=PostgresFlexible("example-books"))
    copy = Dataset("copy", storage=table.storage)
    entry = Dataset("entry", storage=ManagedRedis("example-hot"))
    other = Dataset("other", storage=entry.storage)
    pipeline = Pipeline("both")

    @pipeline.task
    def rows(value: table, old: entry) -> tuple[copy, other]:  # type: ignore[valid-type]
        return value, old

    @pipeline.task
    def more(value: copy) -> None:  # type: ignore[valid-type]
        return None

    compiled = AzureCompiler().compile(pipeline)
    first, second = nodes(compiled, ".Administrator")
    assert [first.id, second.id] == ["rows_uses_example_books", "more_uses_example_books"]
    assert second.options.depends_on == (first.ref,)  # a server takes one change at a time
    assert len(list(nodes(compiled, ".AccessPolicyAssignment"))) == 1


@pytest.mark.parametrize(("asked", "given"), [(1, 512), (512, 512), (513, 2048), (2049, 4096), (4096, 4096)])
def test_memory_is_rounded_up_and_said(asked: int, given: int) -> None:
    compiled = AzureCompiler().compile(on_compute(AzureFunction(memory=asked)))
    config: Any = next(nodes(compiled, ".WebApp")).inputs["function_app_config"]
    assert config["scale_and_concurrency"]["instance_memory_mb"] == given
    said = [d for d in compiled.diagnostics if d.code == "rounded"]
    assert bool(said) == (asked != given)
    assert all(f"memory={asked}" in d.message and f"memory={given}" in d.message for d in said)


def test_a_container_has_two_gib_for_each_processor() -> None:
    compiled = AzureCompiler().compile(on_compute(compute.container(cpu=0.5, memory=1500)))
    template: Any = next(nodes(compiled, "app.Job")).inputs["template"]
    assert template["containers"][0]["resources"] == {"cpu": 0.75, "memory": "1.5Gi"}
    assert refused(ContainerAppJob(cpu=4.1))


def test_an_image_is_built_before_the_job_that_needs_it_once_for_a_folder() -> None:
    pipeline = Pipeline("two jobs")
    for name in ("one", "other"):

        @pipeline.task(name=name, compute=compute.container())
        def work() -> None:
            return None

    compiled = AzureCompiler().compile(pipeline)
    (build,) = nodes(compiled, "command.local.Command")
    jobs = list(nodes(compiled, "app.Job"))
    assert len(jobs) == 2
    assert all(build.ref in job.options.depends_on for job in jobs)
    environment: Any = build.inputs["environment"]
    template: Any = jobs[0].inputs["template"]
    assert template["containers"][0]["image"].parts[1] == f"/{environment['IMAGE']}"
    assert "docker push" not in compiled.files["README.md"].decode()
    given = AzureCompiler().compile(on_compute(ContainerAppJob(image="docker.io/library/python:3.13")))
    assert not list(nodes(given, "command.local.Command"))


def test_a_cache_is_the_smallest_that_fits() -> None:
    for size, sku in ((512, "Balanced_B0"), (513, "Balanced_B1"), (4000, "Balanced_B5")):
        cluster = next(nodes(AzureCompiler().compile(on_storage(Cache(size_mb=size))), ".RedisEnterprise"))
        assert cluster.inputs["sku"] == {"name": sku}
    assert "the largest cache there holds" in refused(Cache(size_mb=2_000_000))[0]


def test_a_database_starts_with_a_disk_that_exists() -> None:
    compiled = AzureCompiler().compile(on_storage(Database(storage_gb=100)))
    assert next(nodes(compiled, "postgresql.Server")).inputs["storage"] == {"storage_size_gb": 128}


def test_archive_is_written_with_each_object() -> None:
    compiled = AzureCompiler().compile(on_storage(BlobStorage(tier="Archive")))
    assert "?tier=Archive" in compiled.files["azure/__main__.py"].decode()
    assert [d for d in compiled.diagnostics if d.code == "offline"]
    plain = AzureCompiler().compile(on_storage(BlobStorage(tier="Cool")))
    assert "?tier=" not in plain.files["azure/__main__.py"].decode()


def test_an_existing_container_is_only_referred_to() -> None:
    existing = BlobStorage("there", account="example1", resource_group="group", existing=True)
    compiled = AzureCompiler(subscription_id="s").compile(on_storage(existing))
    assert not [node for node in nodes(compiled, ".BlobContainer") if node.id.startswith("there_")]
    scope = next(node for node in nodes(compiled, ".RoleAssignment") if "_reads_there" in node.id).inputs["scope"]
    assert isinstance(scope, Concat)
    assert scope.parts[-1] == (
        "/resourceGroups/group/providers/Microsoft.Storage/storageAccounts/example1/blobServices/default/containers/there"
    )


def test_a_container_is_taken_over_by_its_id() -> None:
    named = BlobStorage("there", account="example1", resource_group="group")
    compiled = AzureCompiler(subscription_id="s").compile(on_storage(named), adopt=True)
    container = next(node for node in nodes(compiled, ".BlobContainer") if node.id.startswith("there_"))
    assert str(container.options.import_).endswith("/storageAccounts/example1/blobServices/default/containers/there")
    with pytest.raises(CompileError, match="without its account, resource group and subscription"):
        AzureCompiler().compile(on_storage(named), adopt=True)


@pytest.mark.parametrize(
    ("resource", "word"),
    [
        (BlobStorage("there", existing=True), "does not say its account, resource_group"),
        (BlobStorage(resource_group="group"), "no account is named"),
        (BlobStorage(prefix="/in"), "is no folder"),
        (BlobStorage(tier="Archive", redundancy="ZRS"), "not there with redundancy"),
        (BlobStorage(kms_key="https://example.vault.azure.net/keys/data"), "go together"),
        (BlobStorage(lifecycle_days=7, immutability_days=30), "immutable for 30"),
        (BlobStorage(account="UPPER"), "not allowed"),
        (PostgresFlexible(high_availability=True), "burstable"),
        (AzureFunction(env={"AzureWebJobsStorage": "x"}), "env: 'AzureWebJobsStorage' is one that"),
        (AzureFunction(env={"a-b": "x"}), "env: 'a-b' has a character"),
        (ContainerAppJob(env={"AZURE_CLIENT_ID": "x"}), "env: 'AZURE_CLIENT_ID' is one that"),
    ],
)
def test_what_azure_would_refuse_is_refused_here(resource: Resource, word: str) -> None:
    assert any(word in said for said in refused(resource)), refused(resource)


@pytest.mark.parametrize(
    ("resource", "code"),
    [
        (ObjectStorage(encryption=False), "encryption"),
        (BlobStorage(immutability_days=30), "immutability"),
        (BlobStorage("there", account="a12", resource_group="g", existing=True, versioning=True), "existing"),
        (AzureFunction(timeout=7200), "timeout"),
    ],
)
def test_what_is_probably_not_meant_is_said(resource: Resource, code: str) -> None:
    make = on_storage if resource.kind in AzureCompiler.storage_kinds else on_compute
    assert code in {d.code for d in AzureCompiler().compile(make(resource)).diagnostics}


def test_mysql_says_where_it_could_be() -> None:
    assert "CloudSQL" in refused(Database(engine="mysql"))[0]


def test_a_location_that_azure_does_not_have() -> None:
    with pytest.raises(DeclarationError, match="did you mean 'westeurope'"):
        AzureCompiler(location="westeuropa")


def test_tags_are_on_everything_that_takes_tags() -> None:
    compiled = AzureCompiler(tags={"team": "data"}).compile(CASES["everything"]())
    group = next(nodes(compiled, ".ResourceGroup"))
    assert {"team", "glacier-pipeline", "glacier-stack"} == set(group.inputs["tags"])  # type: ignore[arg-type]
    for node_type in (".StorageAccount", ".WebApp", "app.Job", ".Workflow", ".UserAssignedIdentity", "sql.Server"):
        for node in nodes(compiled, node_type):
            assert node.inputs["tags"] == {"team": "data"}, node.id
