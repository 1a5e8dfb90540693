"""Finds the values of secrets on this machine: in the environment, in a ``.env`` file, or in the keyring."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TypeAlias

from glacier.errors import TaskError
from glacier.graph import Graph
from glacier.naming import slug
from glacier.runtime.libraries import is_there, library
from glacier.runtime.problems import Problem
from glacier.runtime.secrets import Values, variable
from glacier.secrets import Secret

Read: TypeAlias = Callable[[Path], Mapping[str, str | None]]

_FILE = ".env"


def look_up(graph: Graph) -> Values:
    """The values of all secrets that a pipeline's tasks name.

    Each is looked for in the environment (``DB_PASSWORD`` for ``db_password``), in ``.env`` beside the file that
    declares the pipeline and then in the current directory, and in the keyring if the package ``keyring`` is installed,
    under the pipeline's name. What is empty is not set. Raises :class:`~glacier.errors.TaskError` that names every one
    that is not set.
    """
    users: dict[Secret, str] = {}
    for each in graph.tasks:
        for secret in each.secrets.values():
            users.setdefault(secret, each.name)
    if not users:
        return Values({})
    service, files = slug(graph.name), _files(graph)
    read = cache(_read)  # each file once, and only when something is not in the environment
    values = Values({secret.name: _value(secret, task, service, files, read) for secret, task in users.items()})
    if missing := [secret for secret in users if not values(secret.name)]:
        raise _not_set(missing, users, service, files[0])
    return values


def _value(secret: Secret, task: str, service: str, files: list[Path], read: Read) -> str:
    """What is found first; empty when there is nothing."""
    name = variable(secret.name)
    try:
        written = (value for file in files if (value := read(file).get(name)))
        return os.environ.get(name) or next(written, None) or _kept(service, secret) or ""
    except Problem as problem:
        message = f"its secret {secret.name} cannot be looked for in {problem.message}"
        raise TaskError(task, message, help=f"{problem.help}, or set {name} in the environment") from None


def _files(graph: Graph) -> list[Path]:
    """Where a ``.env`` may be, the nearest to the pipeline first."""
    where = graph.pipeline.where
    beside = [Path(where.file).absolute().parent] if where is not None and Path(where.file).is_file() else []
    return [folder / _FILE for folder in dict.fromkeys([*beside, Path.cwd()])]


def _read(file: Path) -> Mapping[str, str | None]:
    """The settings of a file, as they are written: a ``$`` in a password is a ``$``."""
    if not file.is_file():
        return {}
    import dotenv  # only for pipelines that have secrets, and a file

    try:
        return dotenv.dotenv_values(file, interpolate=False)
    except UnicodeDecodeError:
        raise Problem(f"{file}: it is not UTF-8", "save it as UTF-8 (what Windows calls Unicode is UTF-16)") from None
    except OSError as error:
        raise Problem(f"{file}: {error.strerror}", "let your user read it") from None


def _kept(service: str, secret: Secret) -> str | None:
    """What the keyring keeps for a secret, if there is a keyring."""
    if not is_there("keyring"):
        return None
    try:
        kept: str | None = library("keyring").get_password(service, secret.name)
    except library("keyring.errors").NoKeyringError:  # as on a server
        return None
    except library("keyring.errors").KeyringError as error:
        raise Problem(f"the keyring: {error}", "unlock the keyring") from None
    return kept


def _not_set(missing: list[Secret], users: Mapping[Secret, str], service: str, file: Path) -> TaskError:
    first, *others = missing
    name = variable(first.name)
    lines = [f"write {name}=… into {file}, and keep that file out of version control"]
    lines += [f"or, for this shell only: IFS= read -rs {name} && export {name}"]
    lines += [f'or, if it has several lines, of which read takes one: export {name}="$(cat FILE)"']
    if is_there("keyring"):
        lines += [f"or, for good: keyring set {service} {shlex.quote(first.name)}"]
    lines += [f"also not set: secret {other.name} of task {users[other]} ({variable(other.name)})" for other in others]
    return TaskError(users[first], f"its secret {first.name} is not set", help="\n".join(lines))
