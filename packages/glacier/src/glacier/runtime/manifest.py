"""What a folder of code holds: which tasks, and where the datasets they name are to be found."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a dataset is: the name of its storage, its path there, and how it is kept.

    The storage's address is not here: it is known when deploying, and comes from the environment. A ``source`` is
    written by no task. ``transfer`` are the switches that are on for what is done to it on its way: ``"compress"``,
    ``"parallel"``, ``"cache"``, ``"batch"``.
    """

    store: str
    path: str
    format: str | None = None
    schema: Mapping[str, str] | None = None
    source: bool = False
    transfer: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A folder of code: its tasks as ``module:name``, and the module and variable of their pipeline, if it has one.

    ``authorities`` are, by storage, the certificates (PEM) of who signs its server's, where they are known already and
    are not those that everybody trusts. ``libraries`` are, by module, what it imports at its top from elsewhere, and
    need not be there for tasks that do not use it.
    """

    pipeline: str
    module: str | None
    attribute: str | None
    tasks: Mapping[str, str]
    places: Mapping[str, Place]
    authorities: Mapping[str, str] = field(default_factory=dict)
    libraries: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def to_json(self) -> str:
        """The manifest as text; the same manifest gives the same text."""
        said = asdict(self)
        for place in said["places"].values():
            if not place["transfer"]:
                del place["transfer"]  # so that a folder in which nothing crosses stays as it is
        for name in ("authorities", "libraries"):
            if not said[name]:
                del said[name]
        return json.dumps(said, indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """The manifest of a text that :meth:`to_json` gave."""
        read: dict[str, Any] = json.loads(text)
        places = {
            name: Place(**{**place, "transfer": tuple(place.get("transfer", ()))})
            for name, place in read["places"].items()
        }
        return cls(**{**read, "places": places})


def authority_key(address_key: str) -> str:
    """The environment variable that holds a server's authority, beside the one that holds its storage's address."""
    return address_key.replace("_STORE_", "_AUTHORITY_", 1)
