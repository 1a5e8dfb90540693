"""Lets a module import at its top what only some of its tasks need, where the others run without it.

A folder of code holds the packages of tasks with the same requirements. Their module may hold other tasks too, and
``import pandas`` for these. What is not there is then stood in for while the module is imported: it may be named, as
annotations and decorators do. Whoever uses it afterwards gets the error that importing it would have been.
"""

from __future__ import annotations

import builtins
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NoReturn

_open: ContextVar[bool] = ContextVar("glacier_absent", default=False)


class Absent:
    """Stands for a library that is not here, or for something in it."""

    def __init__(self, named: str) -> None:
        self.__named = named

    def __repr__(self) -> str:
        return self.__named

    def __getattr__(self, name: str) -> Absent:
        if name.startswith("__"):
            raise AttributeError(name)
        return self.__part(f".{name}")

    def __call__(self, *_: object, **__: object) -> Absent:
        """What a call would give: a decorator of it may stand above a function."""
        return self.__part("(…)")

    def __getitem__(self, _: object) -> Absent:
        return self.__part("[…]")

    def __or__(self, _: object) -> Absent:
        return self.__part("")

    __ror__ = __or__

    def __mro_entries__(self, _: object) -> tuple[type, ...]:
        """A class that is made of it can be declared, and no more."""
        return (type(self.__named, (), {"__new__": lambda cls, *_, **__: self.__refuse()}),)

    def __part(self, which: str) -> Absent:
        return Absent(f"{self.__named}{which}") if _open.get() else self.__refuse()

    def __refuse(self, *_: object) -> NoReturn:
        top = self.__named.partition(".")[0].partition("(")[0]
        message = f"No module named {top!r}: {self.__named} is used, and no requirement of this task brings {top}"
        raise ModuleNotFoundError(message, name=top)

    __bool__ = __iter__ = __len__ = __contains__ = __enter__ = __exit__ = __int__ = __float__ = __index__ = __refuse
    __lt__ = __le__ = __gt__ = __ge__ = __setitem__ = __neg__ = __fspath__ = __reduce_ex__ = __refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __refuse
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pow__ = __rpow__ = __matmul__ = __rmatmul__ = __refuse


@contextmanager
def standing_in(libraries: Mapping[str, Collection[str]]) -> Iterator[None]:
    """While it lasts, some modules may import some libraries that are not there; nobody else is told that they are."""
    original: Any = builtins.__import__

    def find(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:  # noqa: A002
        try:
            return original(name, globals, locals, fromlist, level)
        except ModuleNotFoundError as error:
            importer = (globals or {}).get("__name__")
            if level or name not in libraries.get(str(importer), ()) or not f"{name}.".startswith(f"{error.name}."):
                raise
            return Absent(name if fromlist else name.partition(".")[0])

    token = _open.set(True)
    builtins.__import__ = find
    try:
        yield
    finally:
        builtins.__import__ = original
        _open.reset(token)
