"""``glacier graph``: each form, to the output or to a file."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from glacier.cli import show
from sample import Command

MERMAID = """\
flowchart LR
  d_clean[("clean<br/>scratch")]:::dataset
  d_orders[("orders<br/>object storage")]:::dataset
  d_report[("report<br/>object storage")]:::dataset
  t_collect["collect<br/>serverless"]:::task
  t_tidy["tidy<br/>serverless"]:::task
  t_summarize["summarize<br/>serverless"]:::task
  t_collect --> d_orders
  d_orders --> t_tidy
  t_tidy --> d_clean
  d_clean --> t_summarize
  t_summarize --> d_report
"""
TEXT = """\
sales  3 tasks in 3 stages, 3 datasets (0 sources)

stage 1
              collect ─────▶ orders

stage 2
  orders ───▶ tidy ────────▶ clean

stage 3
   clean ───▶ summarize ───▶ report

datasets
  clean   scratch                     tidy → summarize
  orders  object storage, json, 2 GB  collect → tidy
  report  object storage              summarize → (result)
"""


def test_text(glacier: Command) -> None:
    assert "\n".join(line.rstrip() for line in glacier("graph", "sales.py").stdout.splitlines()) + "\n" == TEXT


def test_mermaid(glacier: Command) -> None:
    assert glacier("graph", "sales.py", "--mermaid").stdout.startswith(MERMAID)


@pytest.mark.parametrize("words", [["sales.py", "--svg"], ["sales.py", "--svg", "-"], ["--svg", "sales.py"]])
def test_svg_to_the_output(glacier: Command, folder: Path, words: list[str]) -> None:
    result = glacier("graph", *words)
    assert result.exit_code == 0, result.output
    assert ET.fromstring(result.stdout).tag == "{http://www.w3.org/2000/svg}svg"
    assert [entry.name for entry in folder.iterdir()] == ["sales.py"]


@pytest.mark.parametrize("form", ["mermaid", "svg", "html"])
def test_a_file(glacier: Command, folder: Path, form: str) -> None:
    result = glacier("graph", "sales.py", f"--{form}", "drawing.out")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "wrote drawing.out\n")
    assert "summarize" in (folder / "drawing.out").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Say which pipeline"),
        (["--svg"], "Say which pipeline"),
        (["sales.py", "--svg", "--html"], "--svg and --html: give one of them"),
        (["sales.py", "--svg", "sales.py"], "--svg would write over sales.py"),
        (["sales.py", "--svg", "nowhere/x.svg"], "nowhere/x.svg cannot be written"),
    ],
)
def test_a_wrong_command(glacier: Command, folder: Path, words: list[str], said: str) -> None:
    before = (folder / "sales.py").read_text()
    result = glacier("graph", *words)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())
    assert (folder / "sales.py").read_text() == before


def test_in_a_terminal_it_has_colors(glacier: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "\x1b[" in glacier("graph", "sales.py").stdout
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[3" not in glacier("graph", "sales.py").stdout


def test_a_path_elsewhere_is_shown_whole(folder: Path) -> None:
    assert show.path(folder / "sales.py") == "sales.py"
    assert show.path("/elsewhere/x.py") == "/elsewhere/x.py"
