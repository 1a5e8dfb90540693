"""``glacier plan``: what is decided, as tables and as JSON, and which compiler decides it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from glacier import project
from glacier.graph import build
from sample import SALES, Command
from toycloud import ToyCompiler

MULTI = (
    "from glacier.compilation import MultiCloudCompiler\nfrom toycloud import TinCompiler, ToyCompiler\n"
    'tin, toy = TinCompiler(), ToyCompiler(region="cellar")\nboth = MultiCloudCompiler({"tin": tin, "toy": toy})\n'
)


def cells(text: str) -> list[list[str]]:
    """The words of each line, for tables whose cells hold none with two spaces in it."""
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in text.splitlines()]


def test_tables_of_everything(glacier: Command, folder: Path) -> None:
    result = glacier("plan", "sales.py", "--to", "toy")
    assert result.exit_code == 0, result.output
    rows = cells(result.stdout)
    assert rows[0] == ["sales on toy (attic)"]
    assert ["orders", "Shelf orders", "toy attic", "orders/", "generic; the only cloud compiled for"] in rows
    assert ["2", "tidy", "Robot", "toy attic", "orders", "clean"] in rows
    assert ["1", "collect", "Robot", "toy attic", "–", "orders"] in rows
    assert ["toy", "toy.Shelf", "3"] in rows
    assert ["orders", "shelf.gb", "2", "0.25 per GB", "0.50", "month", "2026-01-01"] in rows
    assert ["report", "shelf.gb", "unknown (GB kept)", "0.25 per GB", "unknown", "month", "2026-01-01"] in rows
    assert ["tidy", "robot.call", "1", "not in the table", "unknown", "run"] in rows
    assert "Known: 0.50 USD a month and 0.00 USD a run" in result.stdout
    assert "5 of 6 lines are not known" in result.stdout
    assert sorted(entry.name for entry in folder.iterdir()) == ["sales.py"]


def test_json_is_the_readable_plan(glacier: Command) -> None:
    result = glacier("plan", "sales.py", "--to", "toy", "--json")
    assert result.exit_code == 0
    data = json.loads(result.stdout)
    namespace: dict[str, Any] = {"__name__": "same"}
    exec(compile(SALES, "same.py", "exec"), namespace)
    planned = ToyCompiler().plan(namespace["pipeline"])
    expected = project.readable(planned, {})
    assert data["resources"]["toy"][0]["type"] == "toy.Provider"
    for key in expected.keys() - {"resources", "diagnostics"}:
        assert data[key] == json.loads(json.dumps(expected[key]))
    assert data["diagnostics"] == []
    assert len(build(planned.graph.pipeline).tasks) == len(data["tasks"])


def test_json_with_errors_is_still_json(glacier: Command, folder: Path) -> None:
    (folder / "big.py").write_text(SALES.replace("memory=1024", "memory=9999"))
    result = glacier("plan", "big.py", "--to", "toy", "--json")
    assert result.exit_code == 1
    data = json.loads(result.stdout)
    assert [task["name"] for task in data["tasks"]] == ["collect", "tidy", "summarize"]
    (found,) = data["diagnostics"]
    assert (found["code"], found["severity"], found["subject"]) == ("limit", "error", "task tidy")
    assert (found["file"], found["line"]) == ("big.py", 18)


def test_json_of_what_does_not_import(glacier: Command, folder: Path) -> None:
    (folder / "broken.py").write_text("import nowhere_zzz\n")
    result = glacier("plan", "broken.py", "--to", "toy", "--json")
    assert result.exit_code == 1
    data = json.loads(result.stdout)
    assert data["pipeline"] is None
    assert data["diagnostics"][0]["code"] == "import"


def test_errors_and_no_tables(glacier: Command, folder: Path) -> None:
    (folder / "big.py").write_text(SALES.replace("memory=1024", "memory=9999"))
    result = glacier("plan", "big.py", "--to", "toy")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "error[limit]" in result.stderr


def test_transfers(glacier: Command, folder: Path) -> None:
    text = "from toycloud import Shelf\n" + SALES.replace("ObjectStorage()", "Shelf(region='cellar')")
    (folder / "both.py").write_text(text)
    rows = cells(glacier("plan", "both.py", "--to", "toy").stdout)
    assert ["orders", "collect (toy attic)", "Shelf orders (toy cellar)", "unknown", "unknown"] in rows
    assert ["orders", "Shelf orders (toy cellar)", "tidy (toy attic)", "unknown", "unknown"] in rows


@pytest.mark.parametrize(
    ("words", "first"),
    [
        (["--to", "toy", "--region", "cellar"], "toy (cellar)"),
        (["--to", "tin", "--region", "loft"], "tin (loft)"),  # by its own word for a region
        (["--to", "tin,toy"], "tin (cellar)"),
        (["--to", "toy", "--to", "tin", "--region", "toy=cellar", "--region", "tin=loft"], "toy (cellar)"),
        (["--to", "toy , tin", "--region", "toy=cellar,tin=loft"], "toy (cellar)"),
    ],
)
def test_a_cloud_and_its_region(glacier: Command, words: list[str], first: str) -> None:
    result = glacier("plan", "sales.py", *words)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"sales on {first}\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "defines no compiler: say what to compile for, --to tin or --to toy"),
        (["--to", "tyo"], "Did you mean 'toy'?"),
        (["--to", "zzz"], "no such cloud. aws, azure, gcp, tin, toy."),
        (["--to", ","], "--to needs the name of a cloud"),
        (["--region", "attic"], "--region goes with --to"),
        (["--to", "toy", "--with", "x"], "give one of them"),
        (["--to", "toy,tin", "--region", "attic"], "--region toy=… --region tin=…"),
        (["--to", "toy", "--region", "tin=attic"], "--to does not name 'tin'"),
        (["--to", "toy", "--region", "attic", "--region", "cellar"], "attic and cellar are both for toy"),
    ],
)
def test_a_wrong_command(glacier: Command, words: list[str], said: str) -> None:
    result = glacier("plan", "sales.py", *words)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())


def test_a_cloud_that_is_not_installed(glacier: Command) -> None:
    result = glacier("plan", "sales.py", "--to", "gcp")
    assert result.exit_code == 1
    assert "error[provider]: the provider 'gcp' is not installed\n  help: pip install glacier-gcp" in result.stderr


def test_a_region_that_is_none(glacier: Command) -> None:
    result = glacier("plan", "sales.py", "--to", "toy", "--region", "moon")
    assert result.exit_code == 1
    assert "error[region]: toy has no region 'moon'\n\n" in result.stderr  # and no line of code is blamed


def test_the_compiler_of_the_module(glacier: Command, folder: Path) -> None:
    (folder / "own.py").write_text("from toycloud import ToyCompiler\nprod = ToyCompiler(region='cellar')\n" + SALES)
    for words in (["own.py"], ["own.py:pipeline"], ["own.py:prod"], ["own.py", "--with", "prod"]):
        assert glacier("plan", *words).stdout.startswith("sales on toy (cellar)\n")
    assert glacier("plan", "own.py", "--to", "tin").stdout.startswith("sales on tin (cellar)\n")
    wrong = glacier("plan", "own.py", "--with", "prd")
    assert wrong.exit_code == 1
    assert "did you mean --with prod?" in wrong.stderr


def test_several_compilers_need_a_name(glacier: Command, folder: Path) -> None:
    own = "from toycloud import TinCompiler, ToyCompiler\nprod, trial = ToyCompiler(), TinCompiler()\n"
    (folder / "own.py").write_text(own + SALES)
    result = glacier("plan", "own.py")
    assert result.exit_code == 1
    assert "own.py defines 2 compilers: prod, trial\n  help: say which: --with prod\n" in result.stderr
    assert glacier("plan", "own.py", "--with", "trial").stdout.startswith("sales on tin")


def test_the_parts_of_a_multi_cloud_compiler_are_not_meant(glacier: Command, folder: Path) -> None:
    (folder / "both.py").write_text(MULTI + SALES)
    assert glacier("plan", "both.py").stdout.startswith("sales on tin (cellar)\n")
    assert glacier("plan", "both.py", "--with", "toy").stdout.startswith("sales on toy (cellar)\n")
