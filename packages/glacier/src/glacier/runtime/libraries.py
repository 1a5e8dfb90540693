"""Libraries that only some data needs, imported when it does: data frames, and the clients of databases and queues."""

from __future__ import annotations

import importlib
from typing import Any

from glacier.runtime.problems import Problem

# What pip calls a library, where that is another name, or where its bare package does not run.
_PACKAGES = {"psycopg": "psycopg[binary]", "azure": "azure-servicebus", "backports": "backports.zstd"}


def library(name: str) -> Any:
    """A library; raises :class:`~glacier.runtime.problems.Problem` when it is not installed."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        top = name.partition(".")[0]
        if error.name is None or error.name.partition(".")[0] != top:
            raise
        package = _PACKAGES.get(top, top)
        raise Problem(
            f"needs {top}, which is not installed",
            f'pip install {package}; for a task in the cloud: compute.serverless(requirements=["{package}"])',
        ) from None


def is_there(name: str) -> bool:
    """Whether a library can be imported."""
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        return False
    return True
