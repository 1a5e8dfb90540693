"""Values of secrets where a task runs: they are fetched right before the call, and are in no text that we make."""

from __future__ import annotations

import json
import pickle
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from glacier.errors import TaskError
from glacier.runtime import entry
from glacier.runtime.manifest import Manifest, Place
from glacier.runtime.problems import Problem, Raised
from glacier.runtime.run import Step, run
from glacier.runtime.secrets import HIDDEN, Values, cleaned
from glacier.runtime.stores import Memory
from hypothesis import given, settings
from hypothesis import strategies as st
from vaulted import AZURE, HUNTER, VALUE, asked, refusal

# --- What hides values ----------------------------------------------------------------------------------------------


@settings(deadline=None, database=None)
@given(st.text(st.characters(exclude_characters="*"), min_size=1), st.text(), st.text())
def test_a_value_is_in_no_text(value: str, before: str, after: str) -> None:
    values = Values({"key": value})
    for form in (
        value,
        repr(value)[1:-1],
        json.dumps(value)[1:-1],
        quote(value.encode("utf-8", "surrogatepass"), safe=""),
    ):
        assert values.hide(form) == HIDDEN or form not in values.hide(form)
    assert value not in values.hide(f"{before}*{value}*{after}")


def test_of_two_values_the_longer_is_hidden_whole() -> None:
    assert Values({"a": "pass", "b": "password"}).hide("the password, the pass") == "the ***, the ***"


def test_an_empty_value_hides_nothing() -> None:
    assert Values({"a": ""}).hide("text") == "text"


def test_values_are_never_shown() -> None:
    values = Values({"key": HUNTER})
    assert repr(values) == str(values) == "<Values of key>"
    assert pickle.loads(pickle.dumps(values))("key") == HUNTER
    assert Values({"a": "1", "b": "2"}).only(["b"])("b") == "2"


class Custom(Exception):
    """An exception that says something else than its arguments."""

    def __init__(self, secret: str) -> None:
        super().__init__()
        self.secret = secret

    def __str__(self) -> str:
        return f"with {self.secret}"


class Unshown:
    """A value that cannot be shown."""

    def __repr__(self) -> str:
        raise RuntimeError("no")


def raising(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as raised:
        return raised


def test_an_exception_is_cleaned_in_place() -> None:
    error = ValueError(f"no {HUNTER} here", 7)
    error.add_note(f"tried {HUNTER}")
    error.__cause__ = KeyError(HUNTER)
    raising(error)
    assert cleaned(error, Values({"key": HUNTER})) is error
    assert HUNTER not in "".join(traceback.format_exception(error))
    assert error.__traceback__ is not None
    assert error.args == ("no *** here", 7)


@pytest.mark.parametrize(
    "error",
    [Custom(HUNTER), ValueError({"password": HUNTER}), ValueError(HUNTER.encode()), OSError(2, "no", HUNTER)],
)
def test_what_cannot_be_cleaned_is_left_out(error: Exception) -> None:
    assert cleaned(raising(error), Values({"key": HUNTER})) is None


def test_what_shows_no_value_is_left_alone() -> None:
    group = ExceptionGroup("two", [ValueError("a"), ValueError(Unshown())])
    assert cleaned(group, Values({"key": HUNTER})) is group
    hidden = ExceptionGroup("two", [ValueError(HUNTER)])
    assert cleaned(hidden, Values({"key": HUNTER})) is hidden
    assert HUNTER not in "".join(traceback.format_exception(hidden))


# --- One run --------------------------------------------------------------------------------------------------------


def once(function: Callable[..., Any], reveal: Callable[[str], str], **given: Any) -> Any:
    """What a task gives that reads ``given`` and is given the secret ``key``."""
    store = Memory(given)
    places = {name: Place(store="s", path=name) for name in (*given, "out")}
    reads = tuple((name, name, None) for name in given)
    run(Step("t", function, reads, (("out", None),), (("key", "db key"),)), places, {"s": store}, reveal)
    return store.values["out"]


def test_a_task_is_given_the_value() -> None:
    assert once(lambda rows, key: (rows, key), Values({"db key": VALUE}), rows=[1]) == ([1], VALUE)


def test_a_secret_is_fetched_after_the_inputs_and_before_the_call() -> None:
    def never(name: str) -> str:
        raise AssertionError(name)

    places = {"rows": Place(store="s", path="rows", source=True)}
    step = Step("t", print, (("rows", "rows", None),), (), (("key", "db key"),))
    with pytest.raises(TaskError, match="dataset rows"):
        run(step, places, {"s": Memory()}, never)
    asked: list[str] = []
    twice = Step("t", lambda a, b: None, (), (), (("a", "x"), ("b", "x")))
    run(twice, {}, {}, lambda name: asked.append(name) or "v")
    assert asked == ["x"]


def test_one_that_is_not_set_is_one_error_and_nothing_is_written() -> None:
    def missing(name: str) -> str:
        raise Problem("is not set", "put it there")

    called: list[str] = []
    store = Memory()
    step = Step("load", lambda key: called.append(key), (), (("out", None),), (("key", "db key"),))
    with pytest.raises(TaskError) as error:
        run(step, {"out": Place(store="s", path="out")}, {"s": store}, missing)
    assert str(error.value) == "task load: its secret db key is not set\n  help: put it there"
    assert (called, store.values) == ([], {})
    assert error.value.__cause__ is None


def fails(key: str) -> Any:
    raise ValueError(f"cannot sign in with {key}")


def hides(key: str) -> Any:
    raise Custom(key)


@pytest.mark.parametrize("function", [fails, hides])
def test_an_error_of_the_function_shows_no_value(function: Callable[..., Any]) -> None:
    with pytest.raises(Raised) as error:
        once(function, Values({"db key": HUNTER}))
    assert "***" in error.value.message
    assert error.value.frames[-1].name == function.__name__
    whole = "".join(traceback.format_exception(error.value))
    assert HUNTER not in whole
    assert (error.value.__cause__ is None) == (function is hides)
    assert error.value.__context__ is None or error.value.__context__ is error.value.__cause__


@pytest.mark.parametrize("ending", [SystemExit, KeyboardInterrupt])
def test_what_ends_the_program_shows_no_value(ending: type[BaseException]) -> None:
    def ends(key: str) -> None:
        raise ending(f"cannot sign in with {key}")

    with pytest.raises((Raised, ending)) as ended:
        once(ends, Values({"db key": HUNTER}))
    error = ended.value.__cause__ or ended.value
    assert isinstance(error, ending)
    assert error.args == ("cannot sign in with ***",)
    assert HUNTER not in str(ended.value)


def test_a_line_of_code_that_has_the_value_in_it_does_not_show_it() -> None:
    with pytest.raises(Raised) as error:
        once(fails, Values({"db key": "sign"}))
    assert [frame.line for frame in error.value.frames] == ['raise ValueError(f"cannot *** in with {key}")']


def test_what_cannot_be_written_shows_no_value(tmp_path: Path) -> None:
    from glacier.runtime.stores import open_store

    step = Step("t", lambda key: {key: object()}, (), (("out", None),), (("key", "db key"),))
    store = open_store(f"file://{tmp_path}")
    with pytest.raises(TaskError) as error:
        run(step, {"out": Place(store="s", path="out/")}, {"s": store}, Values({"db key": HUNTER}))
    assert error.value.dataset == "out"
    assert HUNTER not in "".join(traceback.format_exception(error.value))


def variables(error: BaseException) -> str:
    """What tools would show that show the variables of Glacier's own frames with an error, and with what led to it."""
    chain = [error, *(each for each in (error.__cause__, error.__context__) if each is not None)]
    frames = [frame for each in chain for frame, _ in traceback.walk_tb(each.__traceback__)]
    ours = [frame for frame in frames if "glacier/runtime" in frame.f_code.co_filename.replace("\\", "/")]
    assert ours
    return "".join(repr(frame.f_locals) for frame in ours)


def test_no_variable_of_a_frame_shows_a_value() -> None:
    def fails(key: str) -> None:
        raise ValueError("no")

    with pytest.raises(TaskError) as error:
        once(fails, Values({"db key": HUNTER}))
    assert HUNTER not in variables(error.value)


def test_no_variable_shows_a_value_when_another_is_not_to_be_had() -> None:
    def reveal(name: str) -> str:
        if name == "y":
            raise Problem("is not set", "set it")
        return HUNTER

    with pytest.raises(TaskError, match="its secret y is not set") as error:
        run(Step("t", print, (), (), (("a", "x"), ("b", "y"))), {}, {}, reveal)
    assert HUNTER not in variables(error.value)


# --- Entering from a cloud ------------------------------------------------------------------------------------------

MODULE = """\
from typing import Annotated
from glacier import Dataset, Pipeline
from glacier.secrets import Secret

out = Dataset("out")
pipeline = Pipeline("shop")


@pipeline.task
def load(key: Annotated[str, Secret("db key")]) -> Annotated[int, out]:
    if key == "hunter2":
        raise ValueError(f"cannot sign in with {key}")
    return len(key)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of code as it is exported, which is the current directory."""
    (tmp_path / "shop_with_secrets.py").write_text(MODULE)
    places = {"out": Place(store="my-store", path="out/")}
    tasks = {"load": "shop_with_secrets:load"}
    manifest = Manifest(pipeline="shop", module="shop_with_secrets", attribute="pipeline", tasks=tasks, places=places)
    (tmp_path / "manifest.json").write_text(manifest.to_json())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setenv("GLACIER_STORE_MY_STORE", f"file://{tmp_path / 'data'}")
    monkeypatch.setenv("GLACIER_SECRET_DB_KEY", AZURE)
    for cached in (entry._manifest, entry._step):
        cached.cache_clear()
    yield tmp_path
    sys.modules.pop("shop_with_secrets", None)
    for cached in (entry._manifest, entry._step):
        cached.cache_clear()


def test_a_function_is_given_its_secret(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked(monkeypatch, {"value": "four"})
    entry.azure_main({"task": "load"})
    assert (folder / "data/out/data.json").read_text() == "4"
    assert "four" not in capsys.readouterr().err


def test_logs_show_no_value(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    asked(monkeypatch, {"value": HUNTER})
    with pytest.raises(TaskError) as error:
        entry.aws_handler({"task": "load"}, None)
    log = capsys.readouterr().err
    failed = json.loads(log.splitlines()[-1])
    assert failed["error"] == "ValueError: cannot sign in with ***"
    assert "in load" in failed["traceback"]
    assert HUNTER not in log + "".join(traceback.format_exception(error.value))
    assert not (folder / "data").exists()


def test_a_secret_that_is_not_set_is_in_the_log(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked(monkeypatch, refusal(404))
    with pytest.raises(TaskError, match="task load: its secret db key is not set"):
        entry.gcp_handler(type("Request", (), {"get_json": lambda self, silent: {"task": "load"}})())
    failed = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert failed["error"] == "its secret db key is not set"
    assert "Put the secrets in place" in failed["help"]
    assert not (folder / "data").exists()
