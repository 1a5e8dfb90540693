"""The deployment guide: everything one has to do, in the order in which one does it."""

from __future__ import annotations

import re
from typing import Annotated, Any

from glacier import Dataset, Pipeline, compute, task
from glacier.compilation import Compiled, MultiCloudCompiler
from glacier.pipeline import Task
from glacier.storage import Database, ObjectStorage
from glacier_aws import AWSCompiler
from glacier_aws.compute import FargateTask, Lambda
from glacier_aws.storage import S3
from glacier_azure import AzureCompiler
from glacier_azure.storage import BlobStorage
from glacier_gcp import GCPCompiler
from glacier_gcp.storage import GCS
from toycloud import TinCompiler, ToyCompiler

given, made = Dataset("given", ObjectStorage(), expected_size="10 GB"), Dataset("made", path="out/made.json")


@task
def work(rows: Annotated[Any, given]) -> Annotated[Any, made]: ...


def guide(*tasks: Task[..., Any], compiler: Any = None, name: str = "sales") -> str:
    compiled: Compiled = (compiler or AWSCompiler()).compile(Pipeline(name, tasks))
    return compiled.files["README.md"].decode()


def section(text: str, title: str) -> str:
    """What stands under a heading."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"{title!r} is none of {re.findall('^## (.*)', text, re.MULTILINE)}"
    return found[1]


def headings(text: str) -> list[str]:
    return re.findall("^## (.*)", text, re.MULTILINE)


def test_the_order_in_which_one_does_things() -> None:
    text = guide(work)
    assert text.startswith("# Deploying sales\n")
    assert headings(text) == [
        "Before you start",
        "1. Install the packages that the functions import",
        "2. Create a stack and configure it",
        "3. Look, then deploy",
        "Put the inputs in place",
        "Run the pipeline",
        "What each stack creates",
        "Who may do what",
        "What it costs",
        "Change something",
        "Tear it down",
    ]


def test_it_names_the_cloud_and_the_region() -> None:
    text = guide(work, compiler=AWSCompiler(region="eu-west-1"))
    assert "`aws/` (aws, eu-west-1)" in text
    assert "credentials for aws" in section(text, "Before you start")


def test_packages_are_installed_for_the_machine_that_runs_them() -> None:
    @task(compute=Lambda(architecture="arm64", runtime="python3.11"))
    def small() -> None: ...

    text = section(guide(work, small), "1. Install the packages that the functions import")
    assert "--target aws/functions/tasks --requirements aws/functions/tasks/requirements.txt" in text
    assert "--python-platform x86_64-manylinux_2_28 --python-version 3.13" in text
    assert "--target aws/functions/tasks-py3.11-arm64 " in text
    assert "--python-platform aarch64-manylinux2014 --python-version 3.11" in text
    assert text.count("--only-binary :all:") == 2


def test_settings_without_a_default_are_asked_for() -> None:
    text = section(guide(work), "2. Create a stack and configure it")
    assert "cd aws\npulumi stack init dev" in text
    assert "`pulumi config set keep_data …`" in text
    assert "(now `true`)" in text


def test_images_are_built_only_when_there_are_some() -> None:
    @task(compute=compute.container())
    def built() -> None: ...

    @task(compute=FargateTask(image="registry.example/image:1", requirements=["x==1"]))
    def ready() -> None: ...

    assert "4. Build and push the container images" not in headings(guide(work, ready))
    text = section(guide(built, ready), "4. Build and push the container images")
    assert "docker build --platform linux/amd64" in text
    assert "$(pulumi stack output image_built)" in text
    assert "image_ready" not in text


def test_inputs_are_what_no_task_writes() -> None:
    text = section(guide(work), "Put the inputs in place")
    assert "`given`: in `given/` of the storage that `pulumi stack output storage_given` names (aws)" in text
    assert "made" not in text

    @task
    def start() -> Annotated[Any, given]: ...

    assert "Put the inputs in place" not in headings(guide(start))


def test_the_workflow_is_started_as_its_cloud_does() -> None:
    assert "aws stepfunctions start-execution" in section(guide(work), "Run the pipeline")


def test_every_resource_is_counted() -> None:
    compiled = AWSCompiler().compile(Pipeline("sales", [work]))
    text = section(compiled.files["README.md"].decode(), "What each stack creates")
    count = sum(1 for _ in compiled.programs["aws"].nodes)
    assert f"**aws**: {count} resources" in text
    assert sum(int(number) for number in re.findall(r"^\| `aws\..*` \| (\d+) \|$", text, re.MULTILINE)) == count
    assert "| made | S3 `scratch` | aws, us-east-1 | scratch data lives with the task that writes it |" in text
    assert "| work | Lambda | aws, us-east-1 | 1 |" in text


def test_access_is_a_row_for_each_task() -> None:
    @task
    def ping() -> None: ...

    text = section(guide(work, ping), "Who may do what")
    assert "| work | given | made |" in text
    assert "| ping | – | – |" in text


def test_costs_are_dated_and_unknown_is_not_zero() -> None:
    text = section(guide(work), "What it costs")
    row = next(line for line in text.splitlines() if line.startswith("| given | object_storage.storage.STANDARD "))
    assert "10 a month" in row
    assert re.search(r"\| 20\d\d-\d\d-\d\d \|$", row)
    assert "unknown (GB kept)" in text
    assert "unknown (seconds it runs)" in text
    assert re.search(r"Known: \d+\.\d\d USD a month", text)


def test_costs_are_cut_after_many_lines() -> None:
    tasks = []
    for number in range(120):

        @task(name=f"work {number}")
        def each() -> None: ...

        tasks.append(each)
    text = section(guide(*tasks), "What it costs")
    assert re.search(r"\d+ more lines are in `glacier\.json`", text)


def test_taking_over_is_offered_for_named_storage_only() -> None:
    def naming(storage: Any) -> str:
        @task
        def write() -> Annotated[Any, Dataset("kept", storage)]: ...

        return guide(write)

    title = "Take over buckets that exist already"
    assert title not in headings(naming(ObjectStorage()))
    assert title not in headings(naming(S3("a-bucket", existing=True)))
    text = section(naming(S3("a-bucket")), title)
    assert "`a-bucket` will be created" in text
    assert "--adopt" in text


def test_data_is_kept_unless_asked_otherwise() -> None:
    text = section(guide(work), "Tear it down")
    assert "pulumi state unprotect --all" in text
    assert "pulumi config set keep_data false" in text


def test_each_cloud_has_its_stack() -> None:
    text = guide(work, compiler=MultiCloudCompiler({"tin": TinCompiler(), "toy": ToyCompiler()}))
    assert "`tin/` (tin, cellar)" in text


def test_secrets_are_set_as_secrets() -> None:
    @task
    def store() -> Annotated[Any, Dataset("table", Database())]: ...

    compiled = AWSCompiler().compile(Pipeline("sales", [store]))
    text = compiled.files["README.md"].decode()
    for config in compiled.programs["aws"].settings:
        if config.default is None:
            assert f"pulumi config set {'--secret ' if config.secret else ''}{config.name}" in text


def test_packages_are_built_by_one_command_or_by_hand() -> None:
    text = section(guide(work), "1. Install the packages that the functions import")
    assert "glacier build ." in text
    assert text.index("glacier build .") < text.index("Without Glacier")


def test_packages_go_where_the_cloud_looks_for_them() -> None:
    text = section(guide(work, compiler=AzureCompiler()), "1. Install the packages that the functions import")
    assert (
        "--target azure/functions/tasks/.python_packages/lib/site-packages --requirements azure/functions/tasks/"
        in text
    )


def before(compiler: Any, *tasks: Task[..., Any]) -> list[str]:
    text = section(guide(*tasks, compiler=compiler), "Before you start")
    return [line.removeprefix("- ") for line in text.splitlines() if line.startswith("- ")]


def test_what_the_trust_program_needs_is_needed() -> None:
    """Only who may assign roles makes a guest's grants."""

    @task(compute=Lambda())
    def send() -> Annotated[Any, Dataset("there", BlobStorage())]: ...

    both = MultiCloudCompiler({"azure": AzureCompiler(), "aws": AWSCompiler()}, enable_cross_cloud_warnings=False)
    found = before(both, send)
    assert [row for row in found if row.startswith("the right to assign roles in the subscription")]


def test_an_organization_of_google_cloud_may_refuse_guests() -> None:
    @task(compute=Lambda())
    def send() -> Annotated[Any, Dataset("there", GCS())]: ...

    both = MultiCloudCompiler({"gcp": GCPCompiler(), "aws": AWSCompiler()}, enable_cross_cloud_warnings=False)
    (row,) = (row for row in before(both, send) if "iam.workloadIdentityPoolAwsAccounts" in row)
    assert "`iam.workloadIdentityPoolProviders`" in row
    assert not [row for row in before(GCPCompiler(), work) if "workloadIdentityPool" in row]


def test_a_bucket_of_google_clouds_that_is_there_already_takes_grants_with_conditions() -> None:
    def kept(storage: GCS) -> list[str]:
        @task
        def write() -> Annotated[Any, Dataset("kept", storage)]: ...

        return [row for row in before(GCPCompiler(), write) if "uniform bucket-level access" in row]

    (row,) = kept(GCS("example-theirs", existing=True))
    assert "`gcloud storage buckets update gs://example-theirs --uniform-bucket-level-access`" in row
    assert kept(GCS("example-ours")) == []


def test_what_two_clouds_of_one_provider_need_is_said_once() -> None:
    @task
    def near() -> Annotated[Any, Dataset("near", GCS(location="us-central1"))]: ...

    @task
    def far(value: Annotated[Any, Dataset("far", GCS(location="europe-west1"))]) -> None: ...

    clouds = {"near": GCPCompiler(region="us-central1"), "far": GCPCompiler(region="europe-west1")}
    rows = before(MultiCloudCompiler(clouds), near, far)
    assert len([row for row in rows if "gcloud CLI" in row]) == 1
