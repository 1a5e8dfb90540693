"""``glacier compile``: complete Pulumi programs on disk, with a guide to deploying them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click

from glacier.cli import build, choosing, loading, show
from glacier.compilation import Compiled
from glacier.disk import PROJECT


@click.command()
@choosing.reference
@choosing.options
@click.option("--out", default="infra", show_default=True, type=click.Path(), help="The folder to write to.")
@click.option("--force", is_flag=True, help="Overwrite generated files that were changed since.")
@click.option("--adopt", is_flag=True, help="Take over named buckets that exist already, instead of creating them.")
@click.option(
    "--build/--no-build",
    "builds",
    default=True,
    show_default=True,
    envvar="GLACIER_BUILD",
    show_envvar=True,
    help="Then install what tasks import, as `glacier build` does.",
)
def command(
    reference: str,
    to: tuple[str, ...],
    region: tuple[str, ...],
    using: str | None,
    out: str,
    force: bool,
    adopt: bool,
    builds: bool,
) -> None:
    """Write complete Pulumi programs, with a guide to deploying them.

    Files of yours are left alone. When there is an error, all of them are shown and nothing is written. When the
    packages cannot be installed, the programs stay, and `glacier build` goes on from there.
    """
    loaded = loading.load(reference)
    compiler = choosing.compiler(loaded, choosing.Wanted(to, region, using))
    compiled = compiler.compile(loaded.pipeline, adopt=adopt)
    written = compiled.export_pulumi(out, force=force)
    show.crossing(compiled.crossing)
    show.diagnostics(compiled.diagnostics, err=True)
    _report(compiled, Path(out), written)
    _gone(compiled, Path(out), written)
    if builds:
        show.line()
        build.run(Path(out))
    _next(compiled, Path(out), builds)


def _report(compiled: Compiled, out: Path, written: Sequence[Path]) -> None:
    counts = Counter(file.relative_to(out).parts[0] for file in written)
    resources = {cloud: sum(1 for _ in program.nodes) for cloud, program in compiled.programs.items()}
    folder = show.path(out)
    show.line(f"{compiled.name}: wrote {len(written)} files to {folder}", "bold green")
    for name, count in counts.items():
        is_folder = (out / name).is_dir()
        detail = f"{count} files" + (f", {resources[name]} resources" if name in resources else "")
        show.line(f"  {folder}/{name}" + (f"/  {detail}" if is_folder else ""))


def _gone(compiled: Compiled, out: Path, written: Sequence[Path]) -> None:
    for name in dict.fromkeys(file.relative_to(out).parts[0] for file in written if file.name == PROJECT):
        if name not in compiled.programs:
            folder = f"{show.path(out)}/{name}"
            show.line(
                f"! the pipeline no longer has {folder}/: a program that makes nothing is there now", "bold yellow"
            )
            show.line("  `pulumi up --refresh` there removes what was deployed from it; README.md says when", "yellow")


def _next(compiled: Compiled, out: Path, is_built: bool) -> None:
    folder = show.path(out)
    first, *others = compiled.programs
    step = "" if is_built else "; its step 1 installs what the functions import"
    show.line(f"\nNext ({folder}/README.md has the rest{step}):", "bold")
    show.line(f"  cd {folder}/{first}")
    show.line("  pulumi stack init dev")
    show.line("  pulumi up --refresh" + (f"    # then the same in {', '.join(others)}" if others else ""))
