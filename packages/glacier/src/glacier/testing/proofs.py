"""Proves generated programs against real SDKs: exported, type-checked, linted, and run as an update and as a preview.

What is slow is done once for many programs: one type checker, one linter, one process for all runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from glacier import infra
from glacier.compilation import Compiled
from glacier.testing.compare import compare
from glacier.testing.documents import check_documents
from glacier.testing.run import run_program
from glacier.testing.sdk import lint, typecheck

# What a person's own project checks; not the length of lines, since an ARN does not break.
RULES = ("E4", "E7", "E9", "F", "W", "I", "UP", "B", "SIM", "C4", "RUF")


def export(compiled: Mapping[str, Compiled], root: Path) -> dict[str, Path]:
    """Export each compilation below a folder of its own; the folder of every program, by ``case/cloud``."""
    folders: dict[str, Path] = {}
    for name, each in compiled.items():
        each.export_pulumi(root / name)
        folders |= {f"{name}/{cloud}": root / name / cloud for cloud in each.programs}
    return folders


def prove(compiled: Mapping[str, Compiled], root: Path) -> list[str]:
    """Everything wrong with some compilations; empty when every program is right."""
    folders = export(compiled, root)
    return [*check_text(folders.values()), *check_runs(compiled, folders)]


def check_text(folders: Iterable[Path]) -> list[str]:
    """What the type checker, the linter and the formatter object to."""
    folders = list(folders)
    return [*typecheck(folders), *lint(folders, line_length=88, rules=RULES)]


def check_runs(compiled: Mapping[str, Compiled], folders: Mapping[str, Path]) -> list[str]:
    """What goes wrong when each program runs, in the order of deployment, or comes out other than planned."""
    problems: list[str] = []
    for name, each in compiled.items():
        exported: dict[str, Mapping[str, object]] = {}  # what stacks deployed before give to those after them
        again = [(cloud, program) for cloud, program in each.programs.items() if program.late]
        for cloud, program in (*each.programs.items(), *again):
            for preview in (True, False):
                given: dict[str, Mapping[str, object]] = {**{other: {} for other in program.late}, **exported}
                run = run_program(
                    folders[f"{name}/{cloud}"], config=settings(program), preview=preview, stack_outputs=given
                )
                found = [*run.problems, *compare(program, run)]
                found += [] if preview else check_documents(run.resources)
                problems += [f"{name}/{cloud} ({'preview' if preview else 'update'}): {problem}" for problem in found]
            exported[program.name] = run.outputs
    return problems


def settings(program: infra.Program) -> dict[str, str]:
    """A value for each setting that a program cannot do without."""
    made = {"str": "example", "bool": "true", "int": "1"}
    return {config.name: made[config.type] for config in program.settings if config.default is None}
