"""Reads a function's annotations: which datasets it takes and returns, and the types it wants them in."""

from __future__ import annotations

import inspect
import sys
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from glacier.dataset import Dataset
from glacier.errors import Where, nearest, reject
from glacier.resource import Resource


@dataclass(frozen=True, slots=True)
class Slot:
    """A dataset as a function names it, with the type the function wants or gives (``None``: any)."""

    dataset: Dataset
    type: Any = None


@dataclass(frozen=True, slots=True)
class Signature:
    """A function's inputs by parameter, its outputs in order, and the names of its plain parameters."""

    inputs: Mapping[str, Slot]
    outputs: tuple[Slot, ...]
    plain: tuple[str, ...]


def read(function: Callable[..., Any], subject: str, where: Where | None) -> Signature:
    """The datasets in a function's annotations.

    Annotations may be datasets, ``Annotated[type, dataset]``, aliases of these, or text (``from __future__ import
    annotations``), also where the datasets are local to an enclosing function.
    """
    annotations = _Annotations(function, subject, where)
    inputs: dict[str, Slot] = {}
    plain: list[str] = []
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            reject(
                "parameter", f"takes *{name}; every dataset needs a parameter of its own", subject=subject, where=where
            )
            continue
        annotation = annotations.get(name)
        slot = _slot(annotation)
        if slot is not None:
            inputs[name] = slot
        elif parameter.default is not parameter.empty:
            plain.append(name)
        elif annotation is not _UNRESOLVED:
            message, help_ = annotations.explain(annotation, f"parameter {name!r}")
            reject("annotation", message, subject=subject, where=where, help=help_)
    return Signature(inputs, tuple(_outputs(annotations, subject, where)), tuple(plain))


def _outputs(annotations: _Annotations, subject: str, where: Where | None) -> Iterator[Slot]:
    annotation = annotations.get("return")
    if annotation in (None, types.NoneType, _MISSING, _UNRESOLVED):
        return
    is_tuple = typing.get_origin(annotation) is tuple
    for item in typing.get_args(annotation) if is_tuple else (annotation,):
        slot = _slot(item)
        if slot is None:
            message, help_ = annotations.explain(item, "the return value")
            reject("annotation", message, subject=subject, where=where, help=help_)
        else:
            yield slot


def _slot(annotation: Any) -> Slot | None:
    if isinstance(annotation, Dataset):
        return Slot(annotation)
    if typing.get_origin(annotation) is Annotated:
        wanted, *rest = typing.get_args(annotation)
        for extra in rest:
            if isinstance(extra, Dataset):
                return Slot(extra, None if wanted is Any else wanted)
    return None


_MISSING: Any = object()
_UNRESOLVED: Any = object()


class _Annotations:
    """A function's annotations as objects, whether they were written as objects or arrived as text."""

    def __init__(self, function: Callable[..., Any], subject: str, where: Where | None) -> None:
        self.function, self.subject, self.where = function, subject, where
        try:
            self.raw: Mapping[str, Any] = inspect.get_annotations(function)
        except NameError as error:  # Python 3.14 evaluates annotations only now
            self.raw = {}
            reject(
                "annotation",
                f"an annotation names {error.name!r}, which is not defined",
                subject=subject,
                where=where,
                help=self._near(str(error.name)),
            )
        self._scope: dict[str, Any] | None = None

    def get(self, name: str) -> Any:
        """The annotation of a parameter (or ``"return"``), with text resolved."""
        annotation = self.raw.get(name, _MISSING)
        if not isinstance(annotation, str):
            return annotation
        try:
            return eval(annotation, dict(self.scope))
        except NameError as error:
            what = "returns" if name == "return" else f"parameter {name!r} is"
            reject(
                "annotation",
                f"{what} {annotation!r}, but {error.name!r} is declared nowhere that the function can see",
                subject=self.subject,
                where=self.where,
                help=self._near(str(error.name)),
            )
        except Exception as error:
            reject("annotation", f"{annotation!r} cannot be read: {error}", subject=self.subject, where=self.where)
        return _UNRESOLVED

    @property
    def scope(self) -> dict[str, Any]:
        """What the function's annotations can name: globals, closure, and the locals of the frames that declare it."""
        if self._scope is None:
            scope = dict(vars(sys.modules["builtins"])) | dict(getattr(self.function, "__globals__", {}))
            scope |= _enclosing_locals(self.function)
            code, cells = getattr(self.function, "__code__", None), getattr(self.function, "__closure__", None)
            if code is not None and cells:
                for variable, cell in zip(code.co_freevars, cells, strict=True):
                    try:
                        scope[variable] = cell.cell_contents
                    except ValueError:  # a cell that is not filled yet
                        continue
            self._scope = scope
        return self._scope

    def explain(self, annotation: Any, what: str) -> tuple[str, str]:
        """What an annotation was, and what was probably meant."""
        parameter = what.split("'")[1] if "'" in what else ""
        if annotation is _MISSING:
            near = self._near(parameter, fallback="")
            return f"{what} has no annotation", near or "annotate it with a dataset, or give it a default value"
        if annotation is Dataset:
            return (
                f"{what} is annotated with the class Dataset",
                "name one dataset: raw = Dataset('raw'), then (x: raw)",
            )
        if isinstance(annotation, Resource):
            kind = type(annotation).__name__
            return (
                f"{what} is annotated with {kind}, a storage",
                f"put a dataset on it: Dataset('name', storage={kind}(…))",
            )
        shown = annotation.__name__ if isinstance(annotation, type) else repr(annotation)
        if callable(annotation) and not isinstance(annotation, type) and hasattr(annotation, "outputs"):
            return f"{what} is annotated with a task", "name the dataset that the task returns"
        wanted = (
            f"Annotated[{shown}, dataset]"
            if isinstance(annotation, type) or typing.get_origin(annotation)
            else "a dataset"
        )
        default = ", or a default value if it is a plain setting" if parameter else ""
        return f"{what} is annotated with {shown}, which is not a dataset", f"write {wanted}{default}"

    def _near(self, name: str, fallback: str = "declare it above the function: name = Dataset('name')") -> str:
        datasets = [variable for variable, value in self.scope.items() if isinstance(value, Dataset)]
        found = nearest(name, datasets)
        return f"did you mean {found!r}?" if found else fallback


def _enclosing_locals(function: Callable[..., Any]) -> dict[str, Any]:
    """Locals of the functions around the one being decorated, which closures alone do not keep.

    ``def build(): raw = Dataset("raw"); @task def f(x: raw)`` leaves no cell for ``raw``, since an annotation that
    is text uses no variable; but ``build`` is still running while its task is declared.
    """
    around = function.__qualname__.split(".<locals>.")[:-1] if hasattr(function, "__qualname__") else []
    if not around:
        return {}
    names = {path.rpartition(".")[2] for path in around}
    found: dict[str, Any] = {}
    frame: types.FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_name in names and frame.f_globals is function.__globals__:
            found = dict(frame.f_locals) | found
        frame = frame.f_back
    return found
