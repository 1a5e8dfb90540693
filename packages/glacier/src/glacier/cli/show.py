"""Shows things in the terminal: tables, and diagnostics beside the line of code they speak of.

``rich`` is imported when something is shown with it, and not before: `glacier --help` shows nothing with it.
"""

from __future__ import annotations

import linecache
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from glacier.errors import Diagnostic, Severity, Where

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_COLORS = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.NOTE: "bold cyan"}
_ORDER = tuple(Severity)
_DECORATED = 6  # so many lines from a decorator to its function are shown at most


def console(*, err: bool = False) -> Console:
    """Where things are shown; what is not a terminal is as wide as it needs to be, and has no color."""
    from rich.console import Console

    stream = sys.stderr if err else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else 1000
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Sequence[str] = ()) -> None:
    """A titled table; the columns named in ``numbers`` are aligned to the right."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="dim")
    for column in columns:
        shown.add_column(column, justify="right" if column in numbers else "left", overflow="fold")
    for row in rows:
        shown.add_row(*(Text(cell) for cell in row))
    out = console()
    out.print(Text(title, style="bold"))
    out.print(shown)
    out.print()


def line(text: str = "", style: str = "") -> None:
    """One line of plain text, never broken."""
    console().print(text, style=style, soft_wrap=True)


def diagnostics(found: Iterable[Diagnostic], *, err: bool = False) -> None:
    """Every diagnostic once, errors first, then by file and line."""
    from rich.text import Text

    out = console(err=err)
    for diagnostic in sorted(dict.fromkeys(found), key=_place):
        out.print(Text("\n").join(_diagnostic(diagnostic)), soft_wrap=True)
        out.print()


def crossing(block: str) -> None:
    """The block that says what crosses clouds, on standard error; nothing when nothing does."""
    if block:
        heading, _, rest = block.partition("\n")
        out = console(err=True)
        out.print(heading, style="bold yellow", soft_wrap=True)
        out.print(rest, soft_wrap=True)
        out.print()


def counted(found: Iterable[Diagnostic]) -> str:
    """How many of each: ``2 errors, 1 warning``; empty when there are none."""
    counts = Counter(diagnostic.severity for diagnostic in dict.fromkeys(found))
    return ", ".join(f"{counts[s]} {s}{'s' if counts[s] > 1 else ''}" for s in Severity if counts[s])


def path(name: str | Path) -> str:
    """A path as one would type it here: relative when it is below the current directory."""
    try:
        return str(Path(name).absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(name)


def fault(code: str, message: str, help_: str = "", where: Where | None = None) -> Diagnostic:
    """An error that concerns the whole file or command."""
    return Diagnostic(code=code, message=message, help=help_, where=where)


def as_json(diagnostic: Diagnostic) -> dict[str, Any]:
    """A diagnostic as plain data."""
    where = diagnostic.where
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "subject": diagnostic.subject,
        "message": diagnostic.message,
        "help": diagnostic.help,
        "file": path(where.file) if where else None,
        "line": where.line if where else None,
    }


def usage(message: str) -> click.UsageError:
    """An error in the command itself, which ends with the exit code 2."""
    return click.UsageError(message, click.get_current_context(silent=True))


def _place(diagnostic: Diagnostic) -> tuple[int, str, int]:
    where = diagnostic.where or Where("", 0)
    return _ORDER.index(diagnostic.severity), where.file, where.line


def _diagnostic(diagnostic: Diagnostic) -> Iterator[Text]:
    from rich.text import Text

    color = _COLORS[diagnostic.severity]
    here = f"{Path.cwd()}{os.sep}"  # other lines are named in the text, too
    subject = f"{diagnostic.subject}: " if diagnostic.subject else ""
    yield Text.assemble(
        (f"{diagnostic.severity}[{diagnostic.code}]", color),
        ": ",
        (subject, "bold"),
        diagnostic.message.replace(here, ""),
    )
    if diagnostic.where is not None:
        yield from _source(diagnostic.where, color)
    for number, text in enumerate(diagnostic.help.replace(here, "").splitlines()):
        yield Text.assemble(("  help: " if number == 0 else "        ", "bold green"), text)


def _source(where: Where, color: str) -> Iterator[Text]:
    from rich.text import Text

    numbered = _excerpt(where)
    margin = max((len(str(number)) for number, _ in numbered), default=1)
    yield Text.assemble((f"{'':{margin}}--> ", "blue"), f"{path(where.file)}:{where.line}")
    if not numbered:
        return
    yield Text(f"{'':{margin}} |", "blue")
    for number, code in numbered:
        yield Text.assemble((f"{number:>{margin}} | ", "blue"), code)
    last = numbered[-1][1]
    indent = len(last) - len(last.lstrip())
    yield Text.assemble((f"{'':{margin}} | ", "blue"), (" " * indent + "^" * len(last.strip()), color))


def _excerpt(where: Where) -> list[tuple[int, str]]:
    """The line itself; for a decorator, on to the function below it. Nothing when the file cannot be read."""
    code = [linecache.getline(where.file, number).rstrip().expandtabs(4) for number in _window(where)]
    if not code[0].strip():
        return []
    end = 1
    if code[0].lstrip().startswith("@"):
        end = next((n for n, text in enumerate(code, 1) if text.lstrip().startswith(("def ", "async def "))), 1)
    return list(zip(_window(where), code[:end], strict=False))


def _window(where: Where) -> range:
    return range(where.line, where.line + _DECORATED)
