"""``glacier check``: every error of a pipeline at once, with file and line."""

from __future__ import annotations

from collections.abc import Iterable

import click

from glacier.cli import choosing, loading, show
from glacier.errors import CompileError, DeclarationError, Diagnostic, Severity
from glacier.graph import build
from glacier.pipeline import Pipeline


@click.command()
@choosing.reference
@choosing.options
def command(reference: str, to: tuple[str, ...], region: tuple[str, ...], using: str | None) -> None:
    """Show every error at once, with file and line.

    When FILE defines a compiler, or --to names a cloud, what that cloud objects to is shown as well. Nothing is
    written.
    """
    try:
        loaded = loading.load(reference)
        pipelines = loaded.chosen
        compilers = choosing.compilers(loaded, choosing.Wanted(to, region, using))
    except DeclarationError as error:
        _conclude(reference, error.diagnostics, "")
        return
    for task in (task for pipeline in pipelines for task in pipeline.tasks if task.secrets):
        names = ", ".join(dict.fromkeys(secret.name for secret in task.secrets.values()))
        show.line(f"task {task.name} is given the secrets: {names}")
    found = [each for pipeline in pipelines for each in _check(pipeline, compilers.values())]
    if compilers:
        names = " and ".join(choosing.described(name, compiler) for name, compiler in compilers.items())
        looked_at = f"compiles for {names}"
    else:
        looked_at = "the declarations; --to CLOUD checks more"
    _conclude(reference, found, looked_at)


def _check(pipeline: Pipeline, compilers: Iterable[loading.AnyCompiler]) -> list[Diagnostic]:
    """What is wrong with the pipeline for any of the compilers; without one, with the pipeline itself."""
    found: list[Diagnostic] = []
    try:
        build(pipeline)
    except DeclarationError as error:
        return list(error.diagnostics)
    for compiler in compilers:
        try:
            found.extend(compiler.compile(pipeline).diagnostics)
        except (CompileError, DeclarationError) as error:
            found.extend(error.diagnostics)
    return found


def _conclude(reference: str, found: Iterable[Diagnostic], looked_at: str) -> None:
    found = list(found)
    show.diagnostics(found)
    counts = show.counted(found)
    if any(diagnostic.severity is Severity.ERROR for diagnostic in found):
        show.line(f"{reference}: {counts}", "bold red")
        raise SystemExit(1)
    show.line(f"{reference}: no errors{f', {counts}' if counts else ''} ({looked_at})", "bold green")
