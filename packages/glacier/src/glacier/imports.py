"""What a file imports: anywhere in it, and as soon as it is imported itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

_GUARDS = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}


@dataclass(frozen=True, slots=True)
class Import:
    """A module, or something in one, and the variable it is in; ``line`` is where."""

    module: str
    name: str | None
    variable: str
    line: int

    @property
    def whole(self) -> str:
        """The module with what is imported from it, which may be a module too."""
        return f"{self.module}.{self.name}" if self.name is not None else self.module


@dataclass(frozen=True, slots=True)
class Imports:
    """``anywhere`` are modules, or what is in them; ``at_once`` is what is sure to be imported when the file is."""

    anywhere: tuple[str, ...]
    at_once: tuple[Import, ...]


@lru_cache(maxsize=1024)
def imports(content: bytes, file: str, module: str) -> Imports:
    """The imports of a file that is a module's; by its content, since a notebook's process outlives edits.

    Raises :class:`SyntaxError` for one that is not valid Python.
    """
    tree = ast.parse(content, file)
    package = package_of(file, module)
    statements = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = dict.fromkeys(each.whole for each in sure(statements, package))
    return Imports(tuple(names), tuple(sure(tree.body, package)))


def module_at(path: str) -> str:
    """The module that a file is, by its path in a folder from which modules are imported."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def package_of(file: str, module: str) -> str:
    """What a file's relative imports are relative to."""
    return module if file.endswith("__init__.py") else module.rpartition(".")[0]


def sure(body: Sequence[ast.stmt], package: str) -> Iterator[Import]:
    """What statements import whenever they are executed: in no ``if``, and in no ``try`` that expects it to fail."""
    for node in body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                variable = alias.asname or alias.name.partition(".")[0]
                yield Import(alias.name, None, variable, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            module = _absolute(node, package)
            for alias in node.names:
                name = alias.name if alias.name != "*" else None
                yield Import(module, name, alias.asname or alias.name, node.lineno)
        else:
            yield from sure(_executed(node), package)


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
