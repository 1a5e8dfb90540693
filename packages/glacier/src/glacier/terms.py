"""The values in which the core and a cloud speak of what is to be made: who, for what, at which price."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from glacier.graph import Verb
from glacier.infra import Config, Options, Output, Statement, Value

Made: TypeAlias = Statement | Output  # what a kind yields
RANDOM = 6  # characters at the end of a name; with the hyphen before them fewer than the eight that names.toml leaves

KEEP_DATA = Config(
    name="keep_data",
    type="bool",
    default=True,
    description="Whether data outlives the stack: protected from deletion, and left in place by pulumi destroy",
)
KEPT = Options(protect=KEEP_DATA, retain_on_delete=KEEP_DATA)  # for every resource that holds data
GUESTS = Config(
    name="guests",
    default="1",
    description="Any other text gives the guests from other clouds new names, to let them in again where trust ended",
)

WAY_OUT = "way_out"  # the shared part by which a network is left for anywhere: another cloud, or another region


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A kind that a cloud does not have, with the reason and what to use instead."""

    why: str
    instead: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who a task is: ``id`` for its own cloud, ``subject`` for others. All that one cloud learns of another.

    ``claims`` are what its cloud says of it to others, such as an account, an issuer or an audience.
    """

    provider: str
    owner: str
    id: Value
    subject: Value
    claims: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One permission: a task may read, or write, some paths of one storage."""

    verb: Verb
    paths: tuple[str, ...]
    who: Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where the runtime finds a storage: a URL, and whether only tasks inside the network reach it.

    ``door`` is the shared part by which a task inside a network comes to it, or to its password, from the same region
    of the same cloud; empty where every network has a way there.

    ``authority`` is the certificate, as PEM, of who signs its server's, where that is nobody whom everybody trusts;
    ``Unsupported`` where nobody knows it, so that no server there could be believed. Text goes with the code, and what
    is known only when deploying into the task's environment.
    """

    url: Value
    network: bool = False
    door: str = ""
    authority: Value | Unsupported = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a task needs besides its compute: its code, its settings, and how it is to be called."""

    name: str
    folder: str
    digest: str
    environment: Mapping[str, Value]
    network: bool
    retries: int
    timeout: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """Something billed: ``item`` is a row of the price table, ``quantity`` per month or per run (``None``: unknown).

    ``of`` says what an unknown quantity is counted in, for the line that is shown instead of a sum.
    """

    item: str
    quantity: float | None
    per: str = "month"
    of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What a shared part is by which tasks leave their network: how people call it, and what it is billed for.

    ``meters`` is given the bytes that one run takes through it, when they are known.
    """

    what: str
    meters: Callable[[int | None], Iterator[Meter]]
