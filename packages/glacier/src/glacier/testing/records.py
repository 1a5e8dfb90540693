"""What one program asked the engine for, and whether it gave a secret away."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from glacier.testing.conform import dotted, leaves
from glacier.testing.wire import Steps

SHORTEST_SECRET: Final = 6
"""Secrets shorter than this are not searched for: they would be found in unrelated text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a resource is treated. Resources are named by their URNs; ``dependencies`` are all that the engine was told
    of, those of the properties included.
    """

    protect: bool = False
    retain_on_delete: bool = False
    delete_before_replace: bool = False
    ignore_changes: tuple[str, ...] = ()
    import_: str = ""
    parent: str = ""
    provider: str = ""
    dependencies: frozenset[str] = frozenset()
    depends_on: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A resource as the engine was asked for it, in the SDK's own Python names.

    ``path`` is its class (``pulumi_aws.s3.Bucket``), ``secrets`` the paths of inputs that were secret, ``read`` tells
    a resource that already exists. Files are ``("archive", path)``; what is not known before deploying is ``UNKNOWN``.
    """

    type: str
    name: str
    urn: str
    path: str
    id: object
    inputs: Mapping[str, object]
    outputs: Mapping[str, object]
    options: Options
    secrets: frozenset[Steps] = frozenset()
    read: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A question to a provider and what it answered, in the SDK's own Python names."""

    path: str
    inputs: Mapping[str, object]
    outputs: Mapping[str, object]


@dataclass(slots=True)
class Records:
    """What one program asked for; filled from many threads, so only while ``lock`` is held."""

    resources: dict[str, Recorded] = field(default_factory=dict)
    answers: list[Answered] = field(default_factory=list)
    outputs: dict[str, object] = field(default_factory=dict)
    secret_outputs: set[Steps] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    tainted: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)


def leaks(records: Records) -> Iterator[str]:
    """Secrets that a program put where anyone may read them."""
    for recorded in records.resources.values():
        for path, value in leaves(recorded.inputs):
            if _leaked(value, records.tainted) and not _covered(path, recorded.secrets):
                yield f"{recorded.type} {recorded.name!r}: {dotted(path)}: holds a secret in the clear"
    for path, value in leaves(records.outputs):
        if _leaked(value, records.tainted) and not _covered(path, records.secret_outputs):
            yield f"output {dotted(path)}: exports a secret in the clear"


def _leaked(value: object, tainted: set[str]) -> bool:
    return isinstance(value, str) and any(secret in value for secret in tainted if len(secret) >= SHORTEST_SECRET)


def _covered(path: Steps, secrets: set[Steps] | frozenset[Steps]) -> bool:
    return any(path[:length] in secrets for length in range(len(path) + 1))


def texts(value: object) -> Iterator[str]:
    """Every text inside a value."""
    return (leaf for _, leaf in leaves(value) if isinstance(leaf, str))
