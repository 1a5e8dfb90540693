"""The commands by name, and what becomes of an error: 0 all is well, 1 diagnostics, 2 wrong usage."""

from __future__ import annotations

import sys
import warnings
from io import TextIOWrapper
from pkgutil import resolve_name
from typing import Any

import click

from glacier.cli import show
from glacier.errors import CompileError, CrossProviderTransferWarning, DeclarationError, nearest

# Each is imported only when it is asked for, so that `glacier --help` does not wait for what only `run` needs.
COMMANDS = {
    "check": ("glacier.cli.check:command", "Show every error at once, with file and line."),
    "plan": ("glacier.cli.plan:command", "Show homes, accesses, resources and costs, before anything is generated."),
    "graph": ("glacier.cli.graph:command", "Draw the pipeline: as text, Mermaid, SVG or HTML."),
    "compile": ("glacier.cli.compile:command", "Write complete Pulumi programs, with a guide to deploying them."),
    "build": ("glacier.cli.build:command", "Install what tasks import into the compiled folders of code."),
    "diff": ("glacier.cli.diff:command", "Show what deploying one compiled folder after another would do."),
    "run": ("glacier.cli.run:command", "Run the pipeline on this machine."),
    "providers": ("glacier.cli.providers:command", "Show which clouds are installed, and what each supports."),
}


class App(click.Group):
    """Commands that are found in a table, and diagnostics that become an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, in the order in which one meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command itself, imported now."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = resolve_name(COMMANDS[cmd_name][0])
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that was typed; a misspelt one is answered with the nearest."""
        word = args[0]
        if word not in COMMANDS and not word.startswith("-"):
            meant = nearest(word, COMMANDS)
            hint = f"Did you mean {meant!r}?" if meant else f"There are: {', '.join(COMMANDS)}."
            ctx.fail(f"No such command {word!r}. {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing one of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what it cannot do is shown on standard error, all of it."""
        try:
            with warnings.catch_warnings():
                # What crosses clouds is shown as a block, by the commands that speak of it.
                warnings.simplefilter("ignore", CrossProviderTransferWarning)
                return super().invoke(ctx)
        except (DeclarationError, CompileError) as error:
            show.diagnostics(error.diagnostics, err=True)
            ctx.exit(1)


@click.group(cls=App, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="glacier-pipelines", prog_name="glacier")
def app() -> None:
    """Declare a data pipeline once; run it here; compile it to any cloud, or to several.

    FILE is a Python file or a module; FILE:NAME names a pipeline, or a compiler, in it. A command ends with 0 when
    all is well, with 1 when there are errors to correct in the pipeline, with 2 when the command was wrong.
    """


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # an arrow that a terminal cannot show is no reason to fail
    app()
