"""Runs a generated program against the strict engine, as an update or as a preview; many of them in one process."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
import importlib
import json
import logging
import os
import runpy
import sys
import traceback
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pulumi
import yaml
from pulumi.runtime import stack as stacks

from glacier.testing.mocks import StrictMonitor
from glacier.testing.records import Answered, Recorded, Records, leaks
from glacier.testing.schema import hushed
from glacier.testing.wire import Steps

ORGANIZATION: Final = "organization"
"""What a state kept in a bucket or a folder calls its only organization."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a program did: the resources, look-ups and outputs, and the problems, none when it is sound."""

    resources: tuple[Recorded, ...]
    outputs: Mapping[str, object]
    problems: tuple[str, ...]
    secret_outputs: frozenset[Steps] = frozenset()
    answers: tuple[Answered, ...] = ()
    project: str = ""
    stack: str = "dev"
    preview: bool = False
    config: Mapping[str, str] = field(default_factory=dict)
    secret_settings: frozenset[str] = frozenset()
    stack_outputs: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


def run_program(
    directory: str | Path,
    *,
    stack: str = "dev",
    config: Mapping[str, str] | None = None,
    preview: bool = False,
    stack_outputs: Mapping[str, Mapping[str, object]] | None = None,
    secrets: Iterable[str] = (),
) -> Run:
    """Run the ``__main__.py`` of a generated project.

    ``config`` are the stack's settings by name, over the defaults of the project's ``Pulumi.yaml``; those the file
    calls secret, and those named in ``secrets``, are. ``stack_outputs`` are the outputs of other stacks, by the name
    of the reference. In a ``preview`` only what follows from inputs is known. Nothing is raised for a bad program:
    what is wrong with it is in :attr:`Run.problems`.
    """
    directory = Path(directory).resolve()
    project, settings, hidden = _settings(directory, config or {}, secrets)
    records = Records(tainted={settings[name] for name in hidden if name in settings})
    monitor = StrictMonitor(directory, preview=preview, stack_outputs=stack_outputs or {}, records=records)
    with _isolated(directory):
        found = contextvars.copy_context().run(_run, directory, monitor, project, stack, settings, hidden)
        if found:
            _discard()
    return Run(
        resources=tuple(sorted(records.resources.values(), key=lambda one: (one.type, one.name))),
        outputs=records.outputs,
        problems=(*found, *sorted({*records.problems, *leaks(records)})),
        secret_outputs=frozenset(records.secret_outputs),
        answers=tuple(sorted(records.answers, key=lambda one: (one.path, repr(one.inputs)))),
        project=project,
        stack=stack,
        preview=preview,
        config=settings,
        secret_settings=hidden,
        stack_outputs=stack_outputs or {},
    )


def _settings(
    directory: Path, given: Mapping[str, str], secrets: Iterable[str]
) -> tuple[str, dict[str, str], frozenset[str]]:
    """The project's name, and its settings as the command line would pass them on, of which some are secret."""
    file = directory / "Pulumi.yaml"
    declared: Any = yaml.safe_load(file.read_text("utf-8")) if file.exists() else {}
    values: dict[str, str] = {}
    hidden = set(secrets)
    for name, about in (declared.get("config") or {}).items():
        setting = about if isinstance(about, dict) else {"value": about}
        default = setting.get("value", setting.get("default"))
        if default is not None:
            values[name] = default if isinstance(default, str) else json.dumps(default)
        if setting.get("secret"):
            hidden.add(name)
    return declared.get("name") or directory.name, {**values, **given}, frozenset(hidden)


def _run(
    directory: Path,
    monitor: StrictMonitor,
    project: str,
    stack: str,
    settings: Mapping[str, str],
    hidden: frozenset[str],
) -> list[str]:
    """Run in a context of its own, where the SDK keeps what it knows of a deployment; what went wrong, in sentences."""
    full = {name if ":" in name else f"{project}:{name}": value for name, value in settings.items()}
    pulumi.runtime.set_all_config(full, [name if ":" in name else f"{project}:{name}" for name in hidden])
    log = _Listener()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.set_exception_handler(lambda _, context: log.lost.append(str(context.get("exception") or context["message"])))
    try:
        _configure(monitor, project, stack, log)
        loop.run_until_complete(stacks.run_in_stack(lambda: _execute(directory)))
    except Exception as error:
        return [_told(error, directory)]
    finally:
        _wind_up(loop)
    return sorted({*log.heard, *log.lost})


def _configure(monitor: StrictMonitor, project: str, stack: str, log: _Listener) -> None:
    logger = logging.Logger("glacier.testing.program", level=logging.WARNING)  # no child of the root logger's
    logger.addHandler(log)
    pulumi.runtime.set_mocks(
        monitor.mocks,
        project=project,
        stack=stack,
        preview=monitor.preview,
        logger=logger,
        monitor=monitor,
        organization=ORGANIZATION,
    )
    pulumi.runtime.settings.SETTINGS.outputs.clear()  # what a program that broke off was waiting for
    pulumi.runtime.settings.ROOT.set(None)  # the stack made here has registered its outputs already: none


def _execute(directory: Path) -> None:
    try:
        runpy.run_path(str(directory / "__main__.py"), run_name="__main__")
    except SystemExit as stop:  # which an event loop would take for its own
        raise RuntimeError(f"SystemExit: {stop.code}") from stop


def _wind_up(loop: asyncio.AbstractEventLoop) -> None:
    """Leave nothing of the program running, whatever became of it."""
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    if left:
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.run_until_complete(loop.shutdown_default_executor())
    asyncio.set_event_loop(None)
    loop.close()


def _discard() -> None:
    """Let go of what a program that broke off had not awaited yet, here and not in the middle of something else."""
    warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
    gc.collect()


class _Listener(logging.Handler):
    """What the SDK warns of: deprecated resources and whatever else it would print under a deployment."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []
        self.lost: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a message."""
        self.heard.append(f"{record.levelname.lower()}: {record.getMessage()}")


def _told(error: BaseException, directory: Path) -> str:
    """An exception in one line, with the line of the program that raised it."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).is_relative_to(directory)]
    where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}: " if frames else ""
    return f"{where}{type(error).__name__}: {error}"


@contextlib.contextmanager
def _isolated(directory: Path) -> Iterator[None]:
    """A program's own folder, import path, modules, environment and warnings, all put back afterwards."""
    cwd, path, strings = Path.cwd(), list(sys.path), os.environ.get("PULUMI_ERROR_OUTPUT_STRING")
    byte_code, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    hidden = {name: sys.modules.pop(name) for name in _modules_of(directory) if name in sys.modules}
    sys.path.insert(0, str(directory))
    importlib.invalidate_caches()
    os.environ["PULUMI_ERROR_OUTPUT_STRING"] = "1"
    os.chdir(directory)
    try:
        with hushed():
            yield
    finally:
        os.chdir(cwd)
        sys.path[:] = path
        sys.path_importer_cache.pop(str(directory), None)
        sys.dont_write_bytecode = byte_code
        for name in [name for name, module in sys.modules.items() if _belongs(module, directory)]:
            del sys.modules[name]
        sys.modules.update(hidden)
        if strings is None:
            del os.environ["PULUMI_ERROR_OUTPUT_STRING"]
        else:
            os.environ["PULUMI_ERROR_OUTPUT_STRING"] = strings


def _modules_of(directory: Path) -> set[str]:
    """The names that the program's own modules and packages would be imported by."""
    packages = {path.parent.name for path in directory.glob("*/__init__.py")}
    return packages | {path.stem for path in directory.glob("*.py")} - {"__main__"}


def _belongs(module: ModuleType, directory: Path) -> bool:
    file = getattr(module, "__file__", None)
    return module.__name__ != "__main__" and file is not None and Path(file).is_relative_to(directory)
