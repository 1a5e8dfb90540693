"""Where a cloud enters: each entry finds its task, opens its stores, and runs it once.

The folder of code holds ``manifest.json``; addresses come from ``GLACIER_STORE_…`` and ``GLACIER_SECRET_…`` in the
environment, and ``GLACIER_AUTHORITY_…`` is by whose word a server is believed. A task is named by ``GLACIER_TASK``, or
else by the event.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
import uuid
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from glacier.errors import TaskError
from glacier.runtime import importing, logs
from glacier.runtime.absent import Absent, standing_in
from glacier.runtime.libraries import is_there
from glacier.runtime.logs import Log
from glacier.runtime.manifest import Manifest, Place
from glacier.runtime.problems import ENDING, named
from glacier.runtime.run import Done, Step, TaskLike, run, step_of
from glacier.runtime.secrets import from_environment
from glacier.runtime.stores import Store, open_from
from glacier.runtime.who import Who
from glacier.runtime.written import Written


def aws_handler(event: Any, context: Any) -> dict[str, Any]:
    """What AWS Lambda calls: ``{"task": NAME, "run": ID}``, as Step Functions sends it."""
    given = event if isinstance(event, Mapping) else {}
    return run_here(given.get("task"), given.get("run") or getattr(context, "aws_request_id", None))


def gcp_handler(request: Any) -> dict[str, Any]:
    """What Google's functions framework calls, with a request whose JSON is ``{"task": NAME, "run": ID}``."""
    given = request.get_json(silent=True) or {}
    return run_here(given.get("task"), given.get("run") or os.environ.get("GLACIER_RUN"))


def azure_main(body: Mapping[str, Any]) -> dict[str, Any]:
    """What an Azure function gives its request's JSON to: ``{"task": NAME, "run": ID}``."""
    return run_here(body.get("task"), body.get("run") or os.environ.get("GLACIER_RUN"))


def main() -> int:
    """What a container runs; gives the exit code, which is 1 when the task failed."""
    arguments = sys.argv[1:]
    try:
        answer = run_here(arguments[0] if arguments else None, os.environ.get("GLACIER_RUN"))
    except TaskError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the last line of a container's log
        return 1
    print(json.dumps(answer))  # noqa: T201
    return 0


def run_here(asked: str | None, run_id: str | None) -> dict[str, Any]:
    """Run a task of the folder this is in, and say what it wrote: ``{"task", "run", "attempt", "seconds", "outputs"}``.

    Of what came from another cloud, ``"inputs"`` says how much it was.

    Raises :class:`~glacier.errors.TaskError` after the error has been logged, with the user's own frames first; what
    is none of those is logged and raised, too.
    """
    name = os.environ.get("GLACIER_TASK") or asked
    log = Log(task=name or "?", run=run_id or uuid.uuid4().hex)
    logs.begin(log)
    begin = time.perf_counter()
    try:
        if name is None:
            raise TaskError("?", "nobody said which", help="set GLACIER_TASK, or send {'task': NAME}")
        if asked is not None and asked != name:
            raise TaskError(name, f"was asked to run {asked!r}", help="GLACIER_TASK says which task this function is")
        done, inputs = _run(name, log)
    except BaseException as error:
        log.failed(error, time.perf_counter() - begin)
        raise
    outputs = {name: _said(written) for name, written in done.outputs.items()}
    facts: dict[str, Any] = {"outputs": outputs} | ({"inputs": inputs} if inputs else {})
    log.event("finished", seconds=time.perf_counter() - begin, function_seconds=done.seconds, **facts)
    return {"task": name, "run": log.run, "attempt": log.attempt, "seconds": round(done.seconds, 6), **facts}


def _said(written: Written) -> dict[str, Any]:
    """What is said of an output: its bytes, and, where it was packed, those that were sent and those that were not."""
    said: dict[str, Any] = {"bytes": written.size, "where": written.where}
    return said if written.sent is None else {**said, "sent": written.sent, "saved": written.saved}


def _spared(places: Mapping[str, Place], names: list[str], stores: Mapping[str, Store]) -> dict[str, dict[str, int]]:
    """The same of what came from another cloud."""
    found: dict[str, dict[str, int]] = {}
    for name in dict.fromkeys(names):
        place = places[name]
        tally = getattr(stores[place.store], "tallies", {}).get(place.path)
        if tally is not None and tally.received is not None:
            saved = tally.given - tally.received
            found[name] = {"bytes": tally.given, "received": tally.received, "saved": saved}
    return found


def _run(name: str, log: Log) -> tuple[Done, dict[str, dict[str, int]]]:
    folder = _folder(name)
    manifest = _manifest(folder)
    step = _step(folder, name)
    log.event("started", pipeline=manifest.pipeline)
    reads = [dataset for _, dataset, _ in step.reads]
    names = reads + [dataset for dataset, _ in step.writes]
    kept = {manifest.places[dataset].store: dataset for dataset in names}
    stores = open_from(os.environ, kept, Who(name, log.run), manifest.authorities)
    try:
        done = run(step, manifest.places, stores, from_environment(os.environ))
        return done, _spared(manifest.places, reads, stores)
    finally:
        for store in stores.values():
            store.close()


def _folder(task: str) -> Path:
    """The folder of code: where Glacier itself was put, or the current directory."""
    places = (Path(__file__).parents[2], Path.cwd())
    for place in places:
        if (place / "manifest.json").is_file():
            return place
    looked = " or ".join(map(str, dict.fromkeys(places)))
    raise TaskError(task, f"there is no manifest.json in {looked}", help="run it in a folder of functions/")


@cache
def _manifest(folder: Path) -> Manifest:
    return Manifest.from_json((folder / "manifest.json").read_text(encoding="utf-8"))


@cache
def _step(folder: Path, name: str) -> Step:
    """A task by its name, imported from the folder; a function that is called again finds it here."""
    manifest = _manifest(folder)
    if name not in manifest.tasks:
        known = ", ".join(sorted(manifest.tasks))
        raise TaskError(name, f"is no task of this folder, which has {known}", help="is GLACIER_TASK spelt right?")
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    module, _, qualname = manifest.tasks[name].partition(":")
    try:
        with importing(), standing_in(manifest.libraries):
            modules = [importlib.import_module(found) for found in dict.fromkeys((manifest.module or module, module))]
    except ENDING:
        raise
    except BaseException as error:
        raise TaskError(name, f"its module does not import: {named(error)}") from error
    for imported in modules:
        for found in _tasks(imported, manifest.attribute if imported.__name__ == manifest.module else None):
            if found.name == name:
                return step_of(found)
    raise TaskError(
        name,
        f"{qualname} is not found in {module} when it is imported",
        help="declare the task, or its pipeline, at the top level of its module" + _lacking(manifest, module),
    )


def _lacking(manifest: Manifest, module: str) -> str:
    """A task whose decorator is not there is none."""
    asked = [name for name in manifest.libraries.get(module, ()) if not is_there(name)]
    return f"; and require what it is decorated with, if that is of {', '.join(asked)}" if asked else ""


def _tasks(module: ModuleType, attribute: str | None) -> list[TaskLike]:
    """The tasks of the pipeline that a variable holds, or else those in any variable of a module."""
    values = [getattr(module, attribute, None)] if attribute else list(vars(module).values())
    found: list[TaskLike] = []
    for value in values:
        if isinstance(value, Absent):
            continue
        if value is not None and hasattr(value, "slots") and hasattr(value, "results"):
            found.append(value)
        elif not isinstance(value, type) and isinstance(tasks := getattr(value, "tasks", None), tuple):
            found.extend(each for each in tasks if hasattr(each, "slots"))
    return found
