"""``glacier compile``: what is written, and when nothing is."""

from __future__ import annotations

from pathlib import Path

from sample import SALES, Command


def test_it_writes_and_says_what_is_next(glacier: Command, folder: Path) -> None:
    result = glacier("compile", "sales.py", "--to", "toy", "--out", "made")
    assert result.exit_code == 0, result.output
    written = [file for file in (folder / "made").rglob("*") if file.is_file()]
    assert f"sales: wrote {len(written)} files to made" in result.stdout
    inside = sum(1 for file in written if file.relative_to(folder / "made").parts[0] == "toy")
    assert f"made/toy/  {inside} files, 16 resources" in result.stdout
    assert result.stdout.count("\n  cd made/toy\n  pulumi stack init dev\n  pulumi up") == 1
    assert (folder / "made" / "toy" / "__main__.py").read_text().startswith('"""Infrastructure of the pipeline sales')


def test_the_folder_is_infra_when_not_named(glacier: Command, folder: Path) -> None:
    assert glacier("compile", "sales.py", "--to", "toy").exit_code == 0
    assert (folder / "infra" / "glacier.json").exists()


def test_nothing_is_written_on_errors(glacier: Command, folder: Path) -> None:
    (folder / "big.py").write_text(SALES.replace("memory=1024", "memory=9999"))
    result = glacier("compile", "big.py", "--to", "toy")
    assert result.exit_code == 1
    assert "error[limit]" in result.stderr
    assert not (folder / "infra").exists()


def test_changed_files_are_kept_unless_forced(glacier: Command, folder: Path) -> None:
    glacier("compile", "sales.py", "--to", "toy")
    program = folder / "infra" / "toy" / "__main__.py"
    program.write_text("mine\n")
    refused = glacier("compile", "sales.py", "--to", "toy")
    assert refused.exit_code == 1
    assert "changed since they were generated" in refused.stderr
    assert program.read_text() == "mine\n"
    assert glacier("compile", "sales.py", "--to", "toy", "--force").exit_code == 0
    assert program.read_text() != "mine\n"


def test_a_folder_with_other_files_is_refused(glacier: Command, folder: Path) -> None:
    result = glacier("compile", "sales.py", "--to", "toy", "--out", ".")
    assert result.exit_code == 1
    assert "holds files that are not Glacier's" in result.stderr


def test_warnings_are_shown(glacier: Command, folder: Path) -> None:
    own = "from toycloud import Shelf, ToyCompiler\ncompiler = ToyCompiler()\n"
    (folder / "own.py").write_text(own + SALES.replace("ObjectStorage()", "Shelf(tier='dusty')"))
    result = glacier("compile", "own.py")
    assert result.exit_code == 0
    assert "warning[tier]" in result.stderr
    assert "help: tier='open'" in result.stderr


def test_several_clouds(glacier: Command, folder: Path) -> None:
    own = (
        "from glacier.compilation import MultiCloudCompiler\nfrom toycloud import Robot, TinCompiler, ToyCompiler\n"
        'both = MultiCloudCompiler({"tin": TinCompiler(), "toy": ToyCompiler()})\n'
    )
    (folder / "both.py").write_text(own + SALES + "@pipeline.task(compute=Robot())\ndef ping() -> None: ...\n")
    result = glacier("compile", "both.py")
    assert result.exit_code == 0, result.output
    assert "cd infra/tin" in result.stdout
    assert "then the same in toy" in result.stdout


def test_a_cloud_that_the_pipeline_no_longer_has_is_named(glacier: Command, folder: Path) -> None:
    (folder / "sales.py").write_text(SALES)
    for cloud in ("tin", "toy"):
        result = glacier("compile", "sales.py", "--to", cloud)
        assert result.exit_code == 0, result.output
    assert "! the pipeline no longer has infra/tin/: a program that makes nothing is there now" in result.stdout
    assert "`pulumi up --refresh` there removes what was deployed from it" in result.stdout
    assert "infra/toy/: a program" not in result.stdout
