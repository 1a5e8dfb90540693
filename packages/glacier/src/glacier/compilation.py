"""Compiles a pipeline, for one cloud or several: there is one algorithm, and one cloud is the case of several.

Pipeline ─build─▶ Graph ─plan─▶ Plan ─lower─▶ {cloud: Program} ─files─▶ Files ─write─▶ disk

build    graph.py       the order of the tasks; every access                       DeclarationError
plan     plan/          homes, particulars, limits, transfers, cost, advice        diagnostics
────     checkpoint     every error so far, raised together                        CompileError
bundle   bundle.py      the folders of code
lower    lowering.py    nodes, in an order in which references point backwards
files    project.py     rendered programs, settings, the guide, the readable plan
write    disk.py        the only step that touches the disk
"""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path

from glacier import disk, project, providers
from glacier.bundle import Artifact, artifacts, module_of
from glacier.errors import CompileError, CrossProviderTransferWarning, Diagnostic, Severity, caller, nearest, reject
from glacier.graph import build
from glacier.infra import Program
from glacier.lowering import lower
from glacier.naming import slug
from glacier.pipeline import Pipeline
from glacier.plan import Clouds, Estimate, Plan, Transfer, crossing, plan
from glacier.plan.advice import cannot_be_imported
from glacier.runtime import is_importing
from glacier.target import Target


@dataclass(frozen=True, kw_only=True)
class Compiled:
    """What a pipeline compiles to: print it for an overview, :meth:`export_pulumi` to have it on disk.

    ``plan`` is ``None``, and everything empty, when the module is only being imported for its tasks.
    """

    name: str
    plan: Plan | None
    programs: Mapping[str, Program]
    files: Mapping[str, bytes]
    diagnostics: tuple[Diagnostic, ...]
    crossing: str = ""  # what crosses clouds, as a block to read, unless that is not wanted
    bundles: Mapping[str, tuple[Artifact, ...]] = field(default_factory=dict, repr=False)  # folders of code, by cloud

    @property
    def transfers(self) -> tuple[Transfer, ...]:
        """The accesses for which data crosses a cloud or a region."""
        return self.plan.transfers if self.plan else ()

    @property
    def estimate(self) -> Estimate:
        """What it is billed for, at dated list prices."""
        return self.plan.estimate if self.plan else Estimate(())

    def export_pulumi(self, directory: str | PathLike[str], *, force: bool = False) -> list[Path]:
        """Write every file below a directory, and remove those a former export wrote that are no more.

        A program that the pipeline no longer has makes nothing from then on, so that deploying it removes what it made.
        Files of yours are left alone. Raises :class:`~glacier.errors.CompileError`, and writes nothing, when the
        directory holds files that are not ours, or ours were changed since; ``force`` overwrites changed ones.
        """
        if self.plan is None:
            return []
        former = disk.programs(Path(directory))
        is_same = former.keys() <= self.programs.keys()
        files = self.files if is_same else project.files(self.plan, self.programs, self.bundles, former)
        return disk.write(files, Path(directory), force=force)

    def __str__(self) -> str:
        lines = [f"{self.name}: {sum(len(list(p.nodes)) for p in self.programs.values())} resources"]
        for cloud, program in self.programs.items():
            nodes = list(program.nodes)
            lines.append(f"\n{cloud} ({len(nodes)} resources)")
            for section in program.sections:
                types = [node.type.partition(".")[2] for node in section.statements if hasattr(node, "type")]
                lines.append(f"  {section.title}: {', '.join(types)}")
        return "\n".join([*lines, *(["", self.crossing] if self.crossing else [])])


class MultiCloudCompiler:
    """Compiles one pipeline to several clouds: ``MultiCloudCompiler({"aws": AWSCompiler(), "gcp": GCPCompiler()})``.

    Resources that name their cloud go there; generic ones go to ``default_provider``, the first one when not named.
    """

    def __init__(
        self,
        providers: Mapping[str, Target],
        default_provider: str | None = None,
        enable_cross_cloud_warnings: bool = True,
    ) -> None:
        self.providers = dict(providers)
        self.enable_cross_cloud_warnings = enable_cross_cloud_warnings
        if not self.providers:
            reject("provider", "no provider was given", help='MultiCloudCompiler({"aws": AWSCompiler()})')
        for key, target in self.providers.items():
            if not isinstance(key, str) or not key or slug(key) != key:
                reject(
                    "provider",
                    f"{key!r} does not name a folder of the output",
                    help="lower-case letters, digits and single hyphens, such as 'aws' or 'aws-west'",
                )
            if not isinstance(target, Target):
                shown = target.__name__ if isinstance(target, type) else repr(target)
                reject(
                    "provider",
                    f"{key!r}: {shown} is not a compiler",
                    help=f"call it: {{{key!r}: {shown}()}}" if isinstance(target, type) else "",
                )
        self.default_provider = default_provider if default_provider is not None else next(iter(self.providers), "")
        if default_provider is not None and default_provider not in self.providers:
            reject("provider", f"default_provider={default_provider!r} is none of {', '.join(self.providers)}")

    def plan(self, pipeline: Pipeline) -> Plan:
        """Everything decided about the pipeline, before anything is generated; errors are in its diagnostics."""
        return plan(build(pipeline), Clouds(self.providers, self.default_provider))

    def compile(self, pipeline: Pipeline, *, adopt: bool = False) -> Compiled:
        """The pipeline's programs and files; raises :class:`~glacier.errors.CompileError` with every error.

        With ``adopt``, named buckets that already exist are imported into the stack, not created.
        """
        if is_importing():
            return Compiled(name=pipeline.name, plan=None, programs={}, files={}, diagnostics=())
        with _collector_paused():
            compiled = self._compile(pipeline, adopt)
        self._warn(compiled)
        return compiled

    def _compile(self, pipeline: Pipeline, adopt: bool) -> Compiled:
        planned = self.plan(pipeline)
        found = [*planned.diagnostics]
        found.extend(cannot_be_imported(planned.graph.tasks, module_of(pipeline, planned.graph.tasks)[0] is not None))
        _checkpoint(found)
        bundles = {cloud: artifacts(planned, cloud, found) for cloud in planned.clouds}
        _checkpoint(found)
        programs = lower(planned, bundles, adopt=adopt)
        return Compiled(
            name=pipeline.name,
            plan=planned,
            programs=programs,
            files=project.files(planned, programs, bundles),
            diagnostics=tuple(found),
            crossing=crossing.text(planned) if self.enable_cross_cloud_warnings else "",
            bundles=bundles,
        )

    def _warn(self, compiled: Compiled) -> None:
        """A Python warning on the line that compiles, for whoever collects them."""
        where = caller()
        if compiled.plan is not None and compiled.crossing and where is not None:
            warning = CrossProviderTransferWarning(compiled.crossing, crossing.between_clouds(compiled.plan))
            warnings.warn_explicit(warning, CrossProviderTransferWarning, where.file, where.line)


@dataclass(frozen=True, kw_only=True)
class Compiler(Target):
    """A cloud as configured, which compiles pipelines to itself alone.

    Raises :class:`~glacier.errors.DeclarationError` for a region that the cloud does not have.
    """

    def __post_init__(self) -> None:
        place, regions = self.place, self.tables.regions
        if place not in regions:
            reject("region", f"{self.provider} has no region {place!r}", help=_place_help(place, regions))

    def plan(self, pipeline: Pipeline) -> Plan:
        """Everything decided about the pipeline, before anything is generated; errors are in its diagnostics."""
        return MultiCloudCompiler({self.provider: self}).plan(pipeline)

    def compile(self, pipeline: Pipeline, *, adopt: bool = False) -> Compiled:
        """The pipeline's program and files; raises :class:`~glacier.errors.CompileError` with every error."""
        return MultiCloudCompiler({self.provider: self}).compile(pipeline, adopt=adopt)


def _place_help(place: str, regions: Iterable[str]) -> str:
    """Whose region it is, if it is another cloud's; else the nearest."""
    for name in providers.installed():
        other = providers.load(name)
        if issubclass(other, Compiler) and place in other.tables.regions:
            return f"it is a region of {name}: {other.__name__}({other.place_field}={place!r})"
    meant = nearest(place, regions)
    return f"did you mean {meant!r}?" if meant else ""


@contextmanager
def _collector_paused() -> Iterator[None]:
    """A compilation makes millions of small values and drops few: the collector would walk them all, again and again.

    It costs 40 % of the time of 10,000 tasks (``benchmarks/``).
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _checkpoint(found: list[Diagnostic]) -> None:
    if any(diagnostic.severity is Severity.ERROR for diagnostic in found):
        raise CompileError(found)
