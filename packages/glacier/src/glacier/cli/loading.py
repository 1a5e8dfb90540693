"""Loads the file or module a reference names, and finds the pipelines and the compilers in it."""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
import sysconfig
import traceback
from collections.abc import Iterator, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TypeAlias, TypeVar

import click

from glacier.cli.show import fault, path, usage
from glacier.compilation import Compiler, MultiCloudCompiler
from glacier.errors import DeclarationError, Diagnostic, Where, collecting, nearest
from glacier.pipeline import Pipeline
from glacier.providers import DISTRIBUTIONS
from glacier.runtime import importing

AnyCompiler: TypeAlias = Compiler | MultiCloudCompiler
T = TypeVar("T")

_NAMED = re.compile(r"(?P<place>.+):(?P<name>[A-Za-z_]\w*)")
_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_OURS = str(Path(__file__).parents[1])
_INSTALLED = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})
_PACKAGES = ("glacier", *(distribution.replace("-", "_") for distribution in DISTRIBUTIONS.values()))
_PUBLIC = ("storage", "compute", "secrets", "compilation")  # modules of theirs that people import from

# Packages that are installed under another name than they are imported by.
_INSTALL_AS = {
    **{f"glacier_{provider}": distribution for provider, distribution in DISTRIBUTIONS.items()},
    "PIL": "pillow",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A user's module, with its pipelines and its compilers by the variables that hold them."""

    place: str
    name: str | None
    module: ModuleType
    pipelines: Mapping[str, Pipeline]
    compilers: Mapping[str, AnyCompiler]

    @property
    def here(self) -> Where:
        """The file as a whole."""
        return Where(str(self.module.__file__), 1)

    @property
    def pipeline(self) -> Pipeline:
        """The pipeline that was named, or else the only one; raises :class:`~glacier.errors.DeclarationError`."""
        found = self.chosen
        if len(found) == 1:
            return found[0]
        choices = "say which: " + "\nor: ".join(f"{self.place}:{name}" for name in self.pipelines)
        raise DeclarationError(
            [fault("reference", f"{self.place} has {len(found)} pipelines: {', '.join(self.pipelines)}", choices)]
        )

    @property
    def chosen(self) -> tuple[Pipeline, ...]:
        """The pipeline that was named, or else every one there is."""
        if self.name is not None and self.name in self.pipelines:
            return (self.pipelines[self.name],)
        if self.name is not None and self.name not in self.compilers:
            raise DeclarationError([self._no_such_name(self.name)])
        if not self.pipelines:
            help_ = 'declare one at the top level of the file: pipeline = Pipeline("name")'
            raise DeclarationError([fault("reference", f"{self.place} has no pipeline", help_)])
        return tuple(self.pipelines.values())

    def _no_such_name(self, name: str) -> Diagnostic:
        known = [*self.pipelines, *self.compilers]
        meant = nearest(name, known)
        choices = f"did you mean {self.place}:{meant}?" if meant else "there is: " + ", ".join(known)
        if name in vars(self.module):
            what = type(vars(self.module)[name]).__name__
            return fault("reference", f"{name} in {self.place} is a {what}, not a pipeline or a compiler", choices)
        return fault("reference", f"{self.place} has no {name!r}", choices)


def load(reference: str) -> Loaded:
    """Import what a reference names: ``path.py``, ``package.module``, either with ``:name``.

    Nothing in it compiles or runs. Raises ``click.UsageError`` when there is no such file or module, and
    :class:`~glacier.errors.DeclarationError` with every error that importing it found.
    """
    named = _NAMED.fullmatch(reference)
    place, name = (named["place"], named["name"]) if named else (reference, None)
    file = _file(place)
    with collecting() as found, importing(), redirect_stdout(sys.stderr):  # standard output is the command's
        try:
            module = _import_file(file) if file is not None else _import_module(place)
        except click.UsageError:
            raise
        except DeclarationError as error:
            found.extend(error.diagnostics)
        except (Exception, SystemExit) as error:
            if not found or _is_the_users(error):  # else it is only what the errors before it led to
                found.append(failure(error, place))
    if found:
        raise DeclarationError(found)
    return Loaded(
        place=place,
        name=name,
        module=module,
        pipelines=_named(module, Pipeline),
        compilers={**_named(module, Compiler), **_named(module, MultiCloudCompiler)},
    )


def failure(error: BaseException, place: str) -> Diagnostic:
    """Why a module does not import: the error, the lines of the user's own code that led to it, and what to do."""
    what = "".join(traceback.TracebackException.from_exception(error).format_exception_only()).strip()
    frames = list(user_frames(error))
    where = Where(str(frames[-1].filename), frames[-1].lineno or 1) if frames else None
    if isinstance(error, SyntaxError):
        what = f"{type(error).__name__}: {error.msg}"
        where = Where(error.filename, error.lineno or 1) if error.filename else where
    elif isinstance(error, SystemExit):
        what = f"it ends the program (SystemExit: {error.code})"
    message = f"{place} does not import: {what}"
    if len(frames) > 1:
        message += "\n" + "".join(traceback.format_list(frames)).rstrip()
    return fault("import", message, _advice(error, where, place), where)


def user_frames(error: BaseException) -> Iterator[traceback.FrameSummary]:
    """The part of a traceback that is the user's own code, with paths as one would type them here."""
    for frame in traceback.extract_tb(error.__traceback__):
        if not frame.filename.startswith((_OURS, "<", *_INSTALLED)):
            yield traceback.FrameSummary(path(frame.filename), frame.lineno, frame.name, line=frame.line)


def _advice(error: BaseException, where: Where | None, place: str) -> str:
    whole = f"for the whole traceback: python {place if place.endswith('.py') else f'-m {place}'}"
    match error:
        case ModuleNotFoundError(name=str(name)):
            return _missing_module(name, where)
        case ImportError() if "relative import" in str(error):
            return "put an __init__.py into its folder, or import without the dot"
        case ImportError(name=str(package)) if within := _within(package, str(error)):
            return f"it is in {within}: import it from there"
        case SystemExit():
            return 'put what is only for running it under: if __name__ == "__main__":'
        case SyntaxError():
            return "correct the syntax of this line, or of the one before it"
        case TypeError() | AttributeError():
            return f"correct this line; {whole}"
        case _ if not _is_the_users(error):
            return f"the error is raised inside Glacier; {whole}"
        case _:
            return f"correct this line; {whole}"


def _missing_module(name: str, where: Where | None) -> str:
    top = name.partition(".")[0]
    beside = Path(where.file).parent if where else Path()
    if (beside / top).exists() or (beside / f"{top}.py").exists():
        return f"{top} is there, but not {name}: correct the import"
    own = [entry.stem for entry in beside.glob("*") if entry.suffix == ".py" or (entry / "__init__.py").exists()]
    own = [stem for stem in own if where is None or stem != Path(where.file).stem]  # the file itself is not meant
    meant = nearest(top, own) or nearest(top, _INSTALL_AS) or nearest(top, sys.stdlib_module_names)
    typo = f"\nor did you mean {meant!r}?" if meant and meant != top else ""
    return f"pip install {_INSTALL_AS.get(top, top.replace('_', '-'))}{typo}"


def _within(package: str, message: str) -> str | None:
    """The public module of one of Glacier's packages that has what was looked for in the package itself."""
    sought = re.match(r"cannot import name '(\w+)'", message)
    if sought is None or package not in _PACKAGES:
        return None
    names = [f"{package}.{module}" for module in _PUBLIC if importlib.util.find_spec(f"{package}.{module}")]
    return next((name for name in names if hasattr(importlib.import_module(name), sought[1])), None)


def _is_the_users(error: BaseException) -> bool:
    frames = traceback.extract_tb(error.__traceback__)
    return isinstance(error, SyntaxError) or not frames[-1].filename.startswith(_OURS)


def _named(module: ModuleType, wanted: type[T]) -> dict[str, T]:
    """The objects of a type in a module, each once, by the first variable that holds it."""
    found: dict[str, T] = {}
    for name, value in vars(module).items():
        if isinstance(value, wanted) and all(value is not other for other in found.values()):
            found[name] = value
    return found


def _file(place: str) -> Path | None:
    """The file a reference names, or ``None`` for a module; raises ``click.UsageError`` when there is no such file."""
    file = Path(place)
    if file.is_file():
        return file.absolute()
    if file.suffix != ".py" and _MODULE.fullmatch(place) and not file.is_dir():
        return None
    if file.is_dir():
        inside = sorted(entry.name for entry in file.glob("*.py"))[:5]
        raise usage(f"{place} is a folder; name a file in it" + (f": {', '.join(inside)}." if inside else "."))
    near = nearest(file.name, [entry.name for entry in file.parent.glob("*.py")])
    hint = f" Did you mean {file.parent / near}?" if near else f" The current directory is {Path.cwd()}."
    raise usage(f"There is no file {place}.{hint}")


def _import_file(file: Path) -> ModuleType:
    """Import a file under the name it has in its package, or under its own; its folder comes first on the path."""
    root, parts = file.parent, [file.stem]
    while (root / "__init__.py").exists() and root.name.isidentifier():
        root, parts = root.parent, [root.name, *parts]
    if len(parts) > 1 and parts[-1] == "__init__":
        parts.pop()
    name = ".".join(parts)
    _refuse_name(file, name, file.stem)
    _first_on_path(root)
    if len(parts) > 1:
        importlib.import_module(name.rpartition(".")[0])
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise DeclarationError([fault("import", f"{path(file)} is not a Python file", "name it something.py")])
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # tasks are found again by the name of their module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _refuse_name(file: Path, name: str, stem: str) -> None:
    taken = sys.modules.get(name)
    other = getattr(taken, "__file__", None)
    if "." in stem:
        problem = f"{path(file)} has a dot in its name, so that nothing can import it"
    elif name in sys.stdlib_module_names or (taken is not None and (other is None or Path(other) != file)):
        problem = f"{path(file)} hides another module called {name!r}"
    else:
        return
    better = file.with_name(f"{stem.replace('.', '_')}{'' if '.' in stem else '_pipeline'}.py")
    raise DeclarationError([fault("import", problem, f"rename it, for example to {path(better)}", Where(str(file), 1))])


def _import_module(place: str) -> ModuleType:
    _first_on_path(Path.cwd())
    try:
        return importlib.import_module(place)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{place}.".startswith(f"{error.name}."):
            raise
        files = [entry.stem for entry in Path.cwd().glob("*.py")]
        near = nearest(place, files)
        hint = (
            f" Did you mean {near}.py?" if near or place in files else " A file is named with its path: folder/file.py."
        )
        raise usage(f"There is no module {place}.{hint}") from None


def _first_on_path(folder: Path) -> None:
    if sys.path[:1] != [str(folder)]:
        sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
