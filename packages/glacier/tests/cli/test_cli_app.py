"""The command as a program of its own: exit codes, misspelt words, and what is not imported for nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from glacier.cli.app import COMMANDS
from sample import Command


def program(*words: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    code = "import sys; sys.argv[0] = 'glacier'; from glacier.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=cwd,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )


def test_help_lists_every_command(glacier: Command) -> None:
    result = glacier("--help")
    assert result.exit_code == 0
    for name in COMMANDS:
        assert f"  {name} " in result.stdout
        assert glacier(name, "--help").exit_code == 0


def test_the_version(glacier: Command) -> None:
    assert glacier("--version").stdout.startswith("glacier, version ")


def test_a_misspelt_command_is_answered_with_the_nearest(glacier: Command) -> None:
    result = glacier("chekc", "sales.py")
    assert result.exit_code == 2
    assert "Did you mean 'check'?" in result.stderr
    assert "There are: check, plan" in glacier("zzz").stderr


def test_a_misspelt_option_is_answered_with_the_nearest(glacier: Command) -> None:
    result = glacier("plan", "sales.py", "--jsn")
    assert result.exit_code == 2
    assert "--json" in result.stderr


@pytest.mark.parametrize(
    ("words", "code"),
    [(["check", "sales.py"], 0), (["check", "bad.py"], 1), (["check", "none.py"], 2), (["graph", "sales.py"], 0)],
)
def test_exit_codes(folder: Path, words: list[str], code: int) -> None:
    (folder / "bad.py").write_text("import nowhere_zzz\n")
    result = program(*words, cwd=folder)
    assert result.returncode == code, result.stderr
    assert "Traceback (most recent call last)" not in result.stderr


def test_a_narrow_encoding_is_no_reason_to_fail(folder: Path) -> None:
    result = program("graph", "sales.py", cwd=folder, PYTHONIOENCODING="ascii")
    assert result.returncode == 0, result.stderr
    assert "tidy" in result.stdout


def test_help_imports_only_what_it_needs(folder: Path) -> None:
    code = (
        "import sys\nfrom glacier.cli import app\n"
        "try:\n    app.app(['--help'], standalone_mode=False)\nfinally:\n"
        "    heavy = ['rich', 'obstore', 'fast_sugiyama', 'glacier.compilation', 'glacier.execution']\n"
        "    print('LOADED', [name for name in heavy if name in sys.modules])\n"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=120)
    assert "LOADED []" in result.stdout, result.stdout + result.stderr


def test_without_click_it_says_what_to_install(folder: Path) -> None:
    code = "import sys; sys.modules['click'] = None; from glacier.cli import main; main()"
    result = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=120)
    assert result.returncode == 1
    assert "pip install 'glacier-pipelines[cli]'" in result.stderr
    assert "Traceback" not in result.stderr
