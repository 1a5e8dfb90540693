"""Which files of a user's folders come along: those beside a pipeline that its tasks open, and all of a package's."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path, PurePath

from glacier.errors import reject

RECORD = "glacier.json"  # lists, at its top, what an export consists of


def patterns(include: Iterable[str]) -> tuple[str, ...]:
    """Patterns of paths below a folder; what could lead out of it is refused."""
    given = (include,) if isinstance(include, str) else tuple(include)
    fit = tuple(each for each in given if isinstance(each, str) and _stays_below(each))
    if fit != given or isinstance(include, str):
        shown = ", ".join(repr(each) for each in given if each not in fit or isinstance(include, str))
        reject("include", f"include={shown} is no list of paths beside the file", help='include=["queries/*.sql"]')
    return fit


def _stays_below(pattern: str) -> bool:
    path = PurePath(pattern)
    return bool(path.parts) and not path.anchor and all(p != ".." and ("**" not in p or p == "**") for p in path.parts)


def files_below(folder: Path, _above: tuple[Path, ...] = ()) -> Iterator[Path]:
    """Every file of a folder that is the user's own, also behind links; none that could be a secret, or an export.

    A name that begins with a dot is of a tool, or of what stays here (``.env``, ``.git``, ``.glacier``).
    """
    real = folder.resolve()
    if real in _above:  # a link to what it is in
        return
    for entry in sorted(folder.iterdir()):
        if _is_hidden(entry.name):
            continue
        if entry.is_file():
            yield entry
        elif entry.is_dir() and not _is_export(entry):
            yield from files_below(entry, (*_above, real))


def matches(folder: Path, pattern: str) -> Iterator[Path]:
    """The files that a pattern names below a folder; a name with a dot at its start must be in it as it is."""
    named, is_export = PurePath(pattern).parts, cache(_is_export)
    for match in sorted(folder.glob(pattern)):
        parts = match.relative_to(folder).parts
        is_told = all(part in named for part in parts if _is_hidden(part))
        if is_told and not any(is_export(folder.joinpath(*parts[: n + 1])) for n in range(len(parts))):
            yield from files_below(match) if match.is_dir() else [match]


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name == "__pycache__"


def _is_export(folder: Path) -> bool:
    try:
        return "files" in json.loads((folder / RECORD).read_bytes())
    except (OSError, ValueError, TypeError):
        return False
