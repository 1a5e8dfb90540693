"""Finds the clouds that are installed, through the entry points ``glacier.providers``."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from glacier.errors import PROVIDERS, ProviderNotInstalled, nearest

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

# Which distribution to suggest for a cloud that is not installed; installed ones are learnt from their entry points.
DISTRIBUTIONS = {"aws": "glacier-aws", "gcp": "glacier-gcp", "azure": "glacier-azure"}


@cache
def installed() -> dict[str, EntryPoint]:
    """The entry point of every installed provider, by name."""
    from importlib.metadata import entry_points  # takes as long to load as the rest of Glacier

    return {point.name: point for point in sorted(entry_points(group=PROVIDERS), key=lambda point: point.name)}


def is_provider(name: str) -> bool:
    """Whether a word names a cloud, installed or known to exist."""
    return name in DISTRIBUTIONS or name in installed()


def load(name: str) -> type:
    """The compiler class of a provider, such as ``AWSCompiler`` for ``"aws"``.

    Raises :class:`~glacier.errors.ProviderNotInstalled`; a provider that is installed but broken
    fails with its own traceback.
    """
    point = installed().get(name)
    if point is None:
        raise ProviderNotInstalled(name, _how_to_install(name))
    compiler: type = point.load()
    return compiler


def _how_to_install(name: str) -> str:
    if name in DISTRIBUTIONS:
        return f"pip install {DISTRIBUTIONS[name]}"
    meant = nearest(name, [*DISTRIBUTIONS, *installed()])
    return f"did you mean {meant!r}?" if meant else f"known here: {', '.join(sorted({*DISTRIBUTIONS, *installed()}))}"
