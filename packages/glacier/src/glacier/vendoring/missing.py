"""Finds what a folder of code is sure to import and will not have where it runs."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import packages_distributions
from pathlib import Path

from glacier.errors import Diagnostic, Severity, Where
from glacier.vendoring.exported import Export, Folder
from glacier.vendoring.trees import Tree

_GUARDS = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}


@dataclass(frozen=True, slots=True)
class _Import:
    """One that is executed whenever the code around it is: in no ``if``, and in no ``try`` that expects it to fail."""

    name: str  # with what is imported from it, which may be a module too
    line: int
    file: str


def review(export: Export, built: Mapping[Folder, Tree]) -> Iterator[Diagnostic]:
    """A warning for each import that fails wherever a task runs, once for all folders in which it does.

    Looked at are modules as far as they are imported when the tasks' modules are, the functions of tasks, and what
    these call in their own module. Not looked at is what an image, or a layer, may have.
    """
    found: dict[tuple[str, str, int], list[Folder]] = {}
    for folder, tree in built.items():
        if folder.brings is not None and folder.is_function:
            own = {path for path in export.own(folder) if path.endswith(".py")}
            there = {*sys.stdlib_module_names, *folder.brings, *tree.modules, *_tops(export.own(folder))}
            for each in _sure(export.directory / folder.path, own):
                if not _is_there(each.name, there):
                    found.setdefault((_shown(each.name, there), each.file, each.line), []).append(folder)
    for (name, file, line), folders in found.items():
        places = ", ".join(dict.fromkeys(folder.cloud for folder in folders))
        yield Diagnostic(
            code="import",
            severity=Severity.WARNING,
            message=f"{name} is imported, and nothing brings it to {places}",
            where=Where(str(export.directory / folders[0].path / file), line),
            help=f"requirements=[{_distribution(name)}] for the compute of the tasks that need it",
        )


def _tops(files: Iterable[str]) -> set[str]:
    return {path.partition("/")[0].removesuffix(".py") for path in files}


def _is_there(name: str, there: Iterable[str]) -> bool:
    """Whether one of some modules is what is imported, or has it; ``google.cloud`` is wherever a part of it is."""
    return any(f"{name}.".startswith(f"{known}.") or known.startswith(f"{name}.") for known in there)


def _shown(name: str, there: Iterable[str]) -> str:
    """The shortest part of a name that is nowhere."""
    parts = name.split(".")
    starts = (".".join(parts[: length + 1]) for length in range(len(parts)))
    return next(start for start in starts if not _is_there(start, there))


def _distribution(name: str) -> str:
    """What to require for a module, if that is known by its being installed here."""
    known = sorted(set(packages_distributions().get(name.partition(".")[0], ())))
    return repr(known[0]) if len(known) == 1 else f"…the package that has {name}…"


def _sure(folder: Path, own: set[str]) -> Iterator[_Import]:
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    functions: dict[str, set[str]] = {}
    for task in manifest["tasks"].values():
        module, _, function = task.partition(":")
        functions.setdefault(module, set()).add(function)
    waiting, seen = [*functions], set[str]()
    while waiting:
        module = waiting.pop()
        file = next((each for each in _files(module) if each in own), None)
        if file is None or module in seen:
            continue
        seen.add(module)
        try:
            tree = ast.parse((folder / file).read_bytes(), file)
        except SyntaxError:  # it was valid when it was exported: whoever changed it there will see
            continue
        package = module if file.endswith("__init__.py") else module.rpartition(".")[0]
        at_once = list(_imports(tree.body, package, file))
        yield from at_once
        yield from _in_functions(tree, functions.get(module, set()), package, file)
        for each in at_once:
            parts = each.name.split(".")
            waiting.extend(".".join(parts[: length + 1]) for length in range(len(parts)))


def _files(module: str) -> tuple[str, str]:
    path = module.replace(".", "/")
    return f"{path}/__init__.py", f"{path}.py"


def _in_functions(tree: ast.Module, names: set[str], package: str, file: str) -> Iterator[_Import]:
    """What functions import when they are called, and the functions of the module that they name."""
    there = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    waiting, seen = sorted(names), set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen or name not in there:
            continue
        seen.add(name)
        yield from _imports(there[name].body, package, file)
        waiting.extend(node.id for node in ast.walk(there[name]) if isinstance(node, ast.Name))


def _imports(body: Sequence[ast.stmt], package: str, file: str) -> Iterator[_Import]:
    for node in body:
        if isinstance(node, ast.Import):
            yield from (_Import(alias.name, node.lineno, file) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = _absolute(node, package)
            yield from (_Import(f"{start}.{alias.name}".removesuffix(".*"), node.lineno, file) for alias in node.names)
        else:
            yield from _imports(_executed(node), package, file)


def _absolute(node: ast.ImportFrom, package: str) -> str:
    """The module that something is imported from; each dot after the first is one package further up."""
    parents = package.split(".")
    above = parents[: len(parents) - node.level + 1] if node.level else []
    return ".".join([*above, *([node.module] if node.module else [])])


def _executed(node: ast.stmt) -> Sequence[ast.stmt]:
    """The statements within one that are executed whenever it is, as far as they may not fail."""
    if isinstance(node, ast.Try):
        guarded = any(_GUARDS & _caught(handler) for handler in node.handlers)
        return [*([] if guarded else node.body), *node.finalbody]
    if isinstance(node, ast.With):
        return node.body if "suppress" not in ast.dump(node.items[0]) else []
    return node.body if isinstance(node, ast.ClassDef) else []


def _caught(handler: ast.ExceptHandler) -> set[str]:
    if handler.type is None:
        return _GUARDS
    return {node.id for node in ast.walk(handler.type) if isinstance(node, ast.Name)}
