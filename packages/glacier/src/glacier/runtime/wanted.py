"""What an annotation asks for: the form in which a task takes its data, or gives it.

``Annotated[pl.LazyFrame, raw]`` asks for a lazy frame, ``Annotated[Iterator[bytes], raw]`` for pieces of bytes, and
``raw`` alone for whatever is there. Libraries are known by the names of their types, so none is imported here.
"""

from __future__ import annotations

import collections.abc
import pathlib
import types
import typing
from collections.abc import Callable, Iterable
from enum import Enum, auto
from functools import cache
from typing import Any

from glacier.runtime.problems import Problem


class Form(Enum):
    """The forms data can take in a task's hands."""

    ANY = auto()  # no annotation: what is there decides
    PLAIN = auto()  # dicts, lists, numbers, text, as JSON knows them
    ROWS = auto()  # an iterator of rows
    BYTES = auto()
    CHUNKS = auto()  # an iterator of bytes
    TEXT = auto()
    FILE = auto()  # a path to a local file
    ARROW = auto()
    READER = auto()  # pyarrow.RecordBatchReader
    BATCHES = auto()  # an iterator of pyarrow.RecordBatch
    PANDAS = auto()
    POLARS = auto()
    LAZY = auto()


FRAMES = frozenset({Form.ARROW, Form.READER, Form.BATCHES, Form.PANDAS, Form.POLARS, Form.LAZY})
STREAMS = frozenset({Form.ROWS, Form.CHUNKS, Form.BATCHES})

_LIBRARIES = {
    ("polars", "DataFrame"): Form.POLARS,
    ("polars", "LazyFrame"): Form.LAZY,
    ("pandas", "DataFrame"): Form.PANDAS,
    ("pyarrow", "Table"): Form.ARROW,
    ("pyarrow", "RecordBatchReader"): Form.READER,
}
_STREAMED: tuple[Any, ...] = (collections.abc.Iterator, collections.abc.Iterable, collections.abc.Generator)
_BUFFERS = (bytes, bytearray, memoryview)


def form_of(wanted: Any) -> Form:
    """The form an annotation's type asks for; ``None`` is no annotation."""
    if wanted is None:
        return Form.ANY
    try:
        return _form(wanted)
    except TypeError:  # a type with something unhashable in it, such as Literal[[…]]
        return _form.__wrapped__(wanted)


@cache
def _form(wanted: Any) -> Form:
    wanted = _without_none(wanted)
    if wanted in (Any, object, None):
        return Form.ANY
    origin = typing.get_origin(wanted) or wanted
    if origin in _STREAMED:
        item = (typing.get_args(wanted) or (Any,))[0]
        if item in _BUFFERS:
            return Form.CHUNKS
        return Form.BATCHES if _named(item) == ("pyarrow", "RecordBatch") else Form.ROWS
    if origin in _BUFFERS:
        return Form.BYTES
    if origin is str:
        return Form.TEXT
    if isinstance(origin, type) and issubclass(origin, pathlib.PurePath):
        return Form.FILE
    return _LIBRARIES.get(_named(origin), Form.PLAIN)


def library_form(value: object) -> Form | None:
    """The form a value of a data frame library has; ``None`` for a value of any other kind."""
    return _LIBRARIES.get(_named(type(value)))


def takes_none(wanted: Any) -> bool:
    """Whether ``None`` is a value of the annotated type; without an annotation it is taken for a forgotten return."""
    return wanted is Any or wanted is types.NoneType or types.NoneType in typing.get_args(wanted)


def check(value: object, wanted: Any, said: str) -> None:
    """Refuse a value that is not of the annotated type; ``said`` begins the sentence: ``"returned"``, ``"holds"``.

    Only the outermost type is looked at: checking every row would take longer than most tasks. Raises
    :class:`~glacier.runtime.problems.Problem`.
    """
    if value is None:
        if takes_none(wanted):
            return
        what = f"{said} nothing" if said == "returned" else f"{said} null"
        raise Problem(what, "return a value; Annotated[T | None, dataset] allows none")
    accepted = _classes(wanted) if wanted is not None else None
    if accepted is not None and not isinstance(value, accepted):
        raise Problem(f"{said} {_article(type(value))}, not {_article(wanted)}", f"the annotation says {shown(wanted)}")


@cache
def _classes(wanted: Any) -> tuple[type, ...] | None:
    """The classes whose instances an annotated type takes; ``None`` when that cannot be said."""
    if type(wanted) is types.UnionType or typing.get_origin(wanted) is typing.Union:
        parts = [_classes(part) for part in typing.get_args(wanted)]
        found = tuple(cls for part in parts if part is not None for cls in part)
        return None if None in parts else found
    origin = typing.get_origin(wanted) or wanted
    if not isinstance(origin, type) or origin is object or getattr(origin, "_is_protocol", False):
        return None
    if typing.is_typeddict(origin):
        return (dict,)
    if origin is float:
        return (float, int)
    if origin is bytes:
        return _BUFFERS
    return (origin,)


@cache
def restorer(wanted: Any) -> Callable[[Any], Any] | None:
    """What makes the annotated type (keys that are numbers, tuples, sets) of JSON; ``None`` when it is the same."""
    wanted = _without_none(wanted)
    origin, arguments = typing.get_origin(wanted) or wanted, typing.get_args(wanted)
    if not isinstance(origin, type):
        return None
    if issubclass(origin, collections.abc.Mapping) and len(arguments) == 2:
        return _restore_mapping(arguments[0], restorer(arguments[1]))
    if origin is tuple and arguments and arguments[-1] is not Ellipsis:
        each = [restorer(part) for part in arguments]
        return lambda items: tuple(r(item) if r else item for r, item in zip(each, items, strict=True))
    if issubclass(origin, tuple | set | frozenset) or (issubclass(origin, collections.abc.Sequence) and arguments):
        inner = restorer(arguments[0]) if arguments else None
        made: Callable[[Iterable[Any]], Any] = origin if issubclass(origin, tuple | set | frozenset) else list
        if inner is None:
            return made if made is not list else None
        return lambda items: made(inner(item) for item in items)
    return None


def _restore_mapping(key: Any, inner: Callable[[Any], Any] | None) -> Callable[[Any], Any] | None:
    parse: Callable[[str], Any] | None = key if key in (int, float) else None
    if parse is None and inner is None:
        return None
    return lambda pairs: {
        (parse(k) if parse else k): (inner(v) if inner and v is not None else v) for k, v in pairs.items()
    }


@cache
def key_of(wanted: Any) -> type:
    """What the keys of an annotated dict are: ``int`` or ``float``, of which :func:`restorer` knows, or text."""
    wanted = _without_none(wanted)
    arguments = typing.get_args(wanted)
    is_one = len(arguments) == 2 and _is_a(wanted, collections.abc.Mapping) and arguments[0] in (int, float)
    return arguments[0] if is_one else str


@cache
def items_of(wanted: Any) -> tuple[tuple[Any, ...], Any]:
    """The types of an annotated collection's first items, and of all others; ``None`` is unknown."""
    wanted = _without_none(wanted)
    arguments = typing.get_args(wanted)
    if _is_a(wanted, collections.abc.Mapping) and len(arguments) == 2:
        return (), arguments[1]
    if _is_a(wanted, tuple) and arguments and arguments[-1] is not Ellipsis:
        return arguments, None
    return (), arguments[0] if _is_a(wanted, collections.abc.Sequence) and arguments else None


def _is_a(wanted: Any, kind: type) -> bool:
    origin = typing.get_origin(wanted) or wanted
    return isinstance(origin, type) and issubclass(origin, kind)


def shown(wanted: Any) -> str:
    """A type as a person writes it."""
    if isinstance(wanted, type) and not typing.get_args(wanted):
        library = _named(wanted)[0]
        return f"{library}.{wanted.__name__}" if _named(wanted) in _LIBRARIES else wanted.__qualname__
    return str(wanted).replace("typing.", "").replace("collections.abc.", "")


def described(value: object) -> str:
    """A value by its type, as a person says it: ``a dict``, ``an int``."""
    return _article(type(value))


def _article(wanted: Any) -> str:
    name = shown(wanted)
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def _without_none(wanted: Any) -> Any:
    """``T`` of ``T | None``."""
    if type(wanted) is types.UnionType or typing.get_origin(wanted) is typing.Union:
        rest = [part for part in typing.get_args(wanted) if part is not types.NoneType]
        return rest[0] if len(rest) == 1 else wanted
    return wanted


def _named(cls: Any) -> tuple[str, str]:
    return str(getattr(cls, "__module__", "")).partition(".")[0], str(getattr(cls, "__name__", ""))
