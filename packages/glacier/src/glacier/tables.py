"""Loads the dated tables of facts that a provider ships: limits, choices, names, regions, prices, versions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a fact was read, and when (``YYYY-MM-DD``)."""

    title: str
    read_on: str
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What one field of a class may be, by its cloud: a range, a list of words, or a shape of text."""

    source: str
    min: float | None = None
    max: float | None = None
    unit: str = ""
    one_of: tuple[Any, ...] | None = None
    offline: tuple[str, ...] = ()
    pattern: str | None = None
    forbid: tuple[tuple[str, str], ...] = ()
    steps: tuple[int, ...] = ()  # a number between two of these is rounded up, and the user is told
    help: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Two fields that a cloud takes only in certain pairs: for each step of the first, the steps of the second.

    A pair between two steps is rounded up, and the user is told; a second that is ``None`` is the least that there is.
    """

    first: str
    second: str
    source: str
    steps: tuple[tuple[float, Sequence[float]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NameRule:
    """How long a physical name may be before Pulumi adds its random suffix; ``plain`` is letters and digits only."""

    max: int
    plain: bool = False
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What one unit of something costs in one region (``*``: in all), in US dollars, before any free tier."""

    item: str
    region: str
    unit: str
    usd: float
    as_of: str
    source: str
    recalled: bool = False


@dataclass(frozen=True)
class Tables:
    """The tables in a package's ``data`` folder; each is read when first used."""

    package: str
    _cache: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def raw(self, name: str) -> Mapping[str, Any]:
        """A table as written."""
        if name not in self._cache:
            # Here, since declaring a pipeline reads no table, and these take as long to load as the rest.
            import tomllib
            from importlib.resources import files

            text = (files(self.package) / "data" / f"{name}.toml").read_text(encoding="utf-8")
            self._cache[name] = tomllib.loads(text)
        table: Mapping[str, Any] = self._cache[name]
        return table

    def sources(self, name: str) -> Mapping[str, Source]:
        """The sources a table names."""
        return {key: Source(**row) for key, row in self.raw(name)["source"].items()}

    @cached_property
    def limits(self) -> Mapping[tuple[str, str], Limit]:
        """Limits by class and field."""
        return {
            (cls, name): Limit(**{key: _frozen(value) for key, value in row.items()})
            for cls, rows in self.raw("limits").get("limit", {}).items()
            for name, row in rows.items()
        }

    @cached_property
    def pairs(self) -> Mapping[str, Pairs]:
        """Pairs of fields by class."""
        return {
            cls: Pairs(
                first=row["first"],
                second=row["second"],
                source=row["source"],
                steps=tuple((float(step["first"]), _steps(step)) for step in row["steps"]),
            )
            for cls, row in self.raw("limits").get("pairs", {}).items()
        }

    @cached_property
    def names(self) -> Mapping[str, NameRule]:
        """Name rules by node type; ``*`` holds for types without one."""
        return {key: NameRule(**row) for key, row in self.raw("names")["name"].items()}

    @property
    def choices(self) -> Mapping[str, Any]:
        """This cloud's value for a generic word."""
        return self.raw("choices")

    @cached_property
    def regions(self) -> Mapping[str, str]:
        """Regions and what they are called."""
        return dict(self.raw("regions")["region"])

    @cached_property
    def countries(self) -> Mapping[str, str]:
        """The country of each region, by its code (ISO 3166-1)."""
        return dict(self.raw("regions").get("country", {}))

    @cached_property
    def prices(self) -> Mapping[tuple[str, str], Price]:
        """First-tier list prices by item and region."""
        rows = (Price(**row) for row in self.raw("prices")["price"])
        return {(price.item, price.region): price for price in rows}

    @cached_property
    def requirements(self) -> tuple[str, ...]:
        """What a generated program installs, pinned to the versions it was proven against."""
        return tuple(f"{name}=={version}" for name, version in sorted(self.raw("sdk")["requires"].items()))


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


def _steps(row: Mapping[str, Any]) -> Sequence[float]:
    if "values" in row:
        return tuple(row["values"])
    return range(row["from"], row["to"] + 1, row["by"])


def matches(pattern: str, text: str) -> bool:
    """Whether the whole of a text has a shape."""
    return re.fullmatch(pattern, text) is not None
