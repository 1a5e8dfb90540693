"""Whatever is declared either compiles to sound programs, or is refused with a diagnostic: never a mistake of ours."""

from __future__ import annotations

import ast
from typing import Any, TypeAlias

from glacier import CompileError, Dataset, DeclarationError, Pipeline, compute
from glacier.compilation import Compiled
from glacier.errors import Severity
from glacier.infra import check
from glacier.naming import slug
from glacier.storage import Cache, Database, ObjectStorage, Queue
from glacier_aws import AWSCompiler
from glacier_aws.storage import S3
from hypothesis import HealthCheck, example, given, note, settings
from hypothesis import strategies as st

# Words that parts of resources are called by, and that meet when they are joined.
WORDS = ("a", "b", "bucket", "policy", "role", "read", "reads", "write", "writes", "logs", "code", "queue", "failures")
ALONE = (
    "aws",
    "workflow",
    "provider",
    "network",
    "scratch",
    "class",
    "import",
    "x" * 100,
    "A.b",
    "a_B",
    "tasks",
    "name",
)
names = st.sampled_from(ALONE) | st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)
right_storages = st.one_of(
    st.none(),
    st.builds(ObjectStorage, resource_name=st.none() | names),
    st.builds(Database, resource_name=st.none() | names),
    st.builds(Cache, resource_name=st.none() | names),
    st.builds(Queue, resource_name=st.none() | names, fifo=st.booleans()),
    st.builds(S3),
)
storages = right_storages | st.builds(S3, st.sampled_from(["a-bucket", "a", "Bad Name"]), existing=st.booleans())
right_places = st.sampled_from([None, compute.serverless(), compute.container()])
places = right_places | st.sampled_from([compute.local(), compute.serverless(memory=9)])
often = settings(
    max_examples=max(40, settings().max_examples // 3),
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


Declared: TypeAlias = list[tuple[str, Any, list[Dataset], list[Dataset]]]  # name, compute, reads, writes


@st.composite
def wild(draw: st.DrawFn) -> Declared:
    """Tasks of which many are wrong."""
    shelves = draw(st.lists(storages, min_size=1, max_size=3))
    known = [Dataset(name, draw(st.sampled_from(shelves))) for name in draw(st.lists(names, min_size=1, max_size=5))]
    chosen = st.lists(st.sampled_from(known), max_size=3)
    return draw(st.lists(st.tuples(names, places, chosen, chosen), min_size=1, max_size=4))


@st.composite
def right(draw: st.DrawFn) -> Declared:
    """Tasks of which most are right: each name once, each dataset written once and read later."""
    shelves = draw(st.lists(right_storages, min_size=1, max_size=4))
    titles = draw(st.lists(names, min_size=1, max_size=4, unique_by=slug))
    free = [Dataset(name, draw(st.sampled_from(shelves))) for name in draw(st.lists(names, max_size=7, unique_by=slug))]
    tasks: Declared = []
    known = [free.pop()] if free else []
    for title in titles:
        reads = draw(st.lists(st.sampled_from(known), max_size=3)) if known else []
        writes = [free.pop() for _ in range(draw(st.integers(0, min(2, len(free)))))]
        known.extend(writes)
        tasks.append((title, draw(right_places), reads, writes))
    return tasks


def declared(tasks: Declared, name: str) -> Pipeline:
    pipeline = Pipeline(name)
    for title, place, reads, writes in tasks:
        parameters = [f"x{number}" for number in range(len(reads))]
        space: dict[str, Any] = {"__name__": __name__}
        exec(compile(f"def work({', '.join(parameters)}): ...", __file__, "exec"), space)
        work = space["work"]
        work.__annotations__ = {**dict(zip(parameters, reads, strict=True)), "return": tuple[tuple(writes)]}
        pipeline.task(compute=place, name=title)(work)
    return pipeline


def outcome(tasks: Declared, name: str) -> Compiled | None:
    """What they compile to, or ``None`` when they are refused with an error."""
    try:
        return AWSCompiler().compile(declared(tasks, name))
    except (DeclarationError, CompileError) as error:
        refusal = error
    note(str(refusal))
    assert any(diagnostic.severity is Severity.ERROR for diagnostic in refusal.diagnostics)
    return None


@often
@given(right() | wild(), names)
@example([("a", None, [], [Dataset("b")])], "p")
def test_it_compiles_or_says_why(tasks: Declared, name: str) -> None:
    compiled = outcome(tasks, name)
    for cloud, program in compiled.programs.items() if compiled is not None else ():
        check(program)
        assert compiled is not None
        ast.parse(compiled.files[f"{cloud}/__main__.py"])
        rules = AWSCompiler.tables.names
        assert all(len(node.name) <= rules.get(node.type, rules["*"]).max for node in program.nodes)
