"""The type checker, the linter and the formatter over generated text, each in one process for all of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

LINE_LENGTH: Final = 120
RULES: Final = ("E", "F", "W", "I", "UP", "B")


def typecheck(directories: Iterable[str | Path], *, python: str = sys.executable) -> list[str]:
    """What pyright says of generated projects, in its standard mode, against the SDKs that ``python`` can import.

    Only a project's own modules are checked (``__main__.py``, ``overrides.py``), each project with its own import
    root; the code inside ``functions`` is somebody's pipeline. Raises ``RuntimeError`` when pyright could not check.
    """
    roots = sorted({Path(directory).resolve() for directory in directories})
    with tempfile.TemporaryDirectory() as workplace:
        # Pyright takes paths relative to its settings only.
        near = [os.path.relpath(root, Path(workplace).resolve()) for root in roots]
        settings = {
            "include": [f"{path}/*.py" for path in near],
            "exclude": [],
            "executionEnvironments": [{"root": path} for path in near],
            "typeCheckingMode": "standard",
            "reportMissingImports": "error",
        }
        Path(workplace, "pyrightconfig.json").write_text(json.dumps(settings), "utf-8")
        command = [python, "-m", "pyright", "--outputjson", "--project", workplace, "--pythonpath", python]
        done = subprocess.run(command, capture_output=True, text=True, env=_quiet(os.environ), check=False)
    report = _report(done)
    wanted = sum(len(list(root.glob("*.py"))) for root in roots)
    if report["summary"]["filesAnalyzed"] < wanted:
        raise RuntimeError(f"pyright checked {report['summary']['filesAnalyzed']} of {wanted} files: {done.stderr}")
    return [_diagnostic(one, roots) for one in report["generalDiagnostics"]]


def _quiet(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment in which pyright is the installed version, from the package itself, and says nothing else."""
    kept = {name: value for name, value in environment.items() if not name.startswith("PYRIGHT_PYTHON_")}
    return {**kept, "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1", "PYRIGHT_PYTHON_USE_BUNDLED_PYRIGHT": "1"}


def _report(done: subprocess.CompletedProcess[str]) -> Any:
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError as error:
        raise RuntimeError(f"pyright failed ({done.returncode}): {done.stdout}{done.stderr}") from error


def _diagnostic(found: Mapping[str, Any], roots: Sequence[Path]) -> str:
    path = Path(found["file"])
    root = next((root for root in roots if path.is_relative_to(root)), None)
    shown = path if root is None else path.relative_to(root.parent)
    rule = f" [{found['rule']}]" if "rule" in found else ""
    return f"{shown}:{found['range']['start']['line'] + 1}: {found['severity']}: {found['message']}{rule}"


def lint(
    directories: Iterable[str | Path], *, line_length: int = LINE_LENGTH, rules: Sequence[str] = RULES
) -> list[str]:
    """What ruff says of generated projects: every rule broken, and every file that its formatter would change."""
    roots = sorted({Path(directory).resolve() for directory in directories})
    files = [str(file) for root in roots for file in sorted(root.glob("*.py"))]
    if not files:
        raise RuntimeError(f"there is no generated text in {', '.join(map(str, roots))}")
    shared = ["--isolated", "--no-cache", "--config", f"line-length={line_length}", "--target-version", "py311"]
    sources = json.dumps([str(root) for root in roots])
    checking = ["check", "--select", ",".join(rules), "--config", f"src={sources}", "--output-format", "concise"]
    # Its exit status is 1 when it has something to say and 2 when it could not look.
    said = _ruff([*checking, "--quiet", *shared, *files])
    changed = _ruff(["format", "--check", "--diff", "--quiet", *shared, *files])
    return [line for line in said.splitlines() if line] + ([f"not formatted:\n{changed}"] if changed else [])


def _ruff(arguments: Sequence[str]) -> str:
    done = subprocess.run([sys.executable, "-m", "ruff", *arguments], capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"ruff failed ({done.returncode}): {done.stdout}{done.stderr}")
    return done.stdout
