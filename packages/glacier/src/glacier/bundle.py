"""Lists what goes into each folder of code: the user's modules, the runtime, a manifest and an entry point.

One folder serves every task with the same packages, Python and machine. Packages from elsewhere are listed in its
``requirements.txt``; installing them there is a step of its own (``vendoring``).
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from glacier.access import storage_kind
from glacier.dataset import Dataset
from glacier.errors import Diagnostic
from glacier.graph import AnyTask
from glacier.include import matches
from glacier.infra import walk
from glacier.modules import importable, libraries, module_name, provider_files, runtime_files, user_modules
from glacier.naming import slug
from glacier.pipeline import Pipeline
from glacier.plan import PlacedStorage, PlacedTask, Plan, path_of
from glacier.plan.placement import Subject
from glacier.runtime.clients import PACKING, needed
from glacier.runtime.manifest import Manifest, Place
from glacier.runtime.packing import is_packed
from glacier.storage import ObjectStorage
from glacier.target import Draft, Site, Target
from glacier.terms import Address

# What the runtime itself imports beyond the standard library, as pinned in the workspace's lock.
RUNTIME_REQUIREMENTS = ("obstore==0.12.1",)

PYTHON = "3.13"  # for which a folder's packages are installed, unless a task's compute says otherwise
MACHINE = "x86_64"
DOCKERFILE = """\
# The image of every container task in this folder; the README beside the program has the commands.
FROM python:{python}-slim
WORKDIR /task
COPY requirements.txt .
RUN pip install --no-cache-dir --requirement requirements.txt
COPY . .
# Whoever built this may keep their files to themselves (umask 077).
RUN chmod --recursive a+rX . && useradd --system task
USER task
CMD ["python", "-m", "glacier.runtime"]
"""
# Where no table says better: glibc 2.28 is of 2018, and every Linux in support has it.
_WHEELS = "manylinux_2_28"


@dataclass(frozen=True, slots=True, order=True)
class Needs:
    """What tasks must have in common to share a folder: their packages, and what these are installed for."""

    requirements: tuple[str, ...]
    python: str = PYTHON
    machine: str = MACHINE

    @property
    def folder(self) -> str:
        """``tasks``, and what is special about it, so that no folder's name depends on the others."""
        packages = hashlib.sha256("\n".join(self.requirements).encode()).hexdigest()[:8] if self.requirements else ""
        python = f"py{self.python}" if self.python != PYTHON else ""
        machine = self.machine if self.machine != MACHINE else ""
        return "-".join(part for part in ("tasks", packages, python, machine) if part)

    @property
    def lock(self) -> str:
        """What the requirements are locked as, whatever they are installed for."""
        return Needs(self.requirements).folder

    def platform(self, target: Target) -> str:
        """The wheels that a cloud's own Python runs, as uv calls them: an older one has an older C library."""
        rows: Iterable[Mapping[str, Any]] = target.tables.raw("limits").get("platform", ())
        wheels = next((row["wheels"] for row in rows if self.python in row["python"]), _WHEELS)
        machine = "aarch64" if self.machine == "arm64" else self.machine
        return f"{machine}-{wheels}"


def needs_of(placed: PlacedTask, clients: Iterable[str] = ()) -> Needs:
    """What a task's compute asks for, and the clients of where its data is."""
    runtime = re.search(r"3\.?(\d+)", getattr(placed.particular, "runtime", PYTHON))
    asked = getattr(placed.particular, "requirements", None) or ()
    return Needs(
        requirements=tuple(sorted({*asked, *clients})),
        python=f"3.{runtime[1]}" if runtime else PYTHON,
        machine=getattr(placed.particular, "architecture", MACHINE),
    )


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """A folder of code: its files, and the tasks that run from it."""

    needs: Needs
    tasks: tuple[AnyTask, ...]
    files: Mapping[str, bytes]

    @property
    def name(self) -> str:
        """Its folder's name."""
        return self.needs.folder

    @cached_property
    def digest(self) -> str:
        """Twelve digits that change when, and only when, a file does."""
        return digest_of(self.files)


def digest_of(files: Mapping[str, bytes]) -> str:
    """Twelve digits for the files of one folder, by their paths in it."""
    total = hashlib.sha256()
    for path, content in sorted(files.items()):
        total.update(f"{path}\0{len(content)}\0".encode() + content)
    return total.hexdigest()[:12]


def artifacts(plan: Plan, cloud: str, found: list[Diagnostic]) -> tuple[Artifact, ...]:
    """The folders that one cloud's tasks run from, one for each distinct set of needs."""
    groups: dict[Needs, list[PlacedTask]] = {}
    said = {storage: _said(_address(plan, storage)) for storage in plan.storages}
    for placed in plan.tasks:
        if placed.home.cloud == cloud:
            groups.setdefault(needs_of(placed, _clients(plan, placed, said)), []).append(placed)
    return tuple(
        _artifact(plan, cloud, needs, tuple(placed.task for placed in group), found)
        for needs, group in sorted(groups.items())
    )


def _address(plan: Plan, storage: PlacedStorage) -> Address:
    """A storage's address, as far as it is known already."""
    site = Site(Draft(plan.targets[storage.home.cloud], plan.graph.name), storage.owner)
    return storage_kind(plan, storage).address(storage.particular, site)


def _said(address: Address) -> str:
    return "".join(value for value in walk(address.url) if isinstance(value, str))


def _authorities(plan: Plan, tasks: Iterable[AnyTask]) -> dict[str, str]:
    """By whose word each server is believed to which some tasks go, where that is known before deploying."""
    storages = {plan.keeps[dataset] for task in tasks for dataset in task.datasets if dataset in plan.keeps}
    found = {storage.owner: _address(plan, storage).authority for storage in storages}
    return {owner: authority for owner, authority in sorted(found.items()) if isinstance(authority, str)}


def _clients(plan: Plan, placed: PlacedTask, said: Mapping[PlacedStorage, str]) -> Iterator[str]:
    """The packages by which a task reaches its data, less what its cloud has there already."""
    target = plan.targets[placed.home.cloud]
    there = tuple(target.brings.get(placed.particular.kind, ()))
    for storage in {plan.keeps[dataset]: None for dataset in placed.task.datasets}:
        abroad = storage.home.provider != placed.home.provider
        packages = needed(said[storage], target.provider, abroad=abroad)
        yield from (package for package in packages if not package.startswith(there))
    if placed.task.secrets:
        packages = needed(f"{target.provider}:", target.provider, abroad=False)
        yield from (package for package in packages if not package.startswith(there))


def _artifact(plan: Plan, cloud: str, needs: Needs, tasks: tuple[AnyTask, ...], found: list[Diagnostic]) -> Artifact:
    pipeline = plan.graph.pipeline
    module, attribute = module_of(pipeline, tasks)
    files = dict(runtime_files())
    entries = plan.targets[cloud].entry
    modules = user_modules(tasks, found)
    for name, path in sorted(modules.items()):
        if name in entries:
            better = name.replace(".py", "_tasks.py")
            message = f"{path} has the name of the file by which {cloud} calls a function, {name}"
            found.append(_wrong(pipeline, message, f"call it {better}", "import"))
        files[name] = path.read_bytes()
        files.update(provider_files(name, path))
    files.update(_included(plan, cloud, files, found))
    manifest = Manifest(
        pipeline=pipeline.name,
        module=module,
        attribute=attribute,
        tasks={task.name: f"{module_name(task)}:{task.function.__qualname__}" for task in tasks},
        places=places(plan, tasks),
        authorities=_authorities(plan, tasks),
        libraries=libraries(modules, files),
    )
    files["manifest.json"] = manifest.to_json().encode()
    # What packs is no part of what tasks must have in common: a first crossing should give no folder another name.
    packing = {PACKING} if any(_packs(plan, dataset) for task in tasks for dataset in task.datasets) else set()
    packages = sorted({*RUNTIME_REQUIREMENTS, *plan.targets[cloud].packages, *needs.requirements, *packing})
    files["requirements.txt"] = "".join(f"{line}\n" for line in packages).encode()
    if any(builds_image(plan.runs[task]) for task in tasks):
        files["Dockerfile"] = DOCKERFILE.format(python=needs.python).encode()
    files.update({name: text.encode() for name, text in entries.items()})
    return Artifact(needs=needs, tasks=tasks, files=files)


def _included(plan: Plan, cloud: str, files: Mapping[str, bytes], found: list[Diagnostic]) -> dict[str, bytes]:
    """The files that a pipeline says its tasks open, as far from its module as they are where it is declared."""
    pipeline = plan.graph.pipeline
    if not pipeline.include or pipeline.where is None:
        return {}
    declared = Path(pipeline.where.file)
    # In the folder of code, the module is at the end of the path that it has here.
    ends = [path for path in files if declared.as_posix().endswith(f"/{path}")]
    beside = PurePosixPath(max(ends, key=len, default="")).parent
    included: dict[str, bytes] = {}
    for pattern in pipeline.include:
        matched = {file: file.read_bytes() for file in matches(declared.parent, pattern)}
        if not matched:
            help_ = (
                "a path beside that file: 'queries/*.sql', '**/*.json', or a folder, 'queries'\n"
                "what begins with a dot is named as it is, '.settings.json'; an export is never included"
            )
            found.append(_wrong(pipeline, f"include={pattern!r} matches no file in {declared.parent}", help_))
        included |= {(beside / f.relative_to(declared.parent).as_posix()).as_posix(): c for f, c in matched.items()}
    taken = included.keys() & {"manifest.json", "requirements.txt", "Dockerfile", *plan.targets[cloud].entry}
    found.extend(_wrong(pipeline, f"include: Glacier writes {name} itself", "rename it") for name in sorted(taken))
    return included


def _wrong(pipeline: Pipeline, message: str, help_: str, code: str = "include") -> Diagnostic:
    return Subject(f"pipeline {pipeline.name}", pipeline.where).error(code, message, help_)


def builds_image(placed: PlacedTask) -> bool:
    """Whether a task runs in a container whose image is made from its folder."""
    return placed.particular.kind == "container" and getattr(placed.particular, "image", None) is None


def places(plan: Plan, tasks: Iterable[AnyTask]) -> dict[str, Place]:
    """Where each dataset of some tasks is, by the name of its storage; addresses come from the environment."""
    tasks = tuple(tasks)
    datasets = sorted({dataset for task in tasks for dataset in task.datasets}, key=lambda dataset: dataset.name)
    providers = {plan.runs[task].home.provider for task in tasks}
    return {
        dataset.name: Place(
            store=plan.keeps[dataset].owner,
            path=path_of(dataset),
            format=dataset.format,
            schema=dict(dataset.schema) if dataset.schema is not None else None,
            source=dataset not in plan.graph.producers,
            transfer=_transfer(plan, dataset, providers),
        )
        for dataset in datasets
        if dataset in plan.keeps
    }


def _transfer(plan: Plan, dataset: Dataset, providers: Collection[str]) -> tuple[str, ...]:
    """What is done to a dataset on its way to or from the tasks of some clouds; only objects are on the way at all."""
    storage = plan.keeps[dataset]
    if storage.particular.kind != ObjectStorage.kind:
        return ()
    abroad = any(provider != storage.home.provider for provider in providers)
    return dataset.switched_on(crosses=dataset in plan.crossing, abroad=abroad)


def _packs(plan: Plan, dataset: Dataset) -> bool:
    """Whether a dataset's object is packed by the runtime; Parquet is packed by the library that writes it."""
    if dataset not in plan.keeps:
        return False
    if not path_of(dataset).endswith("/"):
        return is_packed(path_of(dataset))
    written = dataset in plan.graph.producers and dataset.format != "parquet"
    return written and "compress" in _transfer(plan, dataset, ())


def module_of(pipeline: Pipeline, tasks: Iterable[AnyTask]) -> tuple[str | None, str | None]:
    """The module and the variable that hold the pipeline, so that its tasks can be found by name."""
    for name in dict.fromkeys(task.function.__module__ for task in tasks):
        module = sys.modules.get(name)
        for attribute, value in vars(module).items() if module is not None else ():
            if value is pipeline:
                return importable(name), attribute
    return None, None


def environment_key(owner: str) -> str:
    """The environment variable that holds a storage's address."""
    return f"GLACIER_STORE_{slug(owner).replace('-', '_').upper()}"
