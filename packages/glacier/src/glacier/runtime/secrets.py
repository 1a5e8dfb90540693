"""Gives a task the values of its secrets right before it is called, and keeps them out of every text.

A task's environment holds references, never values: ``GLACIER_SECRET_…`` (:mod:`glacier.runtime.vaults`).
"""

from __future__ import annotations

import json
import re
import traceback
from collections.abc import Callable, Iterable, Mapping
from pkgutil import resolve_name
from typing import TypeAlias
from urllib.parse import quote, quote_plus

from glacier.errors import TaskError
from glacier.runtime.problems import Problem, Raised

Reveal: TypeAlias = Callable[[str], str]  # a secret's value by its name

HIDDEN = "***"  # what stands in a text where a value was


class Values:
    """Secrets' values by name, which may be handed on, and never shown."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)

    def __call__(self, name: str) -> str:
        """The value of one."""
        return self._values[name]

    def only(self, names: Iterable[str]) -> Values:
        """Those of some names."""
        return Values({name: self._values[name] for name in names})

    def hide(self, text: str) -> str:
        """A text with every value in it replaced by ``***``, also where it is written as Python, JSON or URLs do."""
        for form in sorted({form for value in self._values.values() for form in _forms(value)}, key=len, reverse=True):
            text = text.replace(form, HIDDEN)
        return text

    def __repr__(self) -> str:
        return f"<Values of {', '.join(self._values) or 'no secrets'}>"

    def __reduce__(self) -> tuple[object, ...]:
        return Values, (self._values,)


def _forms(value: str) -> Iterable[str]:
    escaped = (repr(value)[1:-1], json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1])
    quoted = (quote(value, safe="", errors="surrogatepass"), quote_plus(value, errors="surrogatepass"))
    return (form for form in (value, *escaped, *quoted) if form)


def environment_key(name: str) -> str:
    """The environment variable that holds a secret's reference: ``db password`` → ``GLACIER_SECRET_DB_PASSWORD``."""
    return f"GLACIER_SECRET_{variable(name)}"


def variable(name: str) -> str:
    """A secret's name as environment variables are named: ``db password`` → ``DB_PASSWORD``."""
    return "_".join(re.findall("[A-Z0-9]+", name.upper()))


def from_environment(environment: Mapping[str, str]) -> Reveal:
    """What finds values by the references in an environment; raises :class:`Problem` for one that is not set."""

    def reveal(name: str) -> str:
        key = environment_key(name)
        if key not in environment:
            raise Problem("has no address", f"set {key} in the environment")
        value: str = resolve_name("glacier.runtime.vaults:fetch")(environment[key])  # most tasks have no secrets
        return value

    return reveal


def reveal_all(task: str, names: Iterable[str], reveal: Reveal) -> Values:
    """The values that a task is given; raises :class:`~glacier.errors.TaskError` with the names of both."""
    return Values({name: _revealed(task, name, reveal) for name in names})  # in no variable of a frame


def _revealed(task: str, name: str, reveal: Reveal) -> str:
    try:
        return reveal(name)
    except Problem as problem:
        raise TaskError(task, f"its secret {name} {problem.message}", help=problem.help) from problem.__cause__


def hidden(error: TaskError, values: Values) -> TaskError:
    """The same error without any value in what it says."""
    message = values.hide(error.message)
    if isinstance(error, Raised):
        return Raised(error.task, message, frames=[_frame(frame, values) for frame in error.frames])
    return TaskError(error.task, message, dataset=error.dataset, help=values.hide(error.help))


def _frame(frame: traceback.FrameSummary, values: Values) -> traceback.FrameSummary:
    line = values.hide(frame.line or "")
    return frame if line == frame.line else traceback.FrameSummary(frame.filename, frame.lineno, frame.name, line=line)


def cleaned(error: BaseException, values: Values) -> BaseException | None:
    """The user's own exception without any value in its text, or ``None`` where that cannot be had.

    What an exception says is made of its arguments, as a rule; it is changed in place, so that it keeps its traceback.
    """
    if not _shows(error, values):
        return error
    for each in _chain(error):
        each.args = tuple(values.hide(part) if isinstance(part, str) else part for part in each.args)
        if isinstance(each, SystemExit) and isinstance(each.code, str):  # which Python shows when it ends
            each.code = values.hide(each.code)
        if isinstance(notes := getattr(each, "__notes__", None), list):
            notes[:] = [values.hide(note) if isinstance(note, str) else note for note in notes]
    return None if _shows(error, values) else error


def _shows(error: BaseException, values: Values) -> bool:
    """Whether a value is in what Python says of an exception, or of those that led to it."""
    said = [text for each in _chain(error) for text in traceback.format_exception_only(each)]
    said += [_shown(part) for each in _chain(error) for part in each.args]
    return any(values.hide(text) != text for text in said)


def _shown(part: object) -> str:
    try:
        return repr(part)
    except Exception:  # what cannot be shown shows no value
        return ""


def _chain(error: BaseException) -> list[BaseException]:
    """An exception with those that led to it, and those that are grouped in it, each once."""
    found: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    for each in waiting:
        if each is not None and all(each is not known for known in found):
            found.append(each)
            waiting += [each.__cause__, each.__context__]
            waiting += each.exceptions if isinstance(each, BaseExceptionGroup) else ()
    return found
