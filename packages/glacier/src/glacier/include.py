"""Which files beside a pipeline its tasks open, as patterns of paths."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath

from glacier.errors import reject


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
