"""One task, once: what it is given, what becomes of what it returns, and whose error an error is."""

from __future__ import annotations

import errno
import os
import pickle
import re
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from glacier.errors import TaskError
from glacier.runtime import plain
from glacier.runtime.buckets import Remote
from glacier.runtime.manifest import Place
from glacier.runtime.objects import Objects
from glacier.runtime.problems import Problem, Raised
from glacier.runtime.run import Step, run, step_of
from glacier.runtime.stores import Memory, Store, open_store
from obstore.store import MemoryStore

MIB = 1 << 20


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


class PanicException(BaseException):
    """As a library in Rust raises it."""


@pytest.mark.parametrize(
    ("ending", "said"),
    [
        (SystemExit(0), "called sys.exit(0), which ends a program"),
        (PanicException("at bad data"), "PanicException: at bad data"),
    ],
)
@pytest.mark.parametrize("late", [False, True])
def test_what_is_no_exception_is_an_error_of_the_task(
    stores: dict[str, Store], ending: BaseException, said: str, late: bool
) -> None:
    """``sys.exit(0)`` would else pass for a success that has written nothing."""

    def items() -> Iterator[int]:
        yield 1
        raise ending

    def at_once() -> Iterator[int]:
        raise ending

    with pytest.raises(Raised, match=re.escape(said)) as caught:
        run(Step("t", items if late else at_once, (), (("b", Iterator[int]),)), PLACES, stores)
    assert caught.value.__cause__ is ending
    with pytest.raises(Problem, match="there is nothing yet"):
        stores["s"].read(PLACES["b"], None)


def test_somebody_who_ends_it_is_not_an_error_of_the_task(stores: dict[str, Store]) -> None:
    def work() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(Step("t", work, (), ()), PLACES, stores)


def test_a_library_that_panics_at_bad_data(stores: dict[str, Store], monkeypatch: pytest.MonkeyPatch) -> None:
    def panic(*_: object, **__: object) -> None:
        raise PanicException("out of bounds")

    stores["s"].write(PLACES["a"], [1], None)
    monkeypatch.setattr(plain, "read_json", panic)
    with pytest.raises(TaskError, match=r"dataset a: .*cannot be read as json: out of bounds"):
        run(Step("t", len, (("x", "a", list),), ()), PLACES, stores)


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


def far() -> Store:
    """Uploads parts from another thread."""
    return Objects(Remote(MemoryStore(), "s3://far"))


KINDS = [("json", dict[str, int]), ("csv", dict[str, int]), ("parquet", dict[str, int]), ("bytes", bytes)]


@pytest.mark.parametrize("where", ["disk", "far", "memory"])
@pytest.mark.parametrize(("kind", "item"), KINDS, ids=[kind for kind, _ in KINDS])
@pytest.mark.parametrize("packed", [(), ("compress",)], ids=["plain", "packed"])
def test_an_iterator_fails_as_the_function_does(
    tmp_path: Path, where: str, kind: str, item: Any, packed: tuple[str, ...]
) -> None:
    """The user's own lines first, and no dataset is blamed: it is the code that is wrong."""
    store = {"disk": lambda: open_store(f"file://{tmp_path}"), "far": far, "memory": Memory}[where]()

    def items() -> Iterator[Any]:
        yield os.urandom(6 * MIB) if kind == "bytes" else {"a": 1}
        yield helper([])

    step = Step("t", items, (), (("a", Iterator[item]),))
    with pytest.raises(Raised, match=r"^task t: TypeError: list indices") as caught:
        run(step, {"a": Place(store="s", path="a/", format=kind, transfer=packed)}, {"s": store})
    assert isinstance(caught.value.__cause__, TypeError)
    assert [frame.name for frame in caught.value.frames] == ["items", "helper"]
    assert caught.value.frames[-1].line == 'return x["no"]'
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [("parquet", pa.RecordBatchReader), ("csv", pa.RecordBatchReader), ("parquet", Iterator[pa.RecordBatch])],
)
def test_so_do_record_batches(stores: dict[str, Store], kind: str, wanted: Any) -> None:
    def batches() -> Iterator[pa.RecordBatch]:
        yield pa.record_batch({"a": [1]})
        yield pa.record_batch({"a": [helper([])]})

    def reader() -> pa.RecordBatchReader:
        return pa.RecordBatchReader.from_batches(pa.schema({"a": pa.int64()}), batches())

    function = reader if wanted is pa.RecordBatchReader else batches
    with pytest.raises(Raised, match=r"^task t: TypeError: list indices") as caught:
        run(Step("t", function, (), (("a", wanted),)), {"a": Place(store="s", path="a/", format=kind)}, stores)
    assert [frame.name for frame in caught.value.frames][-2:] == ["batches", "helper"]


def test_a_full_disk_of_the_users_own(stores: dict[str, Store]) -> None:
    """Is no full disk of the output's."""

    def pieces() -> Iterator[bytes]:
        yield b"1"
        raise OSError(errno.ENOSPC, "mine")

    with pytest.raises(Raised, match=r"^task t: OSError: .*mine") as caught:
        run(Step("t", pieces, (), (("a", Iterator[bytes]),)), PLACES, stores)
    assert [frame.name for frame in caught.value.frames] == ["pieces"]


def lazily(rows: Iterator[dict[str, str]]) -> Iterator[dict[str, str]]:
    yield from rows


@pytest.mark.parametrize("function", [list, lazily, iter], ids=["at once", "lazily", "as it is"])
def test_bad_data_is_its_own_datasets(stores: dict[str, Store], tmp_path: Path, function: Any) -> None:
    """Wherever it is noticed: in the function, or while its output is written."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "data.csv").write_text("x,y\n1,2\n3,4,5\n")
    step = Step("t", lambda x: function(x), (("x", "a", Iterator[dict[str, str]]),), (("b", None),))
    with pytest.raises(TaskError, match=r"data\.csv has another number of cells in line 3") as caught:
        run(step, PLACES, stores)
    assert caught.value.dataset == "a"
    assert not (tmp_path / "b").exists()


def test_what_an_iterator_gives_is_bad_data_of_its_dataset(stores: dict[str, Store]) -> None:
    step = Step("t", lambda: iter([{"x": object()}]), (), (("b", Iterator[dict[str, Any]]),))
    with pytest.raises(TaskError, match="task t, dataset b: holds <object"):
        run(step, PLACES, stores)


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
