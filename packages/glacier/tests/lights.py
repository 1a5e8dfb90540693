"""A pipeline with a task on each cloud, and an index of made-up packages that is no network away."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from glacier import task
from glacier.vendoring.exported import Bound, Folder, refused
from glacier_aws.compute import FargateTask, Lambda
from glacier_azure.compute import AzureFunction
from glacier_gcp.compute import CloudFunction

Exported = Callable[..., Path]


@task(compute=Lambda(requirements=["lamp"]))
def on_aws() -> None: ...


@task(compute=CloudFunction(requirements=["lamp"]))
def on_gcp() -> None: ...


@task(compute=AzureFunction(requirements=["lamp"]))
def on_azure() -> None: ...


@task(compute=FargateTask(requirements=["lamp", "shade"]))
def in_an_image() -> None: ...


TASKS = (on_aws, on_gcp, on_azure, in_an_image)
FOLDER = Folder(
    path="aws/functions/tasks",
    cloud="aws",
    lock="tasks",
    python="3.13",
    platform="x86_64-manylinux_2_28",
    is_function=True,
    packages=".",
    requires=("lamp",),
    brings=(),
    digest="0",
    limits={"unzipped": Bound(100, "the manual, read 2026-01-01"), "zipped": Bound(50, "the manual")},
)


@dataclass
class Index:
    """What there is to install: files by package, and what has no wheel for some platform."""

    files: dict[str, Mapping[str, str]] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    version: str = "1.0"
    lines: dict[str, str] = field(default_factory=dict)  # other ones than NAME==VERSION and a hash
    calls: list[str] = field(default_factory=list)
    python: str | None = None

    def lock(self, requires: Iterable[str], python: str, preferred: str) -> str:
        self.calls.append(f"lock {python}")
        return self._pinned(requires, preferred)

    def select(self, folder: Folder, *, locked: Path | None = None, preferred: str = "") -> str:
        self.calls.append(f"select {folder.path}")
        names = [_name(line) for line in folder.requires]
        absent = self.missing.intersection(names)
        if absent:
            raise refused("wheel", f"{absent.pop()} has no wheel for {folder.named}", "glacier build DIR", folder.path)
        return self._pinned(folder.requires, locked.read_text() if locked is not None else preferred)

    def install(self, folder: Folder, requirements: Path, target: Path) -> None:
        self.calls.append(f"install {folder.path}")
        for line in requirements.read_text().splitlines():
            if "==" in line:
                self._unpack(*line.rstrip(" \\").split("=="), target)

    def interpreter(self, python: str) -> str | None:
        return self.python

    def _pinned(self, requires: Iterable[str], preferred: str) -> str:
        """Each requirement at the version that is preferred, or else at the newest."""
        kept = dict(line.rstrip(" \\").split("==") for line in preferred.splitlines() if "==" in line)
        names = sorted({_name(line) for line in requires})
        pins = {n: f"{n}=={kept.get(n, self.version)} \\\n    --hash=sha256:{n}\n" for n in names}
        return "".join(self.lines.get(name, pin) for name, pin in pins.items())

    def _unpack(self, name: str, version: str, target: Path) -> None:
        files = dict(self.files.get(name, {f"{name}/__init__.py": f"version = {version!r}\n"}))
        facts = f"{name}-{version}.dist-info"
        files |= {f"{facts}/METADATA": f"Name: {name}\nVersion: {version}\n", f"{facts}/INSTALLER": "uv"}
        files[f"{facts}/RECORD"] = "".join(f"{path},,\n" for path in [*files, f"{facts}/RECORD"])
        for path, text in files.items():
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            (target / path).write_text(text)


def _name(line: str) -> str:
    return line.partition(";")[0].partition("==")[0].strip()
