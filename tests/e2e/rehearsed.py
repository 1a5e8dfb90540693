"""What a generated program asks for, with names that an emulator can have.

The program runs under the strict mocks, where every value a cloud assigns is made up. Here a made-up name becomes a
real one wherever it stands, in policies and in the environment of functions, and then the resources can be made.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from glacier.compilation import Compiled
from glacier.testing.proofs import settings
from glacier.testing.records import Recorded
from glacier.testing.run import Run, run_program
from glacier.testing.values import ACCOUNT
from glacier.vendoring import build
from servers.azure_calls import AZURE_ACCOUNT
from servers.installing import HOME, deployed


@dataclass(frozen=True)
class Resource:
    """A resource that the program asked for: its name, and its inputs as a cloud would get them."""

    type: str
    name: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any] = field(default_factory=dict)  # what its cloud assigned


@dataclass(frozen=True)
class Rehearsed:
    """One cloud's program, run, and its folder of code with all packages installed into it.

    A question to a provider is among the resources: what it answers is there already.
    """

    code: Path
    resources: tuple[Resource, ...]

    def of(self, kind: str) -> Iterator[Resource]:
        """The resources of a type."""
        return (each for each in self.resources if each.type == kind)

    def environments(self) -> dict[str, dict[str, str]]:
        """What each task's function is given, by the task's name."""
        found = [dict(_environment(each)) for each in self.resources if each.type in _FUNCTIONS]
        return {each["GLACIER_TASK"]: each for each in found}


_FUNCTIONS = ("aws:lambda/function:Function", "gcp:cloudfunctionsv2/function:Function", "azure-native:web:WebApp")


def _environment(function: Resource) -> Mapping[str, str]:
    inputs: Any = function.inputs
    if function.type.startswith("aws:"):
        return dict(inputs["environment"]["variables"])
    if function.type.startswith("gcp:"):
        return dict(inputs["service_config"]["environment_variables"])
    return {each["name"]: each["value"] for each in inputs["site_config"]["app_settings"]}


def rehearse(compiled: Compiled, cloud: str, folder: Path, account: str = "") -> Rehearsed:
    """Export a compilation, run its programs, and install the requirements of one cloud's code into its folder.

    ``account`` is the number that takes the place of the mocks' AWS account. The resources are those of all programs.
    """
    return rehearse_all(compiled, (cloud,), folder, {ACCOUNT: account} if account else {})[cloud]


def rehearse_all(
    compiled: Compiled, clouds: Iterable[str], folder: Path, renamed: Mapping[str, str]
) -> dict[str, Rehearsed]:
    """The same for several clouds; ``renamed`` is what takes the place of other values that the mocks made up."""
    compiled.export_pulumi(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(deployed().parent), prepend=os.pathsep)  # so that packages are compiled for it
        built = build(folder, cache=HOME / "packages")
    assert built.fits, built.diagnostics
    runs = list(_runs(compiled, folder))
    recorded = [each for run in runs for each in run.resources]
    swap = _swapping({**renamed, **{made: real for each in recorded for made, real in _renamed(each)}})
    resources = [Resource(each.type, _name(each), swap(each.inputs), swap(each.outputs)) for each in recorded]
    resources += [
        Resource(each.path, "", swap(each.inputs), swap(each.outputs)) for run in runs for each in run.answers
    ]
    return {cloud: Rehearsed(_installed(folder / cloud), tuple(resources)) for cloud in clouds}


def _runs(compiled: Compiled, folder: Path) -> Iterable[Run]:
    """Every program, run in the order of deployment; one that was too early for another's outputs once more."""
    runs: dict[str, Run] = {}
    again = [(name, program) for name, program in compiled.programs.items() if program.late]
    for name, program in (*compiled.programs.items(), *again):
        known: dict[str, Mapping[str, object]] = {other: {} for other in program.late}
        known |= {before.project: before.outputs for before in runs.values()}
        runs[name] = run_program(folder / name, config=settings(program), stack_outputs=known)
        assert not runs[name].problems, runs[name].problems
    return runs.values()


def _installed(program: Path) -> Path:
    """A program's folder of code, with the packages that its functions need: what is uploaded, where it was built.

    Google builds by itself, from the file of requirements.
    """
    (code,) = (program / "functions").iterdir()
    if program.name == "gcp":
        install = ["uv", "pip", "install", "--quiet", "--link-mode", "copy", "--python", str(deployed())]
        subprocess.run([*install, "--target", str(code), "--requirements", str(code / "requirements.txt")], check=True)
    return code


def _name(each: Recorded) -> str:
    """The name that it has in its cloud: the one it was given, or the one it has in the program."""
    return str(each.inputs.get("name") if each.type == "aws:iam/role:Role" and "name" in each.inputs else each.name)


def _renamed(each: Recorded) -> Iterator[tuple[str, str]]:
    """What the mocks made up from a resource's name, and the name itself."""
    real = AZURE_ACCOUNT if each.type == "azure-native:storage:StorageAccount" else _name(each)
    for made in (str(each.id), *each.outputs.values()):
        if isinstance(made, str) and made in {f"{each.name}_{field}" for field in ("id", "name", "bucket")}:
            yield made, real


def _swapping(renamed: Mapping[str, str]) -> Callable[[Any], Any]:
    if not renamed:
        return lambda value: value
    longest_first = sorted(renamed, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, longest_first)))
    return lambda value: json.loads(pattern.sub(lambda found: renamed[found[0]], json.dumps(value)))
