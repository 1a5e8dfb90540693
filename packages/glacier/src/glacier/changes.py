"""Tells what deploying one exported folder after another would create, keep, change and remove, and what data it costs.

Both folders are read as they are, changes of the user's included: resources from the programs, homes from the record.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from glacier.disk import RECORD
from glacier.errors import CompileError, Diagnostic

_FOLDER = re.compile(r"functions/[\w.-]+")


class What(StrEnum):
    """What becomes of a resource."""

    CREATED = "created"
    CHANGED = "changed"
    KEPT = "kept"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """What Pulumi knows a resource by: its cloud's program, its type and its name."""

    cloud: str
    type: str
    name: str


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource as a program's text says it: each argument as text, and whether it holds data."""

    key: Key
    arguments: Mapping[str, str]
    holds_data: bool


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one resource, and which of its arguments differ."""

    what: What
    key: Key
    arguments: tuple[str, ...] = ()
    holds_data: bool = False


@dataclass(frozen=True, slots=True)
class Changes:
    """Everything that differs, and in sentences what of it would lose data or leave it behind."""

    resources: tuple[Change, ...]
    losses: tuple[str, ...]

    def of(self, what: What) -> tuple[Change, ...]:
        """The changes of one sort."""
        return tuple(change for change in self.resources if change.what is what)


def between(old: Path, new: Path) -> Changes:
    """What deploying ``new`` after ``old`` does.

    Raises :class:`~glacier.errors.CompileError` for a folder that ``glacier compile`` did not write.
    """
    before, after = _record(old), _record(new)
    there, wanted = _resources(old, before), _resources(new, after)
    made = [_change(key, there.get(key), wanted.get(key)) for key in sorted({*there, *wanted})]
    return Changes(tuple(made), (*_moved(before, after), *_lost(made, before, after)))


def _change(key: Key, before: Resource | None, after: Resource | None) -> Change:
    if before is None or after is None:
        one = before or after
        assert one is not None
        return Change(What.CREATED if before is None else What.REMOVED, key, (), one.holds_data)
    names = sorted({*before.arguments, *after.arguments})
    different = tuple(name for name in names if before.arguments.get(name) != after.arguments.get(name))
    return Change(What.CHANGED if different else What.KEPT, key, different, before.holds_data)


def _lost(made: list[Change], before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for cloud, place in before["clouds"].items():
        there = after["clouds"].get(cloud)
        if there is not None and there["region"] != place["region"]:
            yield (
                f"{cloud} moves from {place['region']} to {there['region']}: every resource of it is replaced, and what"
                " holds data is refused while it is protected; give the new region a name of its own"
                f" (MultiCloudCompiler({{{cloud!r}: …, '{cloud}-{there['region']}': …}})) and copy the data first"
            )
    for change in made:
        if change.what is What.REMOVED and change.holds_data:
            yield (
                f"{change.key.type} {change.key.name} on {change.key.cloud} holds data and is no longer in the program:"
                " with keep_data it stays in the cloud, managed by nobody; without, its data is deleted"
            )


def _moved(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Datasets that get another storage, which begins empty."""
    homes, later = _homes(before), _homes(after)
    for dataset, home in homes.items():
        there = later.get(dataset)
        if there is None:
            yield f"dataset {dataset} is no longer in the pipeline; what {home.words} holds of it stays until removed"
        elif there.key != home.key:
            yield f"dataset {dataset} moves from {home.words} to {there.words}, which is empty: copy its data there"
        elif there.path != home.path:
            yield f"dataset {dataset} moves from {home.path} to {there.path} in {home.words}: copy its data there"


@dataclass(frozen=True, slots=True)
class _Home:
    key: tuple[str, str, str]
    path: str

    @property
    def words(self) -> str:
        return f"{self.key[2]} {self.key[1]} on {self.key[0]}"


def _homes(record: Mapping[str, Any]) -> dict[str, _Home]:
    return {
        dataset: _Home((storage["cloud"], storage["name"], storage["is"]), path)
        for storage in record["storages"]
        for dataset, path in storage["datasets"].items()
    }


def _record(folder: Path) -> Mapping[str, Any]:
    try:
        record: Mapping[str, Any] = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        if not {"clouds", "storages", "resources", "files"} <= record.keys():
            raise ValueError("another record")
    except (OSError, ValueError):
        message = f"{folder} holds no {RECORD} that can be read, so it was not written by `glacier compile`"
        help_ = "name a folder that `glacier compile --out` or export_pulumi() wrote"
        raise CompileError([Diagnostic(code="diff", message=message, help=help_)]) from None
    return record


def _resources(folder: Path, record: Mapping[str, Any]) -> dict[Key, Resource]:
    found: dict[Key, Resource] = {}
    for cloud in record["resources"]:
        file = folder / cloud / "__main__.py"
        try:
            tree = ast.parse(file.read_text(encoding="utf-8"), str(file))
        except (OSError, SyntaxError) as error:
            help_ = "compile it again, or repair the file"
            raise CompileError([Diagnostic(code="diff", message=f"{file}: {error}", help=help_)]) from None
        for resource in _calls(tree, cloud, record["files"]):
            found[resource.key] = resource
    return found


def _calls(tree: ast.Module, cloud: str, files: Mapping[str, str]) -> Iterator[Resource]:
    """The resources that a program creates: calls of a class of an SDK with a name, as statements of their own."""
    for statement in tree.body:
        call = statement.value if isinstance(statement, ast.Assign | ast.Expr) else None
        match call:
            case ast.Call(func=function, args=[ast.Constant(value=str(name)), *_], keywords=keywords):
                said = ast.unparse(function)
                if (
                    said.count(".")
                    and not said.startswith(("pulumi.", "config."))
                    and said.rpartition(".")[2][0].isupper()
                ):
                    arguments = {
                        word.arg: _with_code(ast.unparse(word.value), cloud, files)
                        for word in keywords
                        if word.arg is not None
                    }
                    holds_data = "protect=" in arguments.get("opts", "")
                    yield Resource(Key(cloud, said, name), arguments, holds_data)


def _with_code(said: str, cloud: str, files: Mapping[str, str]) -> str:
    """An argument's text; where it names a folder of code, with what is in the folder."""
    folder = _FOLDER.search(said)
    if folder is None:
        return said
    inside = [f"{path} {digest}" for path, digest in files.items() if path.startswith(f"{cloud}/{folder[0]}/")]
    return "\n".join([said, *sorted(inside)])
