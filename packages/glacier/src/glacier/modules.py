"""The files that a folder of code is made of before anything is put beside them: the user's modules, and Glacier's."""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from glacier.errors import Diagnostic
from glacier.graph import AnyTask
from glacier.imports import Imports, imports, module_at
from glacier.plan.placement import Subject

_NOT_SHIPPED = ("testing", "cli", "draw", "mypy", "vendoring")


def module_name(task: AnyTask) -> str:
    """The module that a task is imported from."""
    return importable(task.function.__module__)


def importable(module: str) -> str:
    """``__main__`` is imported by its file's name."""
    if module != "__main__":
        return module
    path = getattr(sys.modules["__main__"], "__file__", None)
    return Path(path).stem if path else module


def user_modules(tasks: Iterable[AnyTask], found: list[Diagnostic]) -> dict[str, Path]:
    """The files of the user's modules and of what they import from beside them, by path within the folder."""
    files: dict[str, Path] = {}
    first: dict[tuple[str, str], AnyTask] = {}
    for task in tasks:
        first.setdefault((task.function.__code__.co_filename, module_name(task)), task)
    for (file, name), task in first.items():
        subject = Subject(f"task {task.name}", task.where)
        if not Path(file).is_file():
            message = "is defined in no file, so its code cannot be exported"
            found.append(subject.error("import", message, "put the pipeline into a .py file"))
            return files
        try:
            files.update(_beside(Path(file), name))
        except SyntaxError as error:  # it was edited since it was imported, or is imported only when the task runs
            message = f"needs {error.filename}, which is not valid Python: line {error.lineno}, {error.msg}"
            found.append(subject.error("import", message, "put that right, and compile again"))
    return files


def _beside(path: Path, module: str) -> dict[str, Path]:
    root = path.parents[module.count(".") + (path.name == "__init__.py")]
    shipped: dict[str, Path] = {}
    waiting = [module.partition(".")[0]]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        for file in _module_files(root, name):
            shipped[file.relative_to(root).as_posix()] = file
            if file.suffix == ".py" and not _is_installed(root):
                waiting.extend(_imports(file.relative_to(root).as_posix(), file).anywhere)
    if not shipped:  # a module whose name is not its path: the file alone, under its module's name
        shipped[f"{module.replace('.', '/')}.py"] = path
    return shipped


def _module_files(root: Path, name: str) -> Iterator[Path]:
    package, single = root / name, root / f"{name}.py"
    if single.is_file():
        yield single
    elif (package / "__init__.py").is_file() and name not in ("glacier", *_provider_packages()):
        yield from (f for f in sorted(package.rglob("*")) if f.is_file() and "__pycache__" not in f.parts)


def _is_installed(root: Path) -> bool:
    return str(root) in {sysconfig.get_path(kind) for kind in ("purelib", "platlib", "stdlib")}


def _imports(name: str, file: Path) -> Imports:
    """What a file imports, by the path that it has in the folder of code."""
    return imports(file.read_bytes(), str(file), module_at(name))


def libraries(modules: Mapping[str, Path], files: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """What each of the user's modules imports at once, and is in neither the folder nor in Python."""
    there = {path.partition("/")[0].removesuffix(".py") for path in files} | sys.stdlib_module_names
    found: dict[str, tuple[str, ...]] = {}
    for name, file in sorted(modules.items()):
        if file.suffix == ".py":
            asked = (each.module for each in _imports(name, file).at_once if each.variable != "*")
            elsewhere = sorted({module for module in asked if module.partition(".")[0] not in there})
            if elsewhere:
                found[module_at(name)] = tuple(elsewhere)
    return found


def provider_files(name: str, path: Path) -> dict[str, bytes]:
    """The provider packages that a user's module imports: it must be importable where only its folder is."""
    if path.suffix != ".py":
        return {}
    wanted = [each for each in _imports(name, path).anywhere if each in _provider_packages()]
    return {file: content for package in wanted for file, content in _package_files(package).items()}


def _provider_packages() -> frozenset[str]:
    """Those imported by now; a notebook may import another one before it compiles again."""
    return frozenset(name for name in sys.modules if name.startswith("glacier_") and "." not in name)


@cache
def runtime_files() -> dict[str, bytes]:
    """Glacier itself, without what only a compiler or a terminal needs."""
    return _package_files("glacier")


@cache
def _package_files(name: str) -> dict[str, bytes]:
    package = Path(str(sys.modules[name].__file__)).parent
    return {
        f"{name}/{relative.as_posix()}": file.read_bytes()
        for file in sorted(package.rglob("*"))
        if file.is_file() and "__pycache__" not in file.parts
        for relative in [file.relative_to(package)]
        if relative.parts[0].removesuffix(".py") not in _NOT_SHIPPED
    }
