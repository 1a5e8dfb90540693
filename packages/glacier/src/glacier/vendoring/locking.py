"""Locks each set of requirements once, for every cloud that has it: the same versions everywhere, and here."""

from __future__ import annotations

import json
from collections.abc import Iterable
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
    python = min((folder.python for folder in folders), key=lambda version: [int(part) for part in version.split(".")])
    head = _HEAD.format(key=digest(json.dumps([requires, python]).encode())[:24])
    former = export.directory / file_of(name)
    if not upgrade and former.is_file() and former.read_text(encoding="utf-8").startswith(head):
        return former
    made = staging / f"{name}.txt"
    if former.is_file():
        made.write_bytes(former.read_bytes())  # what is pinned stays pinned
    resolver.lock(requires, python, made, upgrade=upgrade)
    made.write_text(head + made.read_text(encoding="utf-8"), encoding="utf-8", newline="")
    return made
