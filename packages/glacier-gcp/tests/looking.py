"""What the tests of this package look things up with."""

from __future__ import annotations

from glacier.compilation import Compiled
from glacier.errors import Diagnostic
from glacier.infra import Concat, Node, Ref, Value
from glacier.resource import Resource
from glacier.testing.cases import on_compute, on_storage
from glacier_gcp import GCPCompiler


def nodes(compiled: Compiled, node_type: str = "") -> list[Node]:
    """The resources of a type, or all."""
    return [node for node in compiled.programs["gcp"].nodes if node_type in ("", node.type)]


def one(compiled: Compiled, node_type: str) -> Node:
    """The only resource of a type."""
    found = nodes(compiled, node_type)
    assert len(found) == 1, [node.id for node in found]
    return found[0]


def kept_in(storage: Resource) -> Compiled:
    """A dataset on a storage, written by ``produce`` and read by ``consume``."""
    return GCPCompiler().compile(on_storage(storage))


def run_on(where: Resource, retries: int = 0) -> Compiled:
    """A task on a compute."""
    return GCPCompiler().compile(on_compute(where, retries=retries))


def found(resource: Resource) -> list[Diagnostic]:
    """What is said about a resource."""
    make = on_storage if resource.kind in GCPCompiler.storage_kinds else on_compute
    said = GCPCompiler().plan(make(resource)).diagnostics
    return [diagnostic for diagnostic in said if diagnostic.code != "import"]


def codes(resource: Resource) -> list[tuple[str, str]]:
    """The codes of what is said about a resource, with how grave each is."""
    return [(diagnostic.code, diagnostic.severity.value) for diagnostic in found(resource)]


def said(value: Value, known: str = "?") -> str:
    """Text with everything that is known only when deploying as one word."""
    if isinstance(value, Concat):
        return "".join(said(part, known) for part in value.parts)
    return known if isinstance(value, Ref) else str(value)
