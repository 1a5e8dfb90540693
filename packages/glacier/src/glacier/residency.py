"""Where data may be: a jurisdiction, a country, or regions by name; and what one of these words allows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import TypeAlias

from glacier.errors import Where, nearest, reject
from glacier.tables import Tables

Residency: TypeAlias = str | Sequence[str]

ANYWHERE = "any"  # what releases a dataset from the rules of what it was made from
_COUNTRY = re.compile(r"[a-z]{2}")
_REGION = re.compile(r"[A-Za-z]+[A-Za-z-]*\d*|[a-z]+(-[a-z]+)+-\d+")
_HELP = "residency='eu', 'de', a list of regions, or 'any' to release it"


@cache
def jurisdictions() -> dict[str, frozenset[str]]:
    """The words for several countries, and the countries each stands for."""
    return {word: frozenset(codes) for word, codes in Tables("glacier").raw("jurisdictions")["jurisdiction"].items()}


def words(residency: object, subject: str, where: Where | None = None) -> tuple[str, ...]:
    """What was given, as a tuple of words; refuses what is none."""
    given = (residency,) if isinstance(residency, str) else residency
    if not isinstance(given, Sequence) or not given or not all(isinstance(word, str) and word for word in given):
        reject("residency", f"residency={residency!r} says no place", subject=subject, where=where, help=_HELP)
        return ()
    for word in given:
        if not _is_word(word):
            meant = nearest(word.lower(), [*jurisdictions(), ANYWHERE])
            help_ = f"did you mean {meant!r}?" if meant else _HELP
            reject("residency", f"residency={word!r} is no place", subject=subject, where=where, help=help_)
            return ()
    return tuple(given)


def _is_word(word: str) -> bool:
    """Whether it can be a place: a known word, a country's code, or what a region may be called."""
    is_region = bool(_REGION.fullmatch(word)) and (len(word) > 3 or any(c.isdigit() for c in word))
    return word == ANYWHERE or word.lower() in jurisdictions() or bool(_COUNTRY.fullmatch(word.lower())) or is_region


def allows(given: Sequence[str], region: str, country: str | None) -> bool:
    """Whether one of the words covers a region, which lies in a country."""
    return any(word in (ANYWHERE, region) or (country is not None and country in _countries(word)) for word in given)


def _countries(word: str) -> frozenset[str]:
    return jurisdictions().get(word.lower()) or frozenset({word.upper()})
