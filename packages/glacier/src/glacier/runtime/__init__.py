"""What runs inside a cloud function; the local executor calls the same code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_importing: ContextVar[bool] = ContextVar("glacier_importing", default=False)


@contextmanager
def importing() -> Iterator[None]:
    """While a user's module is being imported for its tasks: compiling and running at module level do nothing."""
    token = _importing.set(True)
    try:
        yield
    finally:
        _importing.reset(token)


def is_importing() -> bool:
    """Whether a user's module is being imported for its tasks, rather than run for itself."""
    return _importing.get()
