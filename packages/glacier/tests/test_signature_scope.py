"""Which datasets an annotation can see: those of the functions and classes around it, also when it is text."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from declaring import declare, refused

both = pytest.mark.parametrize("future", [False, True], ids=["objects", "text"])


def names(task: Any) -> tuple[dict[str, str], list[str]]:
    return {parameter: dataset.name for parameter, dataset in task.inputs.items()}, [d.name for d in task.outputs]


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
