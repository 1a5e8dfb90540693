"""How a function's annotations are read: as objects and as text, and what is said of those that are no dataset."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from declaring import declare, refused

both = pytest.mark.parametrize("future", [False, True], ids=["objects", "text"])


def names(task: Any) -> tuple[dict[str, str], list[str]]:
    return {parameter: dataset.name for parameter, dataset in task.inputs.items()}, [d.name for d in task.outputs]


READ = [
    ("def f(x: raw) -> clean: ...", {"x": "raw"}, ["clean"]),
    ('def f(x: "raw") -> "clean": ...', {"x": "raw"}, ["clean"]),
    ("def f(x: raw, y: clean) -> report: ...", {"x": "raw", "y": "clean"}, ["report"]),
    ("def f(x: raw): ...", {"x": "raw"}, []),
    ("def f(x: raw) -> None: ...", {"x": "raw"}, []),
    ('def f(x: raw) -> "None": ...', {"x": "raw"}, []),
    ("def f(x: raw) -> tuple[()]: ...", {"x": "raw"}, []),
    ("def f() -> raw: ...", {}, ["raw"]),
    ("def f(): ...", {}, []),
    ("def f(x: raw) -> tuple[clean, report]: ...", {"x": "raw"}, ["clean", "report"]),
    ("def f(x: raw) -> tuple[report, clean]: ...", {"x": "raw"}, ["report", "clean"]),
    ('def f(x: raw) -> tuple["clean", report]: ...', {"x": "raw"}, ["clean", "report"]),
    ("def f(x: raw, y: raw) -> clean: ...", {"x": "raw", "y": "raw"}, ["clean"]),
    ("def f(x: Annotated[list[str], raw]) -> Annotated[int, clean]: ...", {"x": "raw"}, ["clean"]),
    ('def f(x: Annotated["list[str]", raw]) -> "Annotated[int, clean]": ...', {"x": "raw"}, ["clean"]),
    ('def f(x: Annotated[str, "words", raw, 3]) -> tuple[Annotated[int, clean]]: ...', {"x": "raw"}, ["clean"]),
    ("def f(*, x: raw) -> clean: ...", {"x": "raw"}, ["clean"]),
    ("def f(x: raw, limit: int = 5, word=None, *, deep: bool = True) -> clean: ...", {"x": "raw"}, ["clean"]),
    ("def f(x: raw = None) -> clean: ...", {"x": "raw"}, ["clean"]),
    ("def f(x: shelf[0]) -> shelf[1]: ...", {"x": "raw"}, ["clean"]),
    ("def f(x: box.raw) -> clean: ...", {"x": "raw"}, ["clean"]),
    ("def f(x: Raw) -> tuple[Clean, Plain]: ...", {"x": "raw"}, ["clean", "report"]),
    ("def f(x: Annotated[Raw, 'more']) -> clean: ...", {"x": "raw"}, ["clean"]),
]
AROUND = """
import types
shelf, box = [raw, clean], types.SimpleNamespace(raw=raw)
Raw, Clean, Plain = Annotated[list[str], raw], Annotated[int, clean], report
"""


@both
@pytest.mark.parametrize(("written", "inputs", "outputs"), READ, ids=[row[0] for row in READ])
def test_reads(tmp_path: Path, future: bool, written: str, inputs: dict[str, str], outputs: list[str]) -> None:
    space = declare(tmp_path, f"{AROUND}@pipeline.task\n{written}", future=future)
    assert names(space["f"]) == (inputs, outputs)


@both
def test_the_type_is_kept(tmp_path: Path, future: bool) -> None:
    space = declare(
        tmp_path,
        """
        Raw = Annotated[list[str], raw]
        @pipeline.task
        def f(x: Raw, y: Annotated["dict[str, int]", clean], z: Annotated[Any, "hm", report]) -> None: ...
        @pipeline.task
        def g(x: raw) -> tuple[Annotated[int, clean], report]: ...
        """,
        future=future,
    )
    assert {name: slot.type for name, slot in space["f"].slots.items()} == {
        "x": list[str],
        "y": dict[str, int],
        "z": None,
    }
    assert [slot.type for slot in space["g"].results] == [int, None]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the statement `type` came with Python 3.12")
@both
def test_the_type_statement_is_an_alias(tmp_path: Path, future: bool) -> None:
    text = """
        type Raw = Annotated[list[str], raw]
        type Clean = clean
        @pipeline.task
        def f(x: Raw) -> tuple[Clean, report]: ...
        @pipeline.task
        def g[T](x: Annotated[T, clean]) -> None: ...
    """
    space = declare(tmp_path, text, future=future)
    assert names(space["f"]) == ({"x": "raw"}, ["clean", "report"])
    assert space["f"].slots["x"].type == list[str]
    assert names(space["g"]) == ({"x": "clean"}, [])
    found = refused(
        tmp_path, "type Raw = Annotated[int, rww]\n@pipeline.task  # here\ndef f(x: Raw): ...", future=future
    )
    assert found.message == "parameter 'x' is 'Raw', but 'rww' is declared nowhere that the function can see"
    assert found.help == "did you mean 'raw'?"


REFUSED = [
    ("def f(x: Dataset): ...", "parameter 'x' is annotated with the class Dataset", "name one dataset"),
    ("def f() -> Dataset: ...", "the return value is annotated with the class Dataset", "name one dataset"),
    (
        "def f(x: lake): ...",
        "parameter 'x' is annotated with ObjectStorage, a storage",
        "Dataset('name', storage=Object",
    ),
    ("def f(x: other): ...", "parameter 'x' is annotated with a task", "name the dataset that the task returns"),
    (
        "def f(x: int): ...",
        "parameter 'x' is annotated with int, which is not a dataset",
        "write Annotated[int, dataset], or a default value if it is a plain setting",
    ),
    (
        "def f(x: dict[str, int]): ...",
        "parameter 'x' is annotated with dict[str, int], which is not a dataset",
        "write Annotated[dict[str, int], dataset], or a default",
    ),
    (
        "def f(x: int | None): ...",
        "parameter 'x' is annotated with int | None, which is not a dataset",
        "write Annotated[int | None, dataset]",
    ),
    (
        "def f() -> str: ...",
        "the return value is annotated with str, which is not a dataset",
        "write Annotated[str, dataset]",
    ),
    (
        "def f() -> tuple[clean, int]: ...",
        "the return value is annotated with int, which is not a dataset",
        "write Annotated[int, dataset]",
    ),
    (
        "def f() -> (raw, clean): ...",
        "the return value is annotated with tuple (raw, clean)",
        "write tuple[raw, clean]",
    ),
    ("def f() -> [raw, clean]: ...", "the return value is annotated with list (raw, clean)", "write tuple[raw, clean]"),
    ("def f(x: 5): ...", "parameter 'x' is annotated with 5, which is not a dataset", "write a dataset, or a default"),
    ("def f(x): ...", "parameter 'x' has no annotation", "annotate it with a dataset, or give it a default value"),
    ("def f(raww): ...", "parameter 'raww' has no annotation", "did you mean 'raw'?"),
    (
        "def f(x: Annotated[int, 'words']): ...",
        "parameter 'x' is annotated with Annotated, and no dataset in it",
        "write Annotated[type, dataset]",
    ),
    (
        "def f(x: Annotated[int, raw, clean]): ...",
        "parameter 'x' is annotated with Annotated, and 2 datasets in it",
        "write Annotated[type, dataset]",
    ),
    ("def f(x: raw, *more: clean): ...", "takes *more", "a parameter of its own"),
    ("def f(x: raw, **more: clean): ...", "takes **more", "a parameter of its own"),
    ("def f(x: raw, /): ...", "takes x by position only", "given by name"),
]


@both
@pytest.mark.parametrize(("written", "message", "help_"), REFUSED, ids=[row[0] for row in REFUSED])
def test_refuses_on_the_line_of_the_task(tmp_path: Path, future: bool, written: str, message: str, help_: str) -> None:
    found = refused(
        tmp_path,
        f"""
        lake = ObjectStorage()
        @task
        def other() -> report: ...
        @pipeline.task  # here
        {written}
        """,
        future=future,
    )
    assert found.message == message
    assert help_ in found.help
    assert found.subject == "task f"


UNKNOWN = [
    ("def f(x: 'rww'): ...", "parameter 'x' is 'rww', but 'rww' is declared nowhere", "did you mean 'raw'?"),
    ("def f(x: 'Orderz'): ...", "parameter 'x' is 'Orderz'", "did you mean 'Orders'?"),
    ("def f() -> 'claen': ...", "returns 'claen', but 'claen' is declared nowhere", "did you mean 'clean'?"),
    ("def f() -> tuple[raw, 'claen']: ...", "'claen' is declared nowhere", "did you mean 'clean'?"),
    (
        "def f(x: 'ledger'): ...",
        "parameter 'x' is 'ledger'",
        "declare it above the function: ledger = Dataset('ledger')",
    ),
    (
        "def f(x: Annotated['pl.DataFrame', raw]): ...",
        "'pl' is declared nowhere",
        "import pl where the program runs, not only under TYPE_CHECKING",
    ),
    ("def f(x: 'rww' = None): ...", "parameter 'x' is 'rww'", "did you mean 'raw'?"),
    ("def f(x: 'raw.nothing'): ...", "'raw.nothing' cannot be read: 'Dataset' object has no attribute 'nothing'", ""),
    ("def f(x: 'raw clean'): ...", "'raw clean' cannot be read: invalid syntax", ""),
]


@both
@pytest.mark.parametrize(("written", "message", "help_"), UNKNOWN, ids=[row[0] for row in UNKNOWN])
def test_refuses_text_that_names_nothing(tmp_path: Path, future: bool, written: str, message: str, help_: str) -> None:
    text = f"Orders = Annotated[int, raw]\n@pipeline.task()  # here\n{written}"
    if future:
        text = text.replace("'rww'", "rww").replace("'claen'", "claen").replace("'pl.DataFrame'", "pl.DataFrame")
    found = refused(tmp_path, text, future=future)
    assert message in found.message
    assert help_ in found.help


def test_a_plain_setting_may_have_a_type_that_is_not_there(tmp_path: Path) -> None:
    space = declare(
        tmp_path,
        """
        @pipeline.task
        def f(x: raw, when: datetime | None = None, how: "Mode" = "fast") -> clean: ...
        """,
        future=True,
    )
    assert names(space["f"]) == ({"x": "raw"}, ["clean"])
