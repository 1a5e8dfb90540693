"""Chooses what to compile for: the clouds named by ``--to``, or the compiler that the user's module defines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import click

from glacier import providers
from glacier.cli.loading import AnyCompiler, Loaded
from glacier.cli.show import fault, usage
from glacier.compilation import Compiler, MultiCloudCompiler
from glacier.errors import DeclarationError, ProviderNotInstalled, nearest

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line says about clouds, as it was typed."""

    to: tuple[str, ...]
    region: tuple[str, ...]
    using: str | None

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing, so that the module decides."""
        return not self.to and self.using is None


def reference(command: F) -> F:
    """The argument ``FILE[:NAME]``."""
    return click.argument("reference", metavar="FILE[:NAME]")(command)


def options(command: F) -> F:
    """The options that choose clouds: ``--to``, ``--region`` and ``--with``."""
    known = ", ".join(providers.DISTRIBUTIONS)
    for option in (
        click.option("--with", "using", metavar="NAME", help="The compiler that FILE calls so."),
        click.option("--region", multiple=True, metavar="REGION", help="Where; for several clouds: aws=eu-west-1."),
        click.option("--to", multiple=True, metavar="CLOUD", help=f"The cloud, or clouds with commas: {known}."),
    ):
        command = option(command)
    return command


def compiler(loaded: Loaded, wanted: Wanted) -> AnyCompiler:
    """The one compiler to use.

    Raises ``click.UsageError`` when nothing says which cloud, :class:`~glacier.errors.DeclarationError` when the
    module defines several or a cloud is not installed.
    """
    found = compilers(loaded, wanted)
    if not found:
        clouds = " or ".join(f"--to {name}" for name in providers.installed()) or "--to aws"
        raise usage(f"{loaded.place} defines no compiler: say what to compile for, {clouds}.")
    if len(found) > 1:
        choices = "say which: " + "\nor: ".join(f"--with {name}" for name in found)
        message = f"{loaded.place} defines {len(found)} compilers: {', '.join(found)}"
        raise DeclarationError([fault("compiler", message, choices)])
    return next(iter(found.values()))


def compilers(loaded: Loaded, wanted: Wanted) -> Mapping[str, AnyCompiler]:
    """Every compiler that could be meant, by name."""
    if wanted.region and not wanted.to:
        raise usage("--region goes with --to; a compiler in the file has its region there.")
    if wanted.to and wanted.using is not None:
        raise usage("--to names clouds and --with a compiler in the file; give one of them.")
    if wanted.to:
        return {"--to": _to(wanted)}
    named = wanted.using or (loaded.name if loaded.name in loaded.compilers else None)
    if named is None:
        return _outermost(loaded.compilers)
    if named not in loaded.compilers:
        meant = nearest(named, loaded.compilers)
        there = f"there is: {', '.join(loaded.compilers)}" if loaded.compilers else "name a cloud instead: --to CLOUD"
        help_ = f"did you mean --with {meant}?" if meant else there
        raise DeclarationError([fault("compiler", f"{loaded.place} has no compiler {named!r}", help_)])
    return {named: loaded.compilers[named]}


def _outermost(found: Mapping[str, AnyCompiler]) -> dict[str, AnyCompiler]:
    """Without the compilers that are only parts of a MultiCloudCompiler."""
    parts = [
        part for each in found.values() if isinstance(each, MultiCloudCompiler) for part in each.providers.values()
    ]
    return {name: each for name, each in found.items() if all(each is not part for part in parts)}


def _to(wanted: Wanted) -> MultiCloudCompiler:
    clouds = list(dict.fromkeys(word for words in wanted.to for word in words.replace(" ", "").split(",") if word))
    if not clouds:
        raise usage("--to needs the name of a cloud, such as --to aws.")
    regions = _regions(wanted, clouds)
    return MultiCloudCompiler({cloud: _target(cloud, regions.get(cloud)) for cloud in clouds})


def _regions(wanted: Wanted, clouds: list[str]) -> dict[str, str]:
    """Regions by cloud; with one cloud it need not be named."""
    found: dict[str, str] = {}
    for part in (part for parts in wanted.region for part in parts.replace(" ", "").split(",") if part):
        cloud, equals, region = part.rpartition("=")
        if not equals and len(clouds) > 1:
            example = " ".join(f"--region {each}=…" for each in clouds)
            raise usage(f"--region {part}: say of which cloud, {example}.")
        cloud = cloud if equals else clouds[0]
        if cloud not in clouds:
            raise usage(f"--region {part}: --to does not name {cloud!r}.")
        if cloud in found:
            raise usage(f"--region: {found[cloud]} and {region} are both for {cloud}.")
        found[cloud] = region
    return found


def _target(cloud: str, region: str | None) -> Compiler:
    if not providers.is_provider(cloud):
        known = sorted({*providers.DISTRIBUTIONS, *providers.installed()})
        meant = nearest(cloud, known)
        raise usage(
            f"--to {cloud}: no such cloud. " + (f"Did you mean {meant!r}?" if meant else f"{', '.join(known)}.")
        )
    try:
        made: type[Compiler] = providers.load(cloud)
        settings: dict[str, Any] = {} if region is None else {made.place_field: region}
        return made(**settings)
    except ProviderNotInstalled as error:
        message, _, help_ = str(error).partition("\n  help: ")
        raise DeclarationError([fault("provider", message, help_)]) from None
    except DeclarationError as error:  # the line that is wrong is the command line
        raise DeclarationError([replace(diagnostic, where=None) for diagnostic in error.diagnostics]) from None


def described(name: str, compiler: AnyCompiler) -> str:
    """A compiler as the user knows it: ``aws us-east-1``, or its variable with what it compiles to."""
    targets = compiler.providers.values() if isinstance(compiler, MultiCloudCompiler) else (compiler,)
    clouds = ", ".join(f"{target.provider} {target.place}" for target in targets)
    return clouds if name == "--to" else f"{name} ({clouds})"
