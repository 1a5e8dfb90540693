"""``glacier compile``: complete Pulumi programs on disk, with a guide to deploying them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click

from glacier.cli import choosing, loading, show
from glacier.compilation import Compiled


@click.command()
@choosing.reference
@choosing.options
@click.option("--out", default="infra", show_default=True, type=click.Path(), help="The folder to write to.")
@click.option("--force", is_flag=True, help="Overwrite generated files that were changed since.")
@click.option("--adopt", is_flag=True, help="Take over named buckets that exist already, instead of creating them.")
def command(
    reference: str, to: tuple[str, ...], region: tuple[str, ...], using: str | None, out: str, force: bool, adopt: bool
) -> None:
    """Write complete Pulumi programs, with a guide to deploying them.

    Files of yours are left alone. When there is an error, all of them are shown and nothing is written.
    """
    loaded = loading.load(reference)
    compiler = choosing.compiler(loaded, choosing.Wanted(to, region, using))
    compiled = compiler.compile(loaded.pipeline, adopt=adopt)
    written = compiled.export_pulumi(out, force=force)
    show.crossing(compiled.crossing)
    show.diagnostics(compiled.diagnostics, err=True)
    _report(compiled, Path(out), written)


def _report(compiled: Compiled, out: Path, written: Sequence[Path]) -> None:
    counts = Counter(file.relative_to(out).parts[0] for file in written)
    resources = {cloud: sum(1 for _ in program.nodes) for cloud, program in compiled.programs.items()}
    folder = show.path(out)
    show.line(f"{compiled.name}: wrote {len(written)} files to {folder}", "bold green")
    for name, count in counts.items():
        is_folder = (out / name).is_dir()
        detail = f"{count} files" + (f", {resources[name]} resources" if name in resources else "")
        show.line(f"  {folder}/{name}" + (f"/  {detail}" if is_folder else ""))
    first, *others = compiled.programs
    show.line(f"\nNext ({folder}/README.md has the rest; its step 1 installs what the functions import):", "bold")
    show.line(f"  cd {folder}/{first}")
    show.line("  pulumi stack init dev")
    show.line("  pulumi up --refresh" + (f"    # then the same in {', '.join(others)}" if others else ""))
