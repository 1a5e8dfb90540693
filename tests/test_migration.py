"""One pipeline on AWS, then on AWS and Google Cloud, then on Google Cloud: only the compiler changes."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner
from glacier import CompileError, Dataset, Pipeline, changes
from glacier.changes import What
from glacier.cli.app import app
from glacier.compilation import Compiled, MultiCloudCompiler
from glacier.project import EMPTY
from glacier.testing.run import run_program
from glacier_aws import AWSCompiler
from glacier_aws.compute import Lambda
from glacier_aws.storage import S3
from glacier_gcp import GCPCompiler
from glacier_gcp.storage import GCS
from mixes import quietly


@pytest.fixture
def phases(examples: Mapping[str, ModuleType], tmp_path: Path) -> Mapping[str, Path]:
    """Each phase exported; in one of them the default is turned round."""
    module = examples["migration"]
    turned = MultiCloudCompiler({"gcp": module.gcp, "aws": module.aws})
    compilers = {
        "aws": module.on_aws,
        "both": module.on_both,
        "turned": turned,
        "gcp": module.on_google,
    }
    for name, compiler in compilers.items():
        quietly(compiler, module.pipeline).export_pulumi(tmp_path / name)
    return {name: tmp_path / name for name in compilers}


def keys(folder: Path) -> set[tuple[str, str, str]]:
    found = changes.between(folder, folder)
    return {(change.key.cloud, change.key.type, change.key.name) for change in found.of(What.KEPT)}


def test_adding_a_cloud_that_nothing_goes_to_changes_nothing(phases: Mapping[str, Path]) -> None:
    found = changes.between(phases["aws"], phases["both"])
    assert {change.what for change in found.resources} == {What.KEPT}
    assert found.losses == ()


def test_leaving_a_cloud_that_nothing_is_left_on_changes_nothing(phases: Mapping[str, Path]) -> None:
    assert keys(phases["turned"]) == keys(phases["gcp"])


def test_the_move_creates_on_one_cloud_and_removes_on_the_other(phases: Mapping[str, Path]) -> None:
    found = changes.between(phases["both"], phases["turned"])
    assert {change.key.cloud for change in found.of(What.CREATED)} == {"gcp"}
    assert {change.key.cloud for change in found.of(What.REMOVED)} == {"aws"}
    assert found.of(What.KEPT) == ()


def test_what_would_lose_data_is_said(phases: Mapping[str, Path]) -> None:
    losses = changes.between(phases["both"], phases["turned"]).losses
    for name, owner in (("orders", "orders"), ("clean", "warehouse"), ("report", "reports")):
        assert any(f"dataset {name} moves from S3 {owner} on aws to GCS {owner} on gcp" in one for one in losses)
        assert any(f"aws.s3.Bucket migration-{owner} on aws holds data" in one for one in losses)


def test_a_task_that_goes_ahead_leaves_the_rest_as_it_is(examples: Mapping[str, ModuleType], tmp_path: Path) -> None:
    """The middle of a migration: one task moves, its data stays; nothing of what stays is renamed or replaced."""
    from glacier import Task
    from glacier_gcp.compute import CloudFunction

    module = examples["migration"]
    ahead = Task(module.tidy.function, compute=CloudFunction(memory=1024))
    mixed = Pipeline(name="migration", tasks=[module.collect, ahead, module.count])
    quietly(module.on_both, module.pipeline).export_pulumi(tmp_path / "before")
    quietly(module.on_both, mixed).export_pulumi(tmp_path / "after")
    found = changes.between(tmp_path / "before", tmp_path / "after")
    removed = {change.key.name for change in found.of(What.REMOVED)}
    code = {name for name in removed if name.startswith("migration-upload-")}  # what is read abroad is packed anew
    assert removed - code
    assert all(name.startswith("migration-tidy") for name in removed - code)
    kept = {change.key.name for change in found.of(What.KEPT) if change.holds_data}
    assert kept == {"migration-orders", "migration-warehouse", "migration-reports"}
    assert found.losses == ()


def test_the_command_shows_it_in_red(phases: Mapping[str, Path]) -> None:
    result = CliRunner().invoke(app, ["diff", str(phases["both"]), str(phases["turned"])])
    assert result.exit_code == 0
    assert "  + gcp.storage.Bucket migration-orders" in result.output
    assert "  - aws.s3.Bucket migration-orders" in result.output
    assert "! dataset orders moves from S3 orders on aws to GCS orders on gcp" in result.output


def test_a_folder_of_something_else_is_refused(tmp_path: Path, phases: Mapping[str, Path]) -> None:
    (tmp_path / "mine").mkdir()
    with pytest.raises(CompileError, match="was not written by `glacier compile`"):
        changes.between(tmp_path / "mine", phases["aws"])
    result = CliRunner().invoke(app, ["diff", str(tmp_path / "mine"), str(phases["aws"])])
    assert result.exit_code == 1


def test_code_that_changed_is_a_change_of_its_upload(examples: Mapping[str, ModuleType], tmp_path: Path) -> None:
    module = examples["migration"]
    module.on_aws.compile(module.pipeline).export_pulumi(tmp_path / "old")
    new = module.on_aws.compile(module.pipeline)
    new.export_pulumi(tmp_path / "new")
    record = tmp_path / "new" / "glacier.json"
    digest = new.files["glacier.json"].decode().split('"aws/functions/tasks/migration.py": "')[1][:64]
    record.write_text(record.read_text().replace(digest, "0" * 64))
    found = changes.between(tmp_path / "old", tmp_path / "new")
    changed = {change.key.type: change.arguments for change in found.of(What.CHANGED)}
    assert changed == {"aws.s3.BucketObjectv2": ("source",)}


# --- Into the same folder: what was deployed from it stays in the cloud until somebody removes it ---------------------


def shop(*, crosses: bool, google: bool = True) -> Compiled:
    """A task on AWS, and its data here or there."""
    pipeline, here = Pipeline("shop"), Dataset("here", storage=S3())
    there = Dataset("there", storage=GCS() if google else S3())

    @pipeline.task(compute=Lambda())
    def work() -> here:  # type: ignore[valid-type]
        return 1

    if crosses:

        @pipeline.task(compute=Lambda())
        def send(value: here) -> there:  # type: ignore[valid-type]
            return value

    elif google:

        @pipeline.task
        def keep() -> there:  # type: ignore[valid-type]
            return 1

    return quietly(MultiCloudCompiler({"gcp": GCPCompiler(project="example-project"), "aws": AWSCompiler()}), pipeline)


def files(folder: Path, name: str) -> set[str]:
    return {path.name for path in (folder / name).iterdir() if path.is_file()}


def removing(folder: Path) -> str:
    """What the guide says of programs that are no more."""
    _, _, said = (folder / "README.md").read_text().partition("## Remove what the pipeline no longer has")
    return said.partition("## 3.")[0]


def test_trust_that_is_no_more_is_a_program_that_removes_it(tmp_path: Path) -> None:
    shop(crosses=True).export_pulumi(tmp_path)
    project = (tmp_path / "trust" / "Pulumi.yaml").read_bytes()
    after = shop(crosses=False)
    after.export_pulumi(tmp_path)
    assert files(tmp_path, "trust") == {"Pulumi.yaml", "__main__.py", "overrides.py", "requirements.txt"}
    assert (tmp_path / "trust" / "Pulumi.yaml").read_bytes() == project  # the stacks are those of this project
    run = run_program(tmp_path / "trust")
    assert (run.problems, run.resources, run.outputs) == ((), (), {})
    assert "`trust/` first, before anything else is deployed" in removing(tmp_path)
    assert "cd trust\npulumi preview --refresh" in removing(tmp_path)
    assert "keep_data" not in removing(tmp_path)
    assert changes.between(tmp_path, tmp_path).losses == ()
    assert not any(path.startswith("trust/") for path in after.files)  # what is compiled does not depend on the disk


def test_a_cloud_that_is_no_more_keeps_its_program_and_its_data(tmp_path: Path) -> None:
    shop(crosses=True).export_pulumi(tmp_path)
    shop(crosses=False, google=False).export_pulumi(tmp_path)
    assert (tmp_path / "gcp" / "__main__.py").read_text() == EMPTY
    assert not (tmp_path / "gcp" / "functions").exists()
    said = removing(tmp_path)
    assert said.index("cd trust\n") < said.index("cd gcp\n")
    assert "`gcp/` last, when the rest is deployed" in said
    for word in ("refuses while data is protected", "pulumi state unprotect --all", "`keep_data` set to `false`"):
        assert word in said


def test_it_stays_until_its_folder_is_deleted_or_it_is_there_again(tmp_path: Path) -> None:
    shop(crosses=True).export_pulumi(tmp_path)
    written = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for _ in range(2):
        shop(crosses=False, google=False).export_pulumi(tmp_path)
        assert "cd gcp\n" in removing(tmp_path)
    shop(crosses=True).export_pulumi(tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == written
    shop(crosses=False, google=False).export_pulumi(tmp_path)
    for name in ("gcp", "trust"):
        shutil.rmtree(tmp_path / name)
    shop(crosses=False, google=False).export_pulumi(tmp_path)
    assert not removing(tmp_path)
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} == {"aws"}


def test_settings_that_were_changed_beside_it_stay(tmp_path: Path) -> None:
    shop(crosses=True).export_pulumi(tmp_path)
    for name in ("Pulumi.yaml", "Pulumi.prod.yaml"):
        with (tmp_path / "trust" / name).open("a") as file:
            file.write("# mine\n")
    shop(crosses=False).export_pulumi(tmp_path)
    assert (tmp_path / "trust" / "Pulumi.yaml").read_text().endswith("# mine\n")
    assert (tmp_path / "trust" / "Pulumi.prod.yaml").read_text() == "# mine\n"
