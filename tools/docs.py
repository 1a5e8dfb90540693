"""Writes the pages of the documentation that are made from the program itself: the support matrix and the commands.

just docs            rewrite docs/support.md and docs/commands.md
just docs --check    say whether they are current, and change nothing
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import MISSING, Field
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import click
from glacier import providers
from glacier.cli.app import COMMANDS, app
from glacier.compute import Container, Serverless
from glacier.resource import Generic, Resource, describe, field_types, public_fields
from glacier.storage import Cache, Database, ObjectStorage, Queue
from glacier.tables import Limit, Tables
from glacier.target import Target
from glacier.terms import Unsupported

DOCS = Path(__file__).parent.parent / "docs"
GENERIC: tuple[type[Generic], ...] = (ObjectStorage, Database, Cache, Queue, Serverless, Container)
MADE = "<!-- Made by `just docs` from the program itself: change the program, not this page. -->\n"


def support() -> str:
    """What each cloud has, and every field of its classes with what its cloud allows."""
    targets: dict[str, type[Target]] = {name: providers.load(name) for name in providers.installed()}
    lines = [MADE, "# What each cloud has\n"]
    lines.append(f"| generic | {' | '.join(targets)} |")
    lines.append(f"|---|{'---|' * len(targets)}")
    lines += [
        f"| `{generic.__name__}` | {' | '.join(_cell(t, generic.kind) for t in targets.values())} |"
        for generic in GENERIC
    ]
    more = [", ".join(f"`{kind.PARTICULAR.__name__}`" for kind in t.more_kinds) or "–" for t in targets.values()]
    lines.append(f"| (of its own) | {' | '.join(more)} |")
    for name, target in targets.items():
        lines.append(f"\n## {name}\n")
        for kind in (*target.storage_kinds.values(), *target.compute_kinds.values(), *target.more_kinds):
            if not isinstance(kind, Unsupported):
                lines += _class(kind.PARTICULAR, target.tables)
    return "\n".join(lines) + "\n"


def _cell(target: type[Target], kind: str) -> str:
    found = target.storage_kinds.get(kind) or target.compute_kinds.get(kind)
    if found is None or isinstance(found, Unsupported):
        return f"no: {found.why}" if found is not None else "no"
    return f"`{found.PARTICULAR.__name__}`"


def _class(cls: type[Resource], tables: Tables) -> Iterator[str]:
    summary = (cls.__doc__ or "").split("\n\n")[0].replace("\n", " ")
    yield f"### `{cls.__name__}`\n\n{summary}\n"
    yield "| field | takes | default | allowed |\n|---|---|---|---|"
    for field in public_fields(cls):
        takes = describe(field_types(cls)[field.name]).replace("|", "\\|")
        limit = tables.limits.get((cls.__name__, field.name))
        yield f"| `{field.name}` | {takes} | `{_default(field)}` | {_allowed(limit) if limit else ''} |"
    yield ""


def _default(field: Field[Any]) -> str:
    return "" if field.default is MISSING else repr(field.default)


def _allowed(limit: Limit) -> str:
    if limit.one_of is not None:
        shown = [str(word) for word in limit.one_of]
        return ", ".join(shown) if len(shown) <= 12 else f"{', '.join(shown[:6])} and {len(shown) - 6} more"
    bounds = [f"at least {limit.min:g}"] if limit.min is not None else []
    bounds += [f"at most {limit.max:g}"] if limit.max is not None else []
    text = ", ".join(bounds) + (f" {limit.unit}" if bounds and limit.unit else "")
    return text or (f"`{limit.pattern}`".replace("|", "\\|") if limit.pattern else "")


def commands() -> str:
    """The help of every command, as the terminal shows it."""
    lines = [MADE, "# The commands\n"]
    for name, (place, _) in (("glacier", ("", "")), *COMMANDS.items()):
        command: click.Command = resolve_name(place) if place else app
        words = ["glacier", name] if place else ["glacier"]
        context = click.Context(
            command, info_name=words[-1], parent=click.Context(app, info_name="glacier") if place else None
        )
        context.terminal_width = 100
        lines.append(f"## {' '.join(words)}\n\n```text\n{command.get_help(context).rstrip()}\n```\n")
    return "\n".join(lines)


PAGES = {"support.md": support, "commands.md": commands}


def main() -> None:
    """Write the pages, or check them."""
    stale = []
    for name, make in PAGES.items():
        page, text = DOCS / name, make()
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            stale.append(name)
            if "--check" not in sys.argv:
                page.write_text(text, encoding="utf-8")
    if stale and "--check" in sys.argv:
        raise SystemExit(f"not current: {', '.join(stale)}; run `just docs`")


if __name__ == "__main__":
    main()
