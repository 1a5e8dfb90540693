"""``glacier run``: what is shown while it runs, when all went well, and when it did not."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from glacier.cli import run, show
from glacier.errors import TaskError
from glacier.execution import TaskRun
from rich.console import Console
from sample import SALES, Command

LOGS = """\
from typing import Annotated
from glacier import Dataset, Pipeline

pipeline = Pipeline("logs")
text = Dataset("text", format="text")


@pipeline.task
def count(x: Annotated[str, text]) -> Annotated[int, Dataset("lines")]:
    return len(x.splitlines())
"""


def cells(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in text.splitlines()]


def test_the_summary(glacier: Command, folder: Path) -> None:
    result = glacier("run", "sales.py")
    assert result.exit_code == 0, result.output
    rows = cells(result.stdout)
    assert rows[0] == ["sales: 3 tasks ran"]
    assert rows[1] == ["task", "seconds", "output", "size", "where"]
    found = {row[0]: row for row in rows[3:6]}
    assert found["collect"][2:] == ["orders", "9 B", ".glacier/sales/orders/orders/data.json"]
    assert found["summarize"][2:] == ["report", "13 B", ".glacier/sales/report/report/data.json"]
    assert (folder / found["summarize"][4]).read_text() == '{"total": 14}'
    assert [line.split(":")[0] for line in result.stderr.splitlines()] == [
        "[1/3] collect",
        "[2/3] tidy",
        "[3/3] summarize",
    ]


def test_the_summary_says_what_packing_spared(glacier: Command, folder: Path) -> None:
    text = (folder / "sales.py").read_text()
    assert text.count('"report"') == 1
    (folder / "sales.py").write_text(text.replace('"report"', '"report", transfer={"compress": True}'))
    result = glacier("run", "sales.py")
    assert result.exit_code == 0, result.output
    rows = cells(result.stdout)
    assert rows[1] == ["task", "seconds", "output", "size", "saved", "where"]
    found = {row[0]: row for row in rows[3:6]}
    assert found["collect"][4] == "–"
    assert found["summarize"][3:] == ["13 B", "-13 B", ".glacier/sales/report/report/data.json.zst"]


def test_another_folder_and_no_folder(glacier: Command, folder: Path) -> None:
    assert glacier("run", "sales.py", "--root", "data").exit_code == 0
    assert (folder / "data" / "sales" / "report" / "report" / "data.json").exists()
    result = glacier("run", "sales.py", "--no-persist")
    assert result.exit_code == 0
    assert not (folder / ".glacier").exists()
    assert ["summarize", "report", "–", "memory"] in [[row[0], *row[2:]] for row in cells(result.stdout) if row]


@pytest.mark.slow
def test_workers(glacier: Command, folder: Path) -> None:
    result = glacier("run", "sales.py", "--workers", "2")
    assert result.exit_code == 0, result.output
    assert (folder / ".glacier" / "sales" / "report" / "report" / "data.json").read_text() == '{"total": 14}'


def test_a_task_that_fails(glacier: Command, folder: Path) -> None:
    text = SALES.replace("return [row for row in rows if row]", "return helper(rows)").replace("retries=2", "retries=0")
    (folder / "bad.py").write_text(text + "\n\ndef helper(rows):\n    raise ValueError('no such shop')\n")
    result = glacier("run", "bad.py")
    assert result.exit_code == 1
    assert result.stdout == ""
    said = result.stderr.splitlines()
    assert said[0].startswith("[1/3] collect: ")
    begin = said.index("error[task]: task tidy: ValueError: no such shop")
    assert said[begin + 1 : begin + 5] == [
        '  File "bad.py", line 20, in tidy',
        "    return helper(rows)",
        '  File "bad.py", line 29, in helper',
        "    raise ValueError('no such shop')",
    ]
    assert "  --> bad.py:18" in said
    assert said[-1] == "did not run: summarize"


def test_a_source_that_is_missing(glacier: Command, folder: Path) -> None:
    (folder / "logs.py").write_text(LOGS)
    result = glacier("run", "logs.py")
    assert result.exit_code == 1
    assert "error[task]: task count, dataset text: there is no file in .glacier/logs/scratch/text/" in result.stderr
    help_ = "  help: put one there: mkdir -p .glacier/logs/scratch/text/ && cp FILE.txt .glacier/logs/scratch/text/"
    assert help_ in result.stderr.splitlines()
    place = folder / ".glacier" / "logs" / "scratch" / "text"
    place.mkdir(parents=True)
    (place / "any.txt").write_text("a\nb\n")
    assert glacier("run", "logs.py").exit_code == 0


@pytest.mark.parametrize("words", [["--workers", "0"], ["--rot", "x"], ["nowhere.py"]])
def test_a_wrong_command(glacier: Command, words: list[str]) -> None:
    assert glacier("run", *([] if "nowhere.py" in words else ["sales.py"]), *words).exit_code == 2


def test_retries_are_told(glacier: Command, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenacity.sleep_using_event", lambda event: lambda seconds: None)
    text = SALES.replace("retries=2", "retries=1").replace("return [row for row in rows if row]", "return again(rows)")
    (folder / "flaky.py").write_text(
        text + "\n\ntries = []\n\n\ndef again(rows):\n    tries.append(1)\n"
        "    if len(tries) < 2:\n        raise OSError('busy')\n    return rows\n"
    )
    result = glacier("run", "flaky.py")
    assert result.exit_code == 0, result.output
    assert "tidy: attempt 1 failed (OSError: busy); again in " in result.stderr
    assert "tidy" in result.stderr
    assert cells(result.stdout)[1] == ["task", "seconds", "attempts", "output", "size", "where"]


def test_a_terminal_has_a_live_display(monkeypatch: pytest.MonkeyPatch) -> None:
    text = io.StringIO()
    console = Console(file=text, force_terminal=True, width=100, highlight=False, markup=False)
    monkeypatch.setattr(show, "console", lambda **_: console)
    with run._shown() as progress:
        assert isinstance(progress, run._Live)
        progress.begin(["one", "two"])
        progress.started("one")
        progress.retrying("one", 1, TaskError("one", "busy"), 0.5)
        progress.finished(TaskRun("one", 0.1, 2, {}))
        progress.started("two")
        progress.failed("two", TaskError("two", "no"))
        progress.end(["two"])
    assert "one: attempt 1 failed (busy); again in 0.5 s" in text.getvalue()
    assert "1/2" in text.getvalue()
    assert progress.skipped == ["two"]


@pytest.mark.parametrize(
    ("size", "shown"),
    [(None, "–"), (0, "0 B"), (999, "999 B"), (1000, "1.0 KB"), (2_500_000, "2.5 MB"), (10**16, "10000.0 TB")],
)
def test_sizes(size: int | None, shown: str) -> None:
    assert run._size(size) == shown
