"""The files that a folder of code is made of before anything is put beside them: the user's modules, and Glacier's.

Which file a module is, Python itself is asked: what it has imported, and else what it would. The user's own is whatever
is neither of the standard library nor among installed packages; a package that is installed as editable is their own.
"""

from __future__ import annotations

import importlib
import inspect
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from pkgutil import get_importer

from glacier.errors import Diagnostic
from glacier.graph import AnyTask
from glacier.imports import Imports, imports, module_at
from glacier.include import files_below
from glacier.plan.placement import Subject
from glacier.providers import installed

_NOT_SHIPPED = ("testing", "cli", "draw", "mypy", "vendoring")
_CORE = __package__


def module_name(task: AnyTask) -> str:
    """The module that a task is imported from."""
    return importable(task.function.__module__)


def importable(module: str) -> str:
    """``__main__`` is imported by the name that ``python -m`` was given, or else by its file's."""
    if module != "__main__":
        return module
    main = sys.modules["__main__"]
    spec, path = getattr(main, "__spec__", None), getattr(main, "__file__", None)
    if spec is not None:
        return str(spec.name)
    return Path(path).stem if path else module


def user_modules(tasks: Iterable[AnyTask], found: list[Diagnostic]) -> dict[str, Path]:
    """The files of the user's modules and of what they import of the user's own, by path within the folder."""
    importlib.invalidate_caches()  # a notebook's process outlives the files beside it
    files: dict[str, Path] = {}
    first: dict[tuple[Path | None, str], AnyTask] = {}
    for task in tasks:
        first.setdefault((_file(task), module_name(task)), task)
    for (file, name), task in first.items():
        subject = Subject(f"task {task.name}", task.where)
        if file is None:
            message = "is defined in no file, so its code cannot be exported"
            found.append(subject.error("import", message, "put the pipeline into a .py file"))
            return files
        try:
            more = _with_imports(file, name)
        except SyntaxError as error:  # it was edited since it was imported, or is imported only when the task runs
            message = f"needs {error.filename}, which is not valid Python: line {error.lineno}, {error.msg}"
            found.append(subject.error("import", message, "put that right, and compile again"))
            continue
        if file not in more.values():
            message = f"is of the module {name!r}, which is not what is in {file}, where its code is"
            help_ = f"import that file by its name: import {file.stem}"
            found.append(subject.error("import", message, help_))
        for path in sorted(path for path in more if files.get(path, more[path]).resolve() != more[path].resolve()):
            message = f"needs {more[path]} as {path}, which is {files[path]} for another task"
            found.append(subject.error("import", message, "give one of them another name"))
        files = {**more, **files}
    return files


def _file(task: AnyTask) -> Path | None:
    """The file of the module that a task is of; of what a decorator made of it, the code alone would be elsewhere."""
    function = inspect.unwrap(task.function)
    code, space = getattr(function, "__code__", None), getattr(function, "__globals__", {})
    written = code.co_filename if code is not None else ""
    module = task.function.__module__
    if space.get("__name__") != module:  # a decorator that does not say what it decorates
        space = vars(sys.modules[module]) if module in sys.modules else {}
    elif module == "__main__" and not Path(written).is_file():  # typed in
        return None
    file = Path(space.get("__file__") or written)
    return file.absolute() if file.is_file() else None


def _with_imports(file: Path, module: str) -> dict[str, Path]:
    """The files of a task's module, and of what is imported from it on; not that file if it is no such module."""
    root = _root(file, module)
    shipped: dict[str, Path] = {}
    waiting, seen = [module], set[str]()
    while waiting:
        name = waiting.pop()
        spec = _found(name, root)
        if spec is None or spec.name in seen or (name != module and _is_installed(spec)):
            continue
        seen.add(spec.name)
        for path, source in _files(spec):
            shipped[path] = source
            if source.suffix == ".py":
                waiting.extend(_imports(path, source).anywhere)
    if file not in shipped.values() and (root is not None or _is_known_as(file, module)):
        shipped[f"{module.replace('.', '/')}.py"] = file  # it has the name, or the path, of another one
    return shipped


def _root(file: Path, module: str) -> Path | None:
    """The folder from which a file is imported as a module, if that is possible."""
    parts = [*module.split("."), *(["__init__"] if file.name == "__init__.py" else [])]
    return file.parents[len(parts) - 1] if file.with_suffix("").parts[-len(parts) :] == tuple(parts) else None


def _is_known_as(file: Path, module: str) -> bool:
    known = getattr(sys.modules.get(module), "__file__", None)
    return known is not None and Path(known).absolute() == file


def _found(name: str, root: Path | None) -> ModuleSpec | None:
    """What importing a module brings as a whole: itself, or the first package on the way to it.

    A folder without ``__init__.py`` is no package, but a place where modules are looked for.
    """
    top, *parts = name.split(".")
    spec = _top(top, root)
    for part in parts:
        if spec is None or spec.origin is not None:
            break
        spec = _within(spec.submodule_search_locations or (), f"{spec.name}.{part}")
    return spec if spec is not None and spec.origin is not None else None


def _top(name: str, root: Path | None) -> ModuleSpec | None:
    """A module that is in no other, unless it is Glacier's, or no file."""
    if not name or name == _CORE or name in _providers():
        return None
    spec: ModuleSpec | None = getattr(sys.modules.get(name), "__spec__", None)
    if name not in sys.modules:
        with suppress(ImportError, ValueError):
            spec = find_spec(name)
    if spec is None or not _is_there(spec):
        spec = _within([str(root)], name) if root is not None else None
    return spec if spec is not None and _is_there(spec) else None


def _within(places: Iterable[str], name: str) -> ModuleSpec | None:
    """A module in one of some folders, or the folders of its name; without importing what it is in, as Python would."""
    folders: list[str] = []
    for place in places:
        finder = get_importer(place)
        spec = finder.find_spec(name) if finder is not None else None
        if spec is not None and spec.loader is not None:
            return spec
        folders.extend((spec.submodule_search_locations if spec is not None else None) or ())
    if not folders:
        return None
    made = ModuleSpec(name, None, is_package=True)
    made.submodule_search_locations = folders
    return made


def _is_there(spec: ModuleSpec) -> bool:
    return Path(spec.origin).is_file() if spec.origin is not None else bool(spec.submodule_search_locations)


def _files(spec: ModuleSpec) -> Iterator[tuple[str, Path]]:
    """The files of a module or of a whole package, by path within the folder."""
    path, origin = spec.name.replace(".", "/"), Path(str(spec.origin)).absolute()
    if spec.submodule_search_locations is not None:
        for file in files_below(origin.parent):
            yield f"{path}/{file.relative_to(origin.parent).as_posix()}", file
    else:
        ending = "py" if origin.suffix == ".py" else origin.name.partition(".")[2]
        yield f"{path}.{ending}", origin


def _is_installed(spec: ModuleSpec) -> bool:
    """Whether a module is Python's own, or in a folder of packages, by whichever name that is on the path."""
    file, is_package = Path(str(spec.origin)).absolute(), spec.submodule_search_locations is not None
    if any(file.is_relative_to(place) for place in _places()):
        return True
    folder = file.parents[spec.name.count(".") + is_package]
    return folder.name in ("site-packages", "dist-packages") or any(folder.glob("*.dist-info"))


@cache
def _places() -> frozenset[str]:
    return frozenset(sysconfig.get_path(kind) for kind in ("stdlib", "platstdlib", "purelib", "platlib"))


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
    wanted = {each.partition(".")[0] for each in _imports(name, path).anywhere} & _providers()
    return {file: content for package in sorted(wanted) for file, content in _package_files(package).items()}


def _providers() -> frozenset[str]:
    """The packages of the clouds that are installed here."""
    return frozenset(point.module.partition(".")[0] for point in installed().values())


def runtime_files() -> dict[str, bytes]:
    """Glacier itself, without what only a compiler or a terminal needs."""
    return _package_files(_CORE)


@cache
def _package_files(name: str) -> dict[str, bytes]:
    spec = find_spec(name)
    assert spec is not None
    return {
        path: file.read_bytes()
        for path, file in _files(spec)
        if path.removeprefix(f"{name}/").partition("/")[0].removesuffix(".py") not in _NOT_SHIPPED
    }
