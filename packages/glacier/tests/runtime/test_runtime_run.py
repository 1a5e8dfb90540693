"""One task, once: what it is given, what becomes of what it returns, and whose error an error is."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
from glacier.errors import TaskError
from glacier.runtime.manifest import Place
from glacier.runtime.problems import Raised
from glacier.runtime.run import Step, run, step_of
from glacier.runtime.stores import Memory, Store, open_store


@pytest.fixture
def stores(tmp_path: Path) -> dict[str, Store]:
    return {"s": open_store(f"file://{tmp_path}"), "m": Memory()}


PLACES = {name: Place(store="s", path=f"{name}/") for name in ("a", "b", "c")}


def helper(x: Any) -> Any:
    return x["no"]


def test_a_task_by_its_shape() -> None:
    slot = SimpleNamespace(dataset=SimpleNamespace(name="a"), type=list)
    out = SimpleNamespace(dataset=SimpleNamespace(name="b"), type=None)
    key = SimpleNamespace(name="api key")
    task = SimpleNamespace(name="t", function=len, slots={"x": slot}, results=(out,), secrets={"y": key})
    assert step_of(task) == Step("t", len, (("x", "a", list),), (("b", None),), (("y", "api key"),))


def test_reads_calls_and_writes(stores: dict[str, Store]) -> None:
    stores["s"].write(PLACES["a"], [1, 2], None)
    done = run(Step("t", lambda x: (sum(x), "text"), (("x", "a", list),), (("b", int), ("c", str))), PLACES, stores)
    assert list(done.outputs) == ["b", "c"]
    assert stores["s"].read(PLACES["b"], None) == 3
    assert stores["s"].read(PLACES["c"], None) == "text"
    assert done.outputs["c"].size == 4


def test_a_task_that_returns_nothing_and_says_so(stores: dict[str, Store]) -> None:
    assert run(Step("t", lambda: None, (), ()), PLACES, stores).outputs == {}


def test_the_users_own_exception(stores: dict[str, Store]) -> None:
    with pytest.raises(Raised) as caught:
        run(Step("t", lambda: helper([1]), (), (("a", None),)), PLACES, stores)
    error = caught.value
    assert isinstance(error.__cause__, TypeError)
    assert error.message.startswith("TypeError: list indices")
    assert [frame.name for frame in error.frames] == ["<lambda>", "helper"]
    assert error.frames[-1].line == 'return x["no"]'
    copy = pickle.loads(pickle.dumps(error))
    assert str(copy) == str(error)
    assert traceback.format_list(copy.frames) == traceback.format_list(error.frames)
    assert "helper" in "".join(traceback.format_exception(error))


def test_leaving_is_not_an_error_of_the_task(stores: dict[str, Store]) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(Step("t", stop, (), ()), PLACES, stores)


@pytest.mark.parametrize(
    ("returned", "writes", "said"),
    [
        ("x", (("a", dict),), "task t, dataset a: returned a str, not a dict"),
        (None, (("a", dict),), "task t, dataset a: returned nothing"),
        (None, (("a", None),), "task t, dataset a: returned nothing"),
        (1, (("a", None), ("b", None)), r"task t: returned an int, and not 2 values \(a, b\)"),
        ((1, 2, 3), (("a", None), ("b", None)), "task t: returned 3 values; its annotation names 2: a, b"),
        ((1, None), (("a", None), ("b", int)), "task t, dataset b: returned nothing"),
        ((1, {2: object()}), (("a", None), ("b", dict[int, Any])), "task t, dataset b: holds <object"),
        ([1], (("a", pl.DataFrame),), "task t, dataset a: returned a list, not a polars.DataFrame"),
        (1, (("a", Iterator[int]),), "task t, dataset a: returned an int, not an Iterator"),
    ],
)
def test_what_it_may_not_return(
    stores: dict[str, Store], tmp_path: Path, returned: Any, writes: Any, said: str
) -> None:
    with pytest.raises(TaskError, match=said) as caught:
        run(Step("t", lambda: returned, (), writes), PLACES, stores)
    assert caught.value.help
    if "dataset b: holds" not in said:
        assert not [file for file in tmp_path.rglob("*") if file.is_file()]


def test_what_is_not_there(stores: dict[str, Store]) -> None:
    with pytest.raises(TaskError, match="task t, dataset a: there is nothing yet at") as caught:
        run(Step("t", len, (("x", "a", None),), ()), PLACES, stores)
    assert caught.value.dataset == "a"


def test_an_iterator_that_fails_names_the_dataset(stores: dict[str, Store], tmp_path: Path) -> None:
    def rows() -> Iterator[dict[str, int]]:
        yield {"a": 1}
        raise ZeroDivisionError("in the middle")

    with pytest.raises(TaskError, match="task t, dataset a: ZeroDivisionError: in the middle") as caught:
        run(Step("t", rows, (), (("a", Iterator[dict[str, int]]),)), PLACES, stores)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]


def test_messages_go_only_when_the_task_has_succeeded(tmp_path: Path) -> None:
    stores = {"q": open_store(f"sqlite+messages://{tmp_path}/q"), "m": Memory()}
    places = {"in": Place(store="q", path="in/"), "out": Place(store="m", path="out")}
    stores["q"].write(places["in"], [1, 2], None)

    def fail(x: list[int]) -> None:
        raise ValueError

    for function, left in ((fail, [1, 2]), (lambda x: len(x), [])):
        try:
            run(Step("t", function, (("x", "in", list),), (("out", None),)), places, stores)
        except TaskError:
            assert left
        assert stores["q"].read(places["in"], list) == left


def test_retrying_leaves_one_result(stores: dict[str, Store], tmp_path: Path) -> None:
    for value in ([1], [1, 2]):
        run(Step("t", lambda value=value: value, (), (("a", list),)), PLACES, stores)
    assert [file.name for file in tmp_path.rglob("*") if file.is_file()] == ["data.json"]
    assert stores["s"].read(PLACES["a"], list) == [1, 2]
