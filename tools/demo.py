"""The main job, end to end: an example is checked, drawn, run here, and compiled; what came out is shown."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
EXAMPLE = "examples/sales.py"  # names no cloud
MIX = "examples/best_of_breed.py"  # three of them


def glacier(*arguments: str) -> None:
    """Run one command as a user would, showing it first."""
    print(
        f"\n\033[1m$ glacier {' '.join(arguments)}\033[0m"
        if sys.stdout.isatty()
        else f"\n$ glacier {' '.join(arguments)}"
    )
    sys.stdout.flush()
    script = shutil.which("glacier", path=str(Path(sys.executable).parent))
    if script is None:
        raise SystemExit("glacier is not installed beside this Python: run ./just setup")
    subprocess.run([script, *arguments], cwd=ROOT, check=True)


def main() -> None:
    """Everything the README promises of its first command."""
    glacier("check", EXAMPLE, "--to", "aws")
    glacier("graph", EXAMPLE)
    glacier("run", EXAMPLE)
    glacier("plan", EXAMPLE, "--to", "aws")
    glacier("compile", EXAMPLE, "--to", "aws", "--out", "infra/sales")
    glacier("compile", MIX, "--out", "infra/best-of-breed")
    program = ROOT / "infra" / "sales" / "aws" / "__main__.py"
    lines = program.read_text(encoding="utf-8").splitlines()
    print(f"\n{program.relative_to(ROOT)}, {len(lines)} lines; it begins:\n")
    print("\n".join(f"    {line}".rstrip() for line in lines[:48]))


if __name__ == "__main__":
    main()
