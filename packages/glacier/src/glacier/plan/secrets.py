"""Whether every secret can be kept by the clouds whose tasks are given it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from glacier.errors import Diagnostic
from glacier.naming import slug
from glacier.plan.limits import breaches_of
from glacier.plan.model import PlacedSecret, PlacedStorage
from glacier.plan.placement import Subject
from glacier.target import Target
from glacier.terms import Unsupported

SECRET_NAME = ("Secret", "name")  # the row of a limits table that bounds what a secret is called


def kept(
    secrets: Sequence[PlacedSecret], storages: Sequence[PlacedStorage], targets: Mapping[str, Target]
) -> Iterator[Diagnostic]:
    """A cloud that keeps no secrets, a name that it refuses, and a storage that already has the secret's own name."""
    for placed in secrets:
        target, name = targets[placed.cloud], placed.secret.name
        subject = Subject(f"task {placed.tasks[0].name}", placed.tasks[0].where)
        if isinstance(target.secrets, Unsupported):
            why, instead = target.secrets.why, target.secrets.instead
            message = f"is given the secret {name}, and {target.provider} keeps none: {why}"
            yield subject.error("unsupported", message, instead)
        for message, help_ in breaches_of(target.tables, SECRET_NAME, slug(name)):
            yield subject.error("limit", f"the name of the secret {name} ({slug(name)}) {message}", help_)
        for storage in storages:
            if (storage.home.cloud, storage.owner) == (placed.cloud, placed.owner):
                message = f"is given the secret {name}, and a storage is called {storage.owner!r}, as that secret is"
                yield subject.error("name", message, "rename one of the two")
