"""Finds what tasks are sure to need, and will not have where they run."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import packages_distributions
from pathlib import Path

from glacier.errors import Diagnostic, Severity, Where
from glacier.imports import Import, module_at, package_of, sure
from glacier.vendoring.exported import Export, Folder
from glacier.vendoring.trees import Tree


@dataclass(frozen=True, slots=True)
class _Need:
    """A module, or something in one, that a line needs."""

    name: str
    file: str
    line: int


def review(export: Export, built: Mapping[Folder, Tree]) -> Iterator[Diagnostic]:
    """A warning for each library that a task needs and that is nowhere, once for all folders in which it is so.

    Looked at is the code of tasks, and what it names in the user's own modules. What a module imports at its top for
    others need not be there. Not looked at is what an image, or a layer, may have.
    """
    found: dict[tuple[str, str], tuple[_Need, list[Folder]]] = {}
    for folder, tree in built.items():
        if folder.brings is not None and folder.is_function:
            own = export.own(folder)
            code = _Code(export.directory / folder.path, own)
            there = {*sys.stdlib_module_names, *folder.brings, *tree.modules, *(p.partition("/")[0] for p in own)}
            there |= {name.removesuffix(".py") for name in there}
            for task, need in code.needs():
                if not _is_there(need.name, there):
                    found.setdefault((task, _shown(need.name, there)), (need, []))[1].append(folder)
    for (task, name), (need, folders) in found.items():
        yield Diagnostic(
            code="import",
            severity=Severity.WARNING,
            subject=f"task {task}",
            message=f"needs {name}, which nothing brings to {', '.join(dict.fromkeys(each.cloud for each in folders))}",
            where=Where(str(export.directory / folders[0].path / need.file), need.line),
            help=f"requirements=[{_distribution(name)}] for its compute",
        )


def _is_there(name: str, there: Iterable[str]) -> bool:
    """Whether one of some modules is what is needed, or has it; ``google.cloud`` is wherever a part of it is."""
    return any(f"{name}.".startswith(f"{known}.") or known.startswith(f"{name}.") for known in there)


def _shown(name: str, there: Collection[str]) -> str:
    """The shortest part of a name that is nowhere."""
    parts = name.split(".")
    starts = (".".join(parts[: length + 1]) for length in range(len(parts)))
    return next(start for start in starts if not _is_there(start, there))


def _distribution(name: str) -> str:
    """What to require for a module, if that is known by its being installed here."""
    known = sorted(set(packages_distributions().get(name.partition(".")[0], ())))
    return repr(known[0]) if len(known) == 1 else f"…the package that has {name}…"


class _Module:
    """One of the user's modules: what it imports at its top, and what it declares there."""

    def __init__(self, name: str, file: str, tree: ast.Module) -> None:
        self.name, self.file, self.tree = name, file, tree
        self.package = package_of(file, name)

    @cached_property
    def imported(self) -> dict[str, Import]:
        return {each.variable: each for each in sure(self.tree.body, self.package)}

    @cached_property
    def declared(self) -> dict[str, list[ast.AST]]:
        """The code behind each name, without annotations, which nothing needs where a task runs."""
        found: dict[str, list[ast.AST]] = {}
        for node in self.tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                defaults = [each for each in (*node.args.defaults, *node.args.kw_defaults) if each is not None]
                found[node.name] = [*node.decorator_list, *defaults, *node.body]
            elif isinstance(node, ast.ClassDef):
                found[node.name] = [node]
            elif isinstance(node, ast.Assign):
                names = (target.id for target in node.targets if isinstance(target, ast.Name))
                found.update({name: [node.value] for name in names})
        return found


class _Code:
    """A folder's own code, read as far as its tasks lead into it."""

    def __init__(self, folder: Path, own: Iterable[str]) -> None:
        self.folder = folder
        self.files = {module_at(path): path for path in own if path.endswith(".py")}
        self.modules: dict[str, _Module | None] = {}

    def needs(self) -> Iterator[tuple[str, _Need]]:
        """What each task needs, by the task's name."""
        manifest = json.loads((self.folder / "manifest.json").read_text(encoding="utf-8"))
        for task, place in manifest["tasks"].items():
            module, _, function = place.partition(":")
            yield from ((task, need) for need in self._of(module, function.partition(".")[0]))

    def _of(self, module: str, name: str) -> Iterator[_Need]:
        waiting, seen = [(module, name)], set[tuple[str, str]]()
        while waiting:
            here = waiting.pop()
            found = self._module(here[0])
            if here in seen or found is None:
                continue
            seen.add(here)
            code = found.declared.get(here[1], [])
            if not code and here[1] in found.imported:  # what one module has of another
                passed = found.imported[here[1]]
                waiting.append((passed.module, passed.name or ""))
            for each in sure([node for node in code if isinstance(node, ast.stmt)], found.package):
                yield _Need(each.whole, found.file, each.line)
                waiting.append((each.module, each.name or ""))
            for node in (inner for outer in code for inner in ast.walk(outer)):
                if isinstance(node, ast.Name) and node.id in found.imported:
                    each = found.imported[node.id]
                    yield _Need(each.whole, found.file, node.lineno)
                    waiting.append((each.module, each.name or ""))
                elif isinstance(node, ast.Name):
                    waiting.append((found.name, node.id))
                elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                    named = found.imported.get(node.value.id)
                    if named is not None:
                        waiting.append((named.whole, node.attr))

    def _module(self, name: str) -> _Module | None:
        """A module of the user's; ``None`` for every other, Glacier's among them."""
        if name not in self.modules:
            file = self.files.get(name) if not name.startswith("glacier") else None
            self.modules[name] = self._read(name, file) if file is not None else None
        return self.modules[name]

    def _read(self, name: str, file: str) -> _Module | None:
        try:
            return _Module(name, file, ast.parse((self.folder / file).read_bytes(), file))
        except SyntaxError:  # it was valid when it was exported: whoever changed it there will see
            return None
