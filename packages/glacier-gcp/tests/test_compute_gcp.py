"""What only Google Cloud's compute has: uploads by their digest, a builder, pairs of memory and CPU."""

from __future__ import annotations

import re

import pytest
from glacier import Dataset, Pipeline, compute
from glacier.errors import DeclarationError
from glacier.infra import Archive, Ref
from glacier_gcp import GCPCompiler
from glacier_gcp.compute import CloudFunction, CloudRunJob
from looking import codes, found, nodes, one, run_on, said


def test_the_code_is_uploaded_once_for_all_tasks_that_share_it_under_a_name_of_its_own() -> None:
    seed, first, second = Dataset("seed"), Dataset("first"), Dataset("second")
    pipeline = Pipeline("shared code")

    @pipeline.task
    def start() -> seed:  # type: ignore[valid-type]
        return 1

    @pipeline.task
    def go_on(value: seed) -> first:  # type: ignore[valid-type]
        return value

    @pipeline.task(compute=compute.serverless(requirements=["tabulate==0.9.0"]))
    def special(value: first) -> second:  # type: ignore[valid-type]
        return value

    compiled = GCPCompiler().compile(pipeline)
    uploads = nodes(compiled, "gcp.storage.BucketObject")
    assert len(uploads) == 2
    for upload in uploads:
        folder = upload.inputs["source"]
        assert isinstance(folder, Archive)
        name = folder.path.removeprefix("functions/")
        assert re.fullmatch(rf"{name}-[0-9a-f]{{12}}\.zip", str(upload.inputs["name"]))
    objects = [
        node.inputs["build_config"]["source"]["storage_source"]["object"]  # type: ignore[index,call-overload]
        for node in nodes(compiled, "gcp.cloudfunctionsv2.Function")
    ]
    assert objects == [uploads[0]["name"], uploads[0]["name"], uploads[1]["name"]]


def test_new_code_is_a_new_upload() -> None:
    # Another requirement in an image's folder changes its files; the same pipeline again changes nothing.
    names = [
        one(run_on(CloudFunction(requirements=[version])), "gcp.storage.BucketObject").inputs["name"]
        for version in ("tabulate==0.9.0", "tabulate==0.8.0", "tabulate==0.9.0")
    ]
    assert names[0] == names[2] != names[1]


def test_a_function_runs_and_is_built_as_accounts_of_its_own() -> None:
    compiled = run_on(CloudFunction())
    inputs = one(compiled, "gcp.cloudfunctionsv2.Function").inputs
    build, service = inputs["build_config"], inputs["service_config"]
    assert isinstance(build, dict)
    assert isinstance(service, dict)
    assert build["service_account"] == Ref("builder_account", ("id",))
    assert service["service_account_email"] == Ref("work_account", ("email",))
    assert service["ingress_settings"] == "ALLOW_INTERNAL_ONLY"


def test_the_builder_reads_no_data() -> None:
    compiled = run_on(CloudFunction())
    who = Ref("builder_account", ("member",))
    granted = {node.id: node for node in nodes(compiled) if node.inputs.get("member") == who}
    assert set(granted) == {"builder_logs", "builder_copies", "builder_uploads", "builder_images"}
    assert granted["builder_uploads"].inputs["bucket"] == Ref("code_bucket", ("name",))
    copies = granted["builder_copies"].inputs["condition"]
    assert isinstance(copies, dict)
    assert copies["expression"] == 'resource.name.startsWith("projects/_/buckets/gcf-v2-")'


def test_the_entry_is_no_name_that_a_user_would_take() -> None:
    compiled = run_on(CloudFunction())
    build = one(compiled, "gcp.cloudfunctionsv2.Function").inputs["build_config"]
    assert isinstance(build, dict)
    source = build["environment_variables"]["GOOGLE_FUNCTION_SOURCE"]
    (path,) = [path for path in compiled.files if path.endswith(f"/{source}")]
    space = compile(compiled.files[path], path, "exec")
    assert build["entry_point"] in space.co_names
    assert not [path for path in compiled.files if path.endswith("functions/tasks/main.py")]


@pytest.mark.parametrize(
    ("asked", "memory", "cpu", "noted"),
    [
        (CloudFunction(), "512Mi", "0.333", False),
        (CloudFunction(memory=128), "128Mi", "0.083", False),
        (CloudFunction(memory=2048), "2048Mi", "1", False),
        (CloudFunction(memory=600), "1024Mi", "0.583", True),
        (CloudFunction(memory=512, cpu=0.5), "512Mi", "0.583", True),
        (CloudFunction(memory=32768, cpu=1), "32768Mi", "8", True),
        (CloudFunction(memory=128, cpu=4), "2048Mi", "4", True),
    ],
)
def test_memory_and_cpu_come_in_pairs(asked: CloudFunction, memory: str, cpu: str, noted: bool) -> None:
    service = one(run_on(asked), "gcp.cloudfunctionsv2.Function").inputs["service_config"]
    assert isinstance(service, dict)
    assert (service["available_memory"], service["available_cpu"]) == (memory, cpu)
    assert [code for code, _ in codes(asked)] == (["rounded"] if noted else [])


def test_what_a_function_cannot_have() -> None:
    assert ("limit", "error") in codes(CloudFunction(memory=40_000))
    assert codes(CloudFunction(concurrency=2)) == [("concurrency", "error")]
    assert codes(CloudFunction(concurrency=2, cpu=1)) == []
    assert ("instances", "error") in codes(CloudFunction(min_instances=9, max_instances=3))
    assert codes(CloudFunction(timeout=1801)) == [("timeout", "warning")]
    assert codes(CloudFunction(timeout=1800)) == []


@pytest.mark.parametrize("name", ["GLACIER_TASK", "PORT", "K_SERVICE", "GOOGLE_X", "FUNCTION_TARGET", "1ST", "A-B", ""])
def test_a_setting_that_is_not_the_users(name: str) -> None:
    for spec in (CloudFunction(env={name: "x"}), CloudRunJob(env={name: "x"})):
        (diagnostic,) = found(spec)
        assert (diagnostic.code, diagnostic.severity.value) == ("limit", "error")
        assert f"{type(spec).__name__}.env: {name!r} " in diagnostic.message
    assert found(CloudFunction(env={"MODE": "x", "_K": "y"})) == []


@pytest.mark.parametrize(
    ("cpu", "memory", "becomes"),
    [
        (1, 512, ("1", "512Mi")),
        (1, 600, ("1", "600Mi")),
        (0.5, 128, ("1", "512Mi")),
        (4, 512, ("4", "2048Mi")),
        (1, 5000, ("2", "5000Mi")),
        (8, 32768, ("8", "32768Mi")),
    ],
)
def test_a_job_has_the_least_that_fits(cpu: float, memory: int, becomes: tuple[str, str]) -> None:
    template = one(run_on(CloudRunJob(cpu=cpu, memory=memory)), "gcp.cloudrunv2.Job").inputs["template"]
    assert isinstance(template, dict)
    limits = template["template"]["containers"][0]["resources"]["limits"]
    assert (limits["cpu"], limits["memory"]) == becomes


def test_a_jobs_image_is_in_the_repository_unless_one_is_given() -> None:
    compiled = run_on(CloudRunJob())
    job = one(compiled, "gcp.cloudrunv2.Job")
    image = said(job.inputs["template"]["template"]["containers"][0]["image"])
    assert re.fullmatch(r"us-central1-docker\.pkg\.dev/.*/\?/tasks:[0-9a-f]{12}", image)
    build = one(compiled, "command.local.Command")
    assert said(build.inputs["environment"]["IMAGE"]) == image
    assert build.ref in job.options.depends_on
    given = run_on(CloudRunJob(image="us-docker.pkg.dev/cloudrun/container/job"))
    assert not nodes(given, "gcp.artifactregistry.Repository")
    assert one(given, "gcp.cloudrunv2.Job").inputs["deletion_protection"] is False


@pytest.mark.parametrize(
    ("image", "right"),
    [
        ("europe-docker.pkg.dev/p/r/image:1", True),
        ("eu.gcr.io/p/image", True),
        ("docker.io/library/python", True),
        ("library/python", True),
        ("python:3.13", True),
        ("ghcr.io/me/image", False),
        ("localhost:5000/image", False),
    ],
)
def test_cloud_run_takes_images_from_googles_registries_and_dockers(image: str, right: bool) -> None:
    assert codes(CloudRunJob(image=image)) == ([] if right else [("image", "warning")])


def test_what_is_made_waits_for_its_service() -> None:
    compiled = run_on(CloudFunction())
    services = {node.id: node.inputs["service"] for node in nodes(compiled, "gcp.projects.Service")}
    assert all(node.inputs["disable_on_destroy"] is False for node in nodes(compiled, "gcp.projects.Service"))
    function = one(compiled, "gcp.cloudfunctionsv2.Function")
    waits = {services[ref.node] for ref in function.options.depends_on if ref.node in services}
    assert waits == {f"{name}.googleapis.com" for name in ("cloudfunctions", "cloudbuild", "run", "artifactregistry")}


def test_accounts_have_names_that_no_other_stack_has_and_that_fit() -> None:
    pipeline = Pipeline("p" + "x" * 99)

    @pipeline.task(name="t" + "y" * 99)
    def first() -> None:
        return None

    @pipeline.task(name="t" + "y" * 98 + "z")
    def second() -> None:
        return None

    accounts = nodes(GCPCompiler().compile(pipeline), "gcp.serviceaccount.Account")
    names = [said(account.inputs["account_id"], "123456") for account in accounts]
    assert len(set(names)) == len(names) == 4
    assert all(re.fullmatch(r"[a-z][a-z0-9-]{4,22}-123456", name) for name in names), names


def test_what_a_compiler_refuses() -> None:
    for wrong in (
        {"region": "us-central"},
        {"project": "Example"},
        {"naming_prefix": "1st"},
        {"tags": {"Team": "data"}},
        {"tags": {"team": "Data"}},
    ):
        with pytest.raises(DeclarationError):
            GCPCompiler(**wrong)
    GCPCompiler(project="example.com:my-project", naming_prefix="Acme", tags={"team": "data"})


def test_without_a_project_the_stack_is_asked() -> None:
    settings = [config.name for config in run_on(CloudFunction()).programs["gcp"].settings]
    assert "project" in settings
    known = GCPCompiler(project="example-project").compile(_one_task())
    assert "project" not in [config.name for config in known.programs["gcp"].settings]


def _one_task() -> Pipeline:
    pipeline = Pipeline("one")

    @pipeline.task
    def only() -> None:
        return None

    return pipeline
