"""Two small clouds, so that the commands are tested without knowing a real one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from glacier.compilation import Compiler
from glacier.compute import Serverless
from glacier.errors import Diagnostic, Severity
from glacier.infra import Concat, Statement, Value
from glacier.resource import Resource
from glacier.storage import ObjectStorage
from glacier.tables import Tables
from glacier.target import ComputeKind, Site, StorageKind
from glacier.terms import Address, Grant, Job, Made, Meter, Principal, Unsupported

PRICES = [
    {"item": "shelf.gb", "region": "*", "unit": "GB", "usd": 0.25, "as_of": "2026-01-01", "source": "list"},
]
TABLES: dict[str, Any] = {
    "limits": {
        "source": {"docs": {"title": "Toy limits", "read_on": "2026-01-01"}},
        "limit": {"Robot": {"memory": {"source": "docs", "max": 4096, "unit": "MiB"}}},
    },
    "names": {"name": {"*": {"max": 60}}},
    "regions": {"region": {"attic": "The attic", "cellar": "The cellar", "loft": "The loft"}},
    "prices": {"price": PRICES},
    "sdk": {"requires": {"pulumi": "3.0.0"}},
}


@dataclass(frozen=True, eq=False)
class Shelf(Resource):
    """Storage."""

    kind: ClassVar[str] = "object_storage"
    provider: ClassVar[str | None] = "toy"
    placed_by: ClassVar[str | None] = "region"
    tier: str = "open"
    region: str | None = None


@dataclass(frozen=True, eq=False)
class Robot(Resource):
    """Compute."""

    kind: ClassVar[str] = "serverless"
    provider: ClassVar[str | None] = "toy"
    memory: int = 512


class Shelves:
    """Storage, as a kind."""

    PARTICULAR = Shelf

    def specialize(self, generic: ObjectStorage) -> Shelf:
        return Shelf()

    def review(self, spec: Shelf) -> Iterator[Diagnostic]:
        if spec.tier == "dusty":
            yield Diagnostic(code="tier", message="this shelf is dusty", help="tier='open'", severity=Severity.WARNING)

    def emit(self, spec: Shelf, site: Site) -> Iterator[Made]:
        yield site.node("toy.Shelf", "shelf", {"tier": spec.tier}, main=True)

    def grant(self, spec: Shelf, grant: Grant, site: Site) -> Iterator[Made]:
        part = f"{grant.verb}-{grant.who.owner}"
        yield site.node("toy.Key", part, {"paths": list(grant.paths), "holder": grant.who.id})

    def address(self, spec: Shelf, site: Site) -> Address:
        return Address(url=Concat(("toy://", site.ref("shelf", "id"))))

    def meters(self, spec: Shelf, stored_bytes: int | None) -> Iterator[Meter]:
        yield Meter(item="shelf.gb", quantity=None if stored_bytes is None else stored_bytes / 1e9, of="GB kept")


class Robots:
    """Compute, as a kind."""

    PARTICULAR = Robot

    def specialize(self, generic: Serverless) -> Robot:
        return Robot(memory=generic.memory)

    def identity(self, spec: Robot, site: Site) -> Iterator[Made]:
        yield site.node("toy.Name", "name", {})

    def principal(self, spec: Robot, site: Site) -> Principal:
        return Principal(provider="toy", owner=site.owner, id=site.ref("name", "id"), subject=site.ref("name", "id"))

    def emit(self, spec: Robot, site: Site, job: Job) -> Iterator[Made]:
        yield site.node("toy.Robot", "robot", {"memory": spec.memory, "env": dict(job.environment)}, main=True)

    def step(self, spec: Robot, site: Site, job: Job) -> object:
        return site.ref("robot", "id")

    def meters(self, spec: Robot, seconds: float | None) -> Iterator[Meter]:
        yield Meter(item="robot.call", quantity=1.0, per="run")


class Boxes:
    """Secrets, for a toy cloud that keeps some."""

    NOTE = ""
    DOOR = ""

    def emit(self, name: str, site: Site) -> Iterator[Made]:
        yield site.node("toy.Box", "", {"label": name}, main=True)

    def reference(self, name: str, site: Site) -> Value:
        return site.ref("", "id")

    def grant(self, grant: Grant, site: Site) -> Iterator[Made]:
        part = f"reads-{site.owner}"
        yield Site(site.draft, grant.who.owner).node(
            "toy.Key", part, {"box": site.ref("", "id"), "holder": grant.who.id}
        )

    def commands(self, variable: str, output: str) -> Sequence[str]:
        return (f'printf %s "${variable}" | toy put "$(pulumi stack output {output})"',)

    def meters(self) -> Iterator[Meter]:
        yield Meter(item="box", quantity=1)


_STORAGE: Mapping[str, StorageKind | Unsupported] = {
    "object_storage": Shelves(),
    "database": Unsupported("toys keep no records", "ObjectStorage()"),
}
_COMPUTE: Mapping[str, ComputeKind | Unsupported] = {"serverless": Robots()}


@dataclass(frozen=True)
class ToyCompiler(Compiler):
    """A cloud of toys."""

    provider: ClassVar[str] = "toy"
    tables: ClassVar[Tables] = Tables("toycloud", TABLES)
    storage_kinds: ClassVar[Mapping[str, StorageKind | Unsupported]] = _STORAGE
    compute_kinds: ClassVar[Mapping[str, ComputeKind | Unsupported]] = _COMPUTE

    region: str = "attic"

    def preamble(self, site: Site) -> Iterator[Statement]:
        yield site.node("toy.Provider", "provider", {"region": self.region})

    def workflow(self, stages: Sequence[Sequence[Any]], site: Site) -> Iterator[Statement]:
        yield site.node("toy.Workflow", "workflow", {"stages": [list(stage) for stage in stages]})


@dataclass(frozen=True)
class TinCompiler(ToyCompiler):
    """Another cloud, which says where by another word."""

    provider: ClassVar[str] = "tin"
    place_field: ClassVar[str] = "location"

    location: str = "cellar"
