"""Reads a function's annotations: which datasets it takes and returns, and the types it wants them in."""

from __future__ import annotations

import inspect
import sys
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ForwardRef

from glacier.dataset import Dataset
from glacier.errors import Where, nearest, reject
from glacier.resource import Resource
from glacier.secrets import Secret

if sys.version_info >= (3, 14):
    import annotationlib

    def _as_written(function: Callable[..., Any]) -> Mapping[str, Any]:
        """A function's annotations; a name that is declared nowhere is a ``ForwardRef``."""
        return annotationlib.get_annotations(function, format=annotationlib.Format.FORWARDREF)

else:

    def _as_written(function: Callable[..., Any]) -> Mapping[str, Any]:
        """A function's annotations, which are objects or text."""
        return inspect.get_annotations(function)


@dataclass(frozen=True, slots=True)
class Slot:
    """A dataset as a function names it, with the type the function wants or gives (``None``: any)."""

    dataset: Dataset
    type: Any = None


@dataclass(frozen=True, slots=True)
class Signature:
    """A function's inputs and secrets by parameter, its outputs in order, and the names of its plain parameters."""

    inputs: Mapping[str, Slot]
    outputs: tuple[Slot, ...]
    plain: tuple[str, ...]
    secrets: Mapping[str, Secret]


def read(function: Callable[..., Any], subject: str, where: Where | None) -> Signature:
    """The datasets in a function's annotations.

    Annotations may be datasets, ``Annotated[type, dataset]``, aliases of these, or text (``from __future__ import
    annotations``), also where the datasets are local to an enclosing function.
    """
    annotations = _Annotations(function, subject, where)
    inputs: dict[str, Slot] = {}
    plain: list[str] = []
    secrets: dict[str, Secret] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind in _WITHOUT_NAME:
            message, help_ = _WITHOUT_NAME[parameter.kind]
            reject("parameter", message.format(name), subject=subject, where=where, help=help_)
            continue
        has_default = parameter.default is not parameter.empty
        annotation = annotations.get(name, lenient=has_default)
        slot = slot_of(annotation)
        named = _secrets(annotation, parameter.default)
        if named:
            secrets[name] = named[0]
            for message, help_ in _wrong_secret(annotation, name, named, slot):
                reject("secret", message, subject=subject, where=where, help=help_)
        elif slot is not None:
            inputs[name] = slot
        elif has_default:
            plain.append(name)
        elif annotation is not _UNRESOLVED:
            message, help_ = annotations.explain(annotation, f"parameter {name!r}", name)
            reject("annotation", message, subject=subject, where=where, help=help_)
    return Signature(inputs, tuple(_outputs(annotations, subject, where)), tuple(plain), secrets)


_WITHOUT_NAME = {
    inspect.Parameter.VAR_POSITIONAL: ("takes *{}", "every dataset needs a parameter of its own"),
    inspect.Parameter.VAR_KEYWORD: ("takes **{}", "every dataset needs a parameter of its own"),
    inspect.Parameter.POSITIONAL_ONLY: ("takes {} by position only", "leave the / out: inputs are given by name"),
}


def _secrets(annotation: Any, default: Any) -> list[Secret]:
    """The secrets that a parameter names, in its annotation and as its default."""
    named = typing.get_args(annotation)[1:] if typing.get_origin(annotation) is Annotated else (annotation,)
    return [each for each in (*named, default) if isinstance(each, Secret)]


def _wrong_secret(annotation: Any, name: str, named: list[Secret], slot: Slot | None) -> Iterator[tuple[str, str]]:
    """What is wrong with a parameter that names a secret, and what to write instead."""
    secret = named[0]
    wanted = typing.get_args(annotation)[0] if typing.get_origin(annotation) is Annotated else annotation
    if slot is not None:
        yield (
            f"parameter {name!r} names the dataset {slot.dataset.name} and the secret {secret.name}",
            "name one of them",
        )
    elif any(other != secret for other in named):
        both = " and ".join(dict.fromkeys(str(each) for each in named))
        yield f"parameter {name!r} names two secrets: {both}", "name one of them"
    elif isinstance(wanted, type) and wanted not in (str, object, Any):
        right = f"Annotated[str, {secret!r}], and make the {wanted.__name__} of it in the function"
        yield f"parameter {name!r} is {wanted.__name__}, and a secret is text", right


def _outputs(annotations: _Annotations, subject: str, where: Where | None) -> Iterator[Slot]:
    annotation = annotations.get("return")
    if annotation in (None, types.NoneType, _MISSING, _UNRESOLVED):
        return
    is_tuple = typing.get_origin(annotation) is tuple
    for part in typing.get_args(annotation) if is_tuple else (annotation,):
        item = annotations.resolve(part, "return")
        slot = slot_of(item)
        if slot is not None:
            yield slot
        elif secrets := _secrets(item, None):
            message = f"returns the secret {secrets[0].name}, which would write it down"
            reject("secret", message, subject=subject, where=where, help="return a dataset, and keep secrets out of it")
        elif item is not _UNRESOLVED:
            message, help_ = annotations.explain(item, "the return value")
            reject("annotation", message, subject=subject, where=where, help=help_)


def slot_of(annotation: Any) -> Slot | None:
    """The dataset an annotation names; ``None`` for one that names no dataset, or several."""
    if isinstance(annotation, Dataset):
        return Slot(annotation)
    if typing.get_origin(annotation) is Annotated:
        wanted, *rest = typing.get_args(annotation)
        datasets = [extra for extra in rest if isinstance(extra, Dataset)]
        if len(datasets) == 1:
            return Slot(datasets[0], None if wanted is Any else wanted)
    return None


_MISSING: Any = object()
_UNRESOLVED: Any = object()
_ANNOTATED: Any = Annotated


class _Annotations:
    """A function's annotations as objects, whether they were written as objects or arrived as text."""

    def __init__(self, function: Callable[..., Any], subject: str, where: Where | None) -> None:
        self.function = inspect.unwrap(function)  # text means what it meant where it was written
        self.subject, self.where = subject, where
        self.raw = self._read(function)
        self._scope: dict[str, Any] | None = None

    def get(self, name: str, *, lenient: bool = False) -> Any:
        """The annotation of a parameter (or ``"return"``), resolved; a ``lenient`` one need not name a dataset."""
        return self.resolve(self.raw.get(name, _MISSING), name, lenient=lenient)

    def resolve(self, annotation: Any, name: str, *, lenient: bool = False) -> Any:
        """An annotation, or a part of one, with text and what stands for text made objects."""
        text = annotation.__forward_arg__ if isinstance(annotation, ForwardRef) else annotation
        if typing.get_origin(annotation) is Annotated:
            return self._annotated(annotation, name, lenient)
        try:
            if _is_alias(annotation):
                return self.resolve(annotation.__value__, name, lenient=lenient)
            if not isinstance(text, str):
                return annotation
            found = eval(text, self.function.__globals__, self.scope)
        except NameError as error:
            self._not_declared(annotation if _is_alias(annotation) else text, name, str(error.name), lenient)
        except Exception as error:
            reject("annotation", f"{text!r} cannot be read: {error}", subject=self.subject, where=self.where)
        else:
            return self.resolve(found, name, lenient=lenient)
        return _UNRESOLVED

    def _annotated(self, annotation: Any, name: str, lenient: bool) -> Any:
        """``Annotated["pl.DataFrame", raw]`` with its type resolved; its other parts may be text for other readers."""
        parts = [
            self.resolve(part, name, lenient=lenient) if isinstance(part, ForwardRef) else part
            for part in typing.get_args(annotation)
        ]
        return _UNRESOLVED if _UNRESOLVED in parts else _ANNOTATED[tuple(parts)]

    def _not_declared(self, text: Any, name: str, missing: str, lenient: bool) -> None:
        near = self._near(missing)
        if lenient and not near:
            return
        what = "returns" if name == "return" else f"parameter {name!r} is"
        reject(
            "annotation",
            f"{what} {str(text)!r}, but {missing!r} is declared nowhere that the function can see",
            subject=self.subject,
            where=self.where,
            help=near or self._how_to_be_seen(str(text), missing),
        )

    def _how_to_be_seen(self, text: str, missing: str) -> str:
        if text != missing:
            return f"import {missing} where the program runs, not only under TYPE_CHECKING"
        declare = f"declare it above the function: {missing} = Dataset({missing!r})"
        is_inner = "<locals>" in self.function.__qualname__
        return declare + (f"\nor make the function a task where {missing} is declared" if is_inner else "")

    @property
    def scope(self) -> dict[str, Any]:
        """What the annotations can name besides globals: closure, and the locals of the frames that declare them."""
        if self._scope is None:
            function = self.function
            self._scope = _enclosing_locals(function)
            self._scope |= {parameter.__name__: parameter for parameter in getattr(function, "__type_params__", ())}
            for variable, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
                try:
                    self._scope[variable] = cell.cell_contents
                except ValueError:  # a cell that is not filled yet
                    continue
        return self._scope

    def explain(self, annotation: Any, what: str, parameter: str = "") -> tuple[str, str]:
        """What an annotation was, and what was probably meant."""
        if annotation is _MISSING:
            near = self._near(parameter)
            return f"{what} has no annotation", near or "annotate it with a dataset, or give it a default value"
        said = f"{what} is annotated with"
        shown = annotation.__name__ if isinstance(annotation, type) else repr(annotation)
        default = ", or a default value if it is a plain setting" if parameter else ""
        match annotation:
            case type() if issubclass(annotation, Dataset):
                return f"{said} the class Dataset", "name one dataset: raw = Dataset('raw'), then (x: raw)"
            case Resource():
                kind = type(annotation).__name__
                return f"{said} {kind}, a storage", f"put a dataset on it: Dataset('name', storage={kind}(…))"
            case tuple() | list():
                names = ", ".join(_shown(item) for item in annotation)
                return f"{said} {annotation.__class__.__name__} ({names})", f"write tuple[{names}]"
            case _ if getattr(annotation, "outputs", None) is not None and callable(annotation):
                return f"{said} a task", "name the dataset that the task returns"
            case _ if typing.get_origin(annotation) is Annotated:
                datasets = [item for item in typing.get_args(annotation) if isinstance(item, Dataset)]
                count = f"{len(datasets)} datasets" if datasets else "no dataset"
                return f"{said} Annotated, and {count} in it", "write Annotated[type, dataset]"
            case _ if isinstance(annotation, type) or typing.get_origin(annotation):
                return f"{said} {shown}, which is not a dataset", f"write Annotated[{shown}, dataset]{default}"
        return f"{said} {shown}, which is not a dataset", f"write a dataset{default}"

    def _near(self, name: str) -> str:
        variables = {**self.function.__globals__, **self.scope}
        found = nearest(name, [variable for variable, value in variables.items() if slot_of(value) is not None])
        return f"did you mean {found!r}?" if found else ""

    def _read(self, function: Callable[..., Any]) -> Mapping[str, Any]:
        try:
            return _as_written(function)
        except Exception as error:  # Python 3.14 evaluates annotations only now
            reject("annotation", f"annotations cannot be read: {error}", subject=self.subject, where=self.where)
            return dict.fromkeys([*inspect.signature(function).parameters, "return"], _UNRESOLVED)


def _is_alias(annotation: Any) -> bool:
    """Whether it is an alias declared as ``type Raw = …`` (from Python 3.12), whose value is read late."""
    return type(annotation).__name__ == "TypeAliasType"


def _shown(item: object) -> str:
    return item.name if isinstance(item, Dataset) else repr(item)


def _enclosing_locals(function: Callable[..., Any]) -> dict[str, Any]:
    """Locals of the functions and classes around the one being decorated, which closures alone do not keep.

    ``def build(): raw = Dataset("raw"); @task def f(x: raw)`` leaves no cell for ``raw``, since an annotation that
    is text uses no variable; but ``build`` is still running while its task is declared.
    """
    names = set(function.__qualname__.split(".")[:-1]) - {"<locals>"}
    found: dict[str, Any] = {}
    frame: types.FrameType | None = sys._getframe(1) if names else None
    while frame is not None:
        if frame.f_code.co_name in names and frame.f_globals is function.__globals__:
            found = dict(frame.f_locals) | found
        frame = frame.f_back
    return found
