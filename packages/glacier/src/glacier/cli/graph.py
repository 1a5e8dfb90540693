"""``glacier graph``: the pipeline as text, Mermaid, SVG or HTML."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from glacier import draw
from glacier.cli import loading, show
from glacier.errors import CompileError
from glacier.graph import Graph, build

_STYLES = {
    draw.Role.TITLE: "bold",
    draw.Role.HEADING: "bold dim",
    draw.Role.SOURCE: "cyan",
    draw.Role.DATASET: "cyan",
    draw.Role.TASK: "bold yellow",
    draw.Role.LINE: "dim",
    draw.Role.FAINT: "dim",
    draw.Role.PLAIN: "",
}
_FORMS: dict[str, Callable[[Graph], str]] = {"mermaid": draw.mermaid, "svg": draw.svg, "html": draw.html}


def _form(name: str, what: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return click.option(
        f"--{name}", metavar="[TO]", is_flag=False, flag_value="-", help=f"{what}, to a file or to standard output."
    )


@click.command()
@click.argument("reference", metavar="FILE[:NAME]", required=False)
@_form("mermaid", "As Mermaid")
@_form("svg", "As a picture")
@_form("html", "As a page that needs nothing else")
def command(reference: str | None, **forms: str | None) -> None:
    """Draw the pipeline: its datasets and tasks, stage by stage."""
    asked = {form: to for form, to in forms.items() if to is not None}
    if len(asked) > 1:
        raise show.usage(f"--{' and --'.join(asked)}: give one of them.")
    form, to = next(iter(asked.items()), ("", "-"))
    if reference is None and form:
        reference, to = to, "-"  # `glacier graph --svg sales.py` means the picture of sales.py
    if reference is None or reference == "-":
        raise show.usage("Say which pipeline: glacier graph FILE.")
    if Path(to).suffix == ".py":
        raise show.usage(f"--{form} would write over {to}.")
    graph = build(loading.load(reference).pipeline)
    if not form:
        _print(graph)
        return
    try:
        drawing = _FORMS[form](graph)
    except ModuleNotFoundError as error:
        if error.name != "fast_sugiyama":
            raise
        raise CompileError([show.fault("draw", "drawing needs fast-sugiyama", "pip install fast-sugiyama")]) from None
    if to == "-":
        click.echo(drawing, nl=False)
        return
    try:
        Path(to).write_text(drawing, encoding="utf-8", newline="\n")
    except OSError as error:
        raise show.usage(f"{to} cannot be written: {error.strerror}.") from None
    click.echo(f"wrote {show.path(to)}", err=True)


def _print(graph: Graph) -> None:
    from rich.text import Text

    out = show.console()
    for row in draw.lines(graph):
        out.print(Text.assemble(*((piece, _STYLES[role]) for piece, role in row)), soft_wrap=True)
