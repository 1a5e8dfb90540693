"""Locks each set of requirements once, for every cloud that has it: the same versions everywhere, and here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from glacier.disk import digest
from glacier.vendoring import resolver
from glacier.vendoring.exported import LOCKS, Export, Folder

_HEAD = """\
# What these packages resolve to on every cloud; `glacier build --upgrade DIR` resolves them anew. Keep it.
# Made from {key}
"""


def lock(export: Export, staging: Path, *, upgrade: bool) -> dict[str, Path]:
    """The locks of an export by name: those it has, and in ``staging`` those that it lacks or that no longer fit.

    Raises :class:`~glacier.errors.CompileError` when requirements contradict each other.
    """
    return {
        name: _lock(name, [folder for folder in export.folders if folder.lock == name], export, staging, upgrade)
        for name in sorted({folder.lock for folder in export.folders})
    }


def file_of(name: str) -> str:
    """Where in an export a lock is."""
    return f"{LOCKS}/{name}.txt"


def _lock(name: str, folders: Iterable[Folder], export: Export, staging: Path, upgrade: bool) -> Path:
    folders = list(folders)
    requires = sorted({line for folder in folders for line in folder.requires})
    python = min((folder.python for folder in folders), key=_numbers)
    head = _HEAD.format(key=digest(json.dumps([requires, python]).encode())[:24])
    former = export.directory / file_of(name)
    if not upgrade and former.is_file() and former.read_text(encoding="utf-8").startswith(head):
        return former
    kept = "" if upgrade else _kept(export, former)
    made = staging / f"{name}.txt"
    pinned = resolver.lock(requires, python, _preferred(folders, kept))
    made.write_text(head + pinned, encoding="utf-8", newline="")
    return made


def _kept(export: Export, former: Path) -> str:
    """What was locked before: one requirement more is another lock, but no reason for new versions of all others."""
    if former.is_file():
        return former.read_text(encoding="utf-8")
    pins: dict[str, list[str]] = {}
    for other in sorted((export.directory / LOCKS).glob("tasks*.txt")):
        pins = {**_pins(other.read_text(encoding="utf-8")), **pins}
    return _text(pins)


def _preferred(folders: Iterable[Folder], kept: str) -> str:
    """Versions that have wheels where they are needed, the oldest Python and C library first; then what was locked.

    A version that is the newest on any platform may have no wheel for an old one: numpy 2.4 has none for glibc 2.17.
    """
    chosen: dict[str, list[str]] = {}
    for folder in sorted({(each.python, each.platform): each for each in folders}.values(), key=_age):
        preferred = _text({**_pins(kept), **chosen})
        for package, lines in _pins(resolver.select(folder, preferred=preferred)).items():
            chosen.setdefault(package, lines)
    return _text({**_pins(kept), **chosen})


def _age(folder: Folder) -> tuple[list[int], list[int]]:
    """By Python, then by the version of the C library that the platform's name ends with."""
    library = folder.platform.partition("-")[2].removeprefix("manylinux")
    return _numbers(folder.python), [2, 17] if library == "2014" else _numbers(library.strip("_").replace("_", "."))


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def _pins(text: str) -> dict[str, list[str]]:
    """The lines of each package, by its name; one may be pinned more than once, for different Pythons."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in text.splitlines():
        if line[:1].isalnum():
            name = line.partition("=")[0].strip()
        if name and not line.startswith("#"):
            found.setdefault(name, []).append(line)
    return found


def _text(pins: Mapping[str, Iterable[str]]) -> str:
    return "".join(f"{line}\n" for _, lines in sorted(pins.items()) for line in lines)
