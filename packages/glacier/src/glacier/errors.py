"""What can go wrong, said so that the reader knows where, what, and what to type instead.

GlacierError
├── DeclarationError      the pipeline was declared wrongly; raised on the line that did it
├── CompileError          the pipeline cannot be compiled; carries every reason, not the first
├── ProviderNotInstalled  names the distribution to install
└── TaskError             a task failed while running; ``__cause__`` is the user's own exception
"""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from types import FrameType

PROVIDERS = "glacier.providers"  # the entry points through which clouds are found
_HERE = os.path.dirname(__file__) + os.sep


class Severity(StrEnum):
    """How much a diagnostic matters: an error stops the compiler, the others are told."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Where:
    """A line in the user's own code."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One thing to tell the user: where, what, and the next thing to type."""

    code: str
    message: str
    subject: str = ""
    help: str = ""
    severity: Severity = Severity.ERROR
    where: Where | None = None

    def __str__(self) -> str:
        head = f"{self.severity}[{self.code}]"
        lines = [f"{head} {self.subject}: {self.message}" if self.subject else f"{head} {self.message}"]
        if self.where is not None:
            lines.append(f"  --> {self.where}")
        if self.help:
            lines.append("  help: " + self.help.replace("\n", "\n        "))
        return "\n".join(lines)


class GlacierError(Exception):
    """Any error Glacier raises on purpose."""


class _Diagnosed(GlacierError):
    """An error made of diagnostics."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("\n".join(map(str, self.diagnostics)))

    def __reduce__(self) -> tuple[object, ...]:  # an exception with its own signature must say how to cross processes
        return type(self), (self.diagnostics,)


class DeclarationError(_Diagnosed):
    """The pipeline was declared wrongly; raised on the line that did it."""


class CompileError(_Diagnosed):
    """The pipeline cannot be compiled; ``.diagnostics`` holds every reason, not the first."""


class ProviderNotInstalled(GlacierError):
    """A provider was asked for whose distribution is not installed here."""

    def __init__(self, provider: str, install: str) -> None:
        self.provider, self.install = provider, install
        super().__init__(f"the provider {provider!r} is not installed\n  help: {install}")

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.provider, self.install)


class TaskError(GlacierError):
    """A task failed while running; ``__cause__`` is the user's own exception when there is one."""

    def __init__(self, task: str, message: str, *, dataset: str | None = None, help: str = "") -> None:  # noqa: A002 - the word the user reads
        self.task, self.dataset, self.message, self.help = task, dataset, message, help
        subject = f"task {task}" + (f", dataset {dataset}" if dataset else "")
        super().__init__(f"{subject}: {message}" + (f"\n  help: {help}" if help else ""))

    def __reduce__(self) -> tuple[object, ...]:
        return _task_error, (self.task, self.message, self.dataset, self.help)


def _task_error(task: str, message: str, dataset: str | None, help: str) -> TaskError:  # noqa: A002
    return TaskError(task, message, dataset=dataset, help=help)


class CrossProviderTransferWarning(UserWarning):
    """Data crosses clouds; ``transfers`` are the accesses for which it does (``glacier.plan.Transfer``)."""

    def __init__(self, message: str, transfers: tuple[object, ...] = ()) -> None:
        super().__init__(message)
        self.transfers = transfers


def caller() -> Where | None:
    """The innermost line of the user's code that led here (the first frame outside Glacier)."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and _is_ours(frame):
        frame = frame.f_back
    return Where(frame.f_code.co_filename, frame.f_lineno) if frame is not None else None


def _is_ours(frame: FrameType) -> bool:
    """Whether a frame is Glacier's, a provider's, or an ``__init__`` or ``replace`` that dataclasses made for them.

    A file's name alone does not tell: ``<stdin>`` and ``<ipython-input-1>`` are the user's.
    """
    if frame.f_code.co_filename.startswith(_HERE):
        return True
    if (frame.f_code.co_filename, frame.f_code.co_name) == ("<string>", "__init__"):
        return True
    package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
    return package == "dataclasses" or (package.startswith("glacier_") and package in _provider_packages())


@cache
def _provider_packages() -> frozenset[str]:
    from importlib.metadata import entry_points  # takes as long to load as the rest of Glacier

    return frozenset(point.module.partition(".")[0] for point in entry_points(group=PROVIDERS))


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """The choice most like a misspelt word, if one is like it at all."""
    found = difflib.get_close_matches(word, list(choices), n=1, cutoff=0.6)
    return found[0] if found else None


_collector: ContextVar[list[Diagnostic] | None] = ContextVar("glacier_collector", default=None)


@contextmanager
def collecting() -> Iterator[list[Diagnostic]]:
    """Gather declaration errors instead of raising at the first, so that all are shown at once."""
    found: list[Diagnostic] = []
    token = _collector.set(found)
    try:
        yield found
    finally:
        _collector.reset(token)


def reject(code: str, message: str, *, subject: str = "", help: str = "", where: Where | None = None) -> None:  # noqa: A002
    """Refuse a declaration: raise on the user's line, or note it when errors are being collected."""
    diagnostic = Diagnostic(code=code, message=message, subject=subject, help=help, where=where or caller())
    found = _collector.get()
    if found is None:
        raise DeclarationError([diagnostic])
    found.append(diagnostic)
