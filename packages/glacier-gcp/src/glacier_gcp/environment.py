"""Which settings of its own a task may have on Google Cloud."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from glacier.errors import Diagnostic
from glacier.tables import Tables, matches

_TABLES = Tables("glacier_gcp")


def review(env: Mapping[str, str] | None) -> Iterator[Diagnostic]:
    """What is wrong with the names of some settings."""
    rule = _TABLES.limits["Environment", "name"]
    for name in env or {}:
        refused = [why for pattern, why in rule.forbid if matches(pattern, name)]
        if refused or (rule.pattern is not None and not matches(rule.pattern, name)):
            why = refused[0] if refused else "is no name of a setting"
            yield Diagnostic(code="env", message=f"env may not set {name!r}: it {why}", help=rule.help)
