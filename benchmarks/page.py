"""The page of the documentation: what ``run.py`` measures, and below a heading what ``cold_start.py`` does."""

from __future__ import annotations

from pathlib import Path

_PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
_HEADING = "## A function on AWS Lambda\n"


def above(text: str) -> None:
    """Replace what is above the heading."""
    _write(text, _parts()[1])


def below(text: str) -> None:
    """Replace what is below the heading."""
    _write(_parts()[0], text)


def _parts() -> tuple[str, str]:
    head, _, rest = _PAGE.read_text(encoding="utf-8").partition(_HEADING)
    return head, rest


def _write(head: str, rest: str) -> None:
    text = f"{head.strip()}\n\n{_HEADING}\n{rest.strip()}" if rest else head.strip()
    _PAGE.write_text(f"{text}\n", encoding="utf-8")
