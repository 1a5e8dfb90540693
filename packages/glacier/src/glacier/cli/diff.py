"""``glacier diff``: what deploying one exported folder after another would do, and what data it would cost."""

from __future__ import annotations

import json
from pathlib import Path

import click

from glacier import changes
from glacier.changes import Changes, What
from glacier.cli import show

_STYLES = {What.CREATED: ("+", "green"), What.CHANGED: ("~", "yellow"), What.REMOVED: ("-", "magenta")}


@click.command()
@click.argument("old", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("new", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Everything, as JSON.")
def command(old: Path, new: Path, as_json: bool) -> None:
    """Show what deploying NEW after OLD creates, keeps, changes and removes; in red, what would lose data.

    OLD and NEW are folders that `glacier compile` wrote. Nothing is written.
    """
    found = changes.between(old, new)
    if as_json:
        click.echo(json.dumps(_data(found), indent=1, ensure_ascii=False))
    else:
        _show(found)


def _data(found: Changes) -> dict[str, object]:
    rows = [
        {
            "what": change.what.value,
            "cloud": change.key.cloud,
            "type": change.key.type,
            "name": change.key.name,
            "arguments": list(change.arguments),
            "holds_data": change.holds_data,
        }
        for change in found.resources
    ]
    return {"resources": rows, "losses": list(found.losses)}


def _show(found: Changes) -> None:
    for cloud in sorted({change.key.cloud for change in found.resources}):
        here = [change for change in found.resources if change.key.cloud == cloud]
        kept = sum(change.what is What.KEPT for change in here)
        show.line(f"{cloud}: {kept} of {len(here)} resources are kept as they are", "bold")
        for change in here:
            if change.what is not What.KEPT:
                sign, style = _STYLES[change.what]
                detail = f"  ({', '.join(change.arguments)})" if change.arguments else ""
                show.line(f"  {sign} {change.key.type} {change.key.name}{detail}", style)
    for loss in found.losses:
        show.line(f"! {loss}", "bold red")
    counts = {what: len(found.of(what)) for what in What}
    show.line("\n" + ", ".join(f"{count} {what.value}" for what, count in counts.items()))
