"""``glacier providers``: which clouds are installed, and what each supports."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint

import click

from glacier import providers
from glacier.cli import show
from glacier.compute import Container, Serverless
from glacier.resource import Generic
from glacier.storage import Cache, Database, ObjectStorage, Queue
from glacier.target import Target
from glacier.terms import Unsupported

_GENERIC: tuple[type[Generic], ...] = (ObjectStorage, Database, Cache, Queue, Serverless, Container)


@click.command()
def command() -> None:
    """Show which clouds are installed, and what each supports."""
    loaded: dict[str, type[Target]] = {}
    broken: dict[str, str] = {}
    for name in providers.installed():
        try:
            loaded[name] = providers.load(name)
        except Exception as error:  # one broken cloud is no reason to hide the others
            broken[name] = f"{type(error).__name__}: {error}"
    if loaded:
        rows = [
            [generic.__name__, *(_cell(target, generic.kind) for target in loaded.values())] for generic in _GENERIC
        ]
        rows.append(
            ["", *(", ".join(kind.PARTICULAR.__name__ for kind in target.more_kinds) for target in loaded.values())]
        )
        show.table("Kinds", ("", *(_title(providers.installed()[name]) for name in loaded)), filter(any, rows))
    for name, target in loaded.items():
        for why, kinds in _refused(target).items():
            show.line(f"{name} has no {', '.join(kinds)}: {why}")
    for name, why in broken.items():
        show.line(f"{_title(providers.installed()[name])} does not load: {why}", "red")
    for name, distribution in providers.DISTRIBUTIONS.items():
        if name not in providers.installed():
            show.line(f"{name} is not installed: pip install {distribution}")


def _title(point: EntryPoint) -> str:
    return f"{point.name} ({point.dist.name} {point.dist.version})" if point.dist is not None else point.name


def _cell(target: type[Target], kind: str) -> str:
    found = target.storage_kinds.get(kind) or target.compute_kinds.get(kind)
    return "no" if found is None or isinstance(found, Unsupported) else found.PARTICULAR.__name__


def _refused(target: type[Target]) -> Mapping[str, list[str]]:
    """What a cloud does not have, by the reason why."""
    refused: dict[str, list[str]] = {}
    for generic in _GENERIC:
        found = target.storage_kinds.get(generic.kind) or target.compute_kinds.get(generic.kind)
        if isinstance(found, Unsupported):
            why = f"{found.why}; {found.instead}" if found.instead else found.why
            refused.setdefault(why, []).append(generic.__name__)
        elif found is None:
            refused.setdefault("not in its tables", []).append(generic.__name__)
    return refused
