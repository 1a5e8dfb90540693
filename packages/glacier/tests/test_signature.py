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


NESTED = {
    "a function": """
        def build():
            local, made = Dataset("local"), Dataset("made")
            @pipeline.task
            def f(x: local) -> made: ...
        build()
        """,
    "a function in a function": """
        def outer():
            local = Dataset("local")
            def build():
                made = Dataset("made")
                @pipeline.task
                def f(x: local) -> made: ...
            build()
        outer()
        """,
    "three functions, the middle one lost in a lambda": """
        def outer():
            local = Dataset("local")
            def call(function):
                return function()
            def build():
                made = Dataset("made")
                @pipeline.task
                def f(x: local) -> made: ...
            return call(lambda: build())
        outer()
        """,
    "a name that hides a global": """
        def build(raw, made):
            @pipeline.task
            def f(x: raw) -> made: ...
        build(Dataset("local"), Dataset("made"))
        """,
    "a recursive function, the innermost counting": """
        def build(depth):
            local, made = Dataset(f"local{depth}"[:-1] if not depth else f"x{depth}"), Dataset("made")
            if depth:
                return build(depth - 1)
            @pipeline.task
            def f(x: local) -> made: ...
        build(3)
        """,
    "a class": """
        class Flow:
            local, made = Dataset("local"), Dataset("made")
            @pipeline.task
            def f(x: local) -> made: ...
        """,
    "a class in a function": """
        def build():
            made = Dataset("made")
            class Flow:
                local = Dataset("local")
                @pipeline.task
                def f(x: local) -> made: ...
        build()
        """,
    "a method": """
        class Flow:
            def build(self, local):
                self.made = Dataset("made")
                @pipeline.task
                def f(x: local) -> self.made: ...
        Flow().build(Dataset("local"))
        """,
    "a factory that takes the dataset": """
        def factory(local, made):
            def f(x: local) -> made: ...
            return pipeline.task(f)
        factory(Dataset("local"), Dataset("made"))
        """,
    "a factory in a lambda": """
        factory = lambda local, made: [pipeline.task(define(local, made))]
        def define(local, made):
            def f(x: local) -> made:
                return local, made
            return f
        factory(Dataset("local"), Dataset("made"))
        """,
    "a decorator with settings": """
        def build():
            local, made = Dataset("local"), Dataset("made")
            @pipeline.task(retries=1, name="f")
            def g(x: local) -> made: ...
        build()
        """,
    "a task put into the pipeline later": """
        def build():
            local, made = Dataset("local"), Dataset("made")
            @task
            def f(x: local) -> made: ...
            return f
        pipeline.task(build())
        """,
    "a decorator around the function": """
        import functools
        def logged(function):
            @functools.wraps(function)
            def wrapper(*args, **kwargs):
                return function(*args, **kwargs)
            return wrapper
        def build():
            local, made = Dataset("local"), Dataset("made")
            @pipeline.task
            @logged
            def f(x: local) -> made: ...
        build()
        """,
}


@both
@pytest.mark.parametrize("text", NESTED.values(), ids=NESTED.keys())
def test_datasets_local_to(tmp_path: Path, future: bool, text: str) -> None:
    (task,) = declare(tmp_path, text, future=future)["pipeline"].tasks
    assert task.name == "f"
    assert names(task) == ({"x": "local"}, ["made"])


@both
def test_a_loop_makes_tasks(tmp_path: Path, future: bool) -> None:
    text = """
        parts = [Dataset(f"part {number}") for number in range(3)]
        for number, part in enumerate(parts):
            @pipeline.task(name=f"make {number}")
            def make(x: raw, number=number) -> part:
                return number
        def build():
            for number, part in enumerate(parts):
                result = Dataset(f"result {number}")
                @pipeline.task(name=f"use {number}")
                def use(x: part) -> result:
                    return result
        build()
        [pipeline.task(name=f"last {number}")(last) for number, last in enumerate([])]
    """
    tasks = {task.name: task for task in declare(tmp_path, text, future=future)["pipeline"].tasks}
    assert len(tasks) == 6
    for number in range(3):
        assert names(tasks[f"make {number}"]) == ({"x": "raw"}, [f"part {number}"])
        assert names(tasks[f"use {number}"]) == ({"x": f"part {number}"}, [f"result {number}"])
        assert tasks[f"make {number}"](None) == number


def test_a_decorator_of_another_module(tmp_path: Path) -> None:
    """The text means what it meant in the module of the function, not in that of the decorator."""
    (tmp_path / "decorating.py").write_text(
        "import functools\nraw = 'not yours'\ndef logged(function):\n    @functools.wraps(function)\n"
        "    def wrapper(*args, **kwargs):\n        return function(*args, **kwargs)\n    return wrapper\n"
    )
    sys.path.insert(0, str(tmp_path))
    try:
        text = "from decorating import logged\n@pipeline.task  # here\n@logged\ndef f(x: {}) -> clean: ..."
        space = declare(tmp_path, text.format("raw"), future=True)
        found = refused(tmp_path, text.format("rww"), future=True)
    finally:
        sys.path.remove(str(tmp_path))
        sys.modules.pop("decorating", None)
    assert names(space["f"]) == ({"x": "raw"}, ["clean"])
    assert found.help == "did you mean 'raw'?"


def test_a_local_dataset_that_is_gone(tmp_path: Path) -> None:
    """Once its function has returned, nothing keeps a dataset that only text names."""
    found = refused(
        tmp_path,
        """
        def define():
            local = Dataset("lokal")
            def f(x: local) -> clean: ...  # here
            return f
        pipeline.task(define())
        """,
        future=True,
        raised=False,
    )
    assert found.message == "parameter 'x' is 'local', but 'local' is declared nowhere that the function can see"
    assert found.help == (
        "declare it above the function: local = Dataset('local')\nor make the function a task where local is declared"
    )


def test_a_cell_that_is_not_filled_yet(tmp_path: Path) -> None:
    found = refused(
        tmp_path,
        """
        def build():
            @pipeline.task  # here
            def f(x: later) -> clean:
                return later
            later = Dataset("later")
        build()
        """,
        future=True,
    )
    assert "'later' is declared nowhere" in found.message
