"""``glacier build``: the packages that tasks import, in the exported folders of code, and how large these are."""

from __future__ import annotations

from pathlib import Path

import click

from glacier import vendoring
from glacier.cli import show
from glacier.vendoring import Built, Size
from glacier.vendoring.building import CACHE
from glacier.vendoring.exported import MIB

_UNKNOWN = "no documented limit"
_COLUMNS = ("folder", "for", "packages", "unzipped", "of", "zipped", "of ", "largest, in MiB")


@click.command()
@click.argument("directory", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--upgrade", is_flag=True, help="Resolve anew what is locked already.")
@click.option(
    "--cache", default=CACHE, show_default=True, type=click.Path(path_type=Path), help="Where built packages are kept."
)
def command(directory: Path, upgrade: bool, cache: Path) -> None:
    """Install the packages that tasks import into the folders of code in DIR, for the machines that run them.

    DIR is what `glacier compile` wrote. Every package is pinned by its hash in DIR/locks, the same for all clouds. No
    Docker is needed, and nothing is built from source: a package without a wheel for its cloud is an error.
    """
    run(directory, cache=cache, upgrade=upgrade)


def run(directory: Path, *, cache: Path = CACHE, upgrade: bool = False) -> None:
    """Build an export and show how large it became; ends with 1 when a folder is too large for its cloud."""
    built = vendoring.build(directory, cache=cache, upgrade=upgrade)
    _show(built)
    show.diagnostics(built.diagnostics, err=True)
    if not built.fits:
        show.line(f"{show.path(directory)}: too large for a cloud; no package was put into it", "bold red")
        raise SystemExit(1)
    show.line(f"{show.path(directory)}: built", "bold green")


def _show(built: Built) -> None:
    rows = [_row(size) for size in built.sizes]
    numbers = ("packages", "unzipped", "of", "zipped", "of ")
    if rows:
        show.table("Size of the functions' code, in MiB", _COLUMNS, rows, numbers=numbers)


def _row(size: Size) -> tuple[str, ...]:
    limits = {part: _UNKNOWN if b.max is None else f"{b.max:g}" for part, b in size.folder.limits.items()}
    shown = {part: (f"{size.of(part) / MIB:.1f}", limits.get(part, "–")) for part in ("unzipped", "zipped")}
    return (
        size.folder.path,
        size.folder.named,
        str(len(size.packages)),
        *shown["unzipped"],
        *shown["zipped"],
        size.largest(),
    )
