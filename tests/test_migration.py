"""One pipeline on AWS, then on AWS and Google Cloud, then on Google Cloud: only the compiler changes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner
from glacier import CompileError, changes
from glacier.changes import What
from glacier.cli.app import app
from glacier.compilation import MultiCloudCompiler
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
    from glacier import Pipeline, Task
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
