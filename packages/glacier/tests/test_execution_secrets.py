"""Secrets on this machine: where they are found, that all are there before anything runs, and that none is shown."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Annotated, Any

import pytest
from glacier import Dataset, Pipeline, TaskError
from glacier.execution import LocalExecutor, secrets
from glacier.execution.local import _Run
from glacier.graph import build
from glacier.secrets import Secret

HUNTER = "2retnuh"[::-1]  # as no line of this file has it: a traceback shows lines

SOURCE = """\
from __future__ import annotations
from typing import Annotated
from glacier import Dataset, Pipeline
from glacier.secrets import Secret

out = Dataset("out")
pipeline = Pipeline("My shop")


@pipeline.task
def load(key: Annotated[str, Secret("db password")], other: str = Secret("api_key")) -> out:
    return [key, other]
"""


class KeyringError(Exception):
    """What is wrong with a keyring."""


class NoKeyringError(KeyringError):
    """There is none on this machine."""


class Keyring(ModuleType):
    """The package `keyring`, with one value in it, or with something wrong with it."""

    def __init__(self, wrong: Exception | None = None) -> None:
        super().__init__("keyring")
        self.wrong = wrong
        self.asked: list[tuple[str, str]] = []

    def get_password(self, service: str, name: str) -> str | None:
        self.asked.append((service, name))
        if self.wrong is not None:
            raise self.wrong
        return "from the keyring" if name == "db password" else None


def install(monkeypatch: pytest.MonkeyPatch, keyring: Keyring | None) -> None:
    """From now on there is this keyring, or none is installed."""
    errors = SimpleNamespace(KeyringError=KeyringError, NoKeyringError=NoKeyringError) if keyring else None
    monkeypatch.setitem(sys.modules, "keyring", keyring)  # type: ignore[arg-type]  # `None` stands for what is not there
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)  # type: ignore[arg-type]


@pytest.fixture
def pipeline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """A pipeline with two secrets, in a folder of its own beside the current directory; there is no keyring."""
    (tmp_path / "code").mkdir()
    (tmp_path / "here").mkdir()
    file = tmp_path / "code" / "shop.py"
    file.write_text(SOURCE)
    monkeypatch.chdir(tmp_path / "here")
    for name in ("DB_PASSWORD", "API_KEY"):
        monkeypatch.delenv(name, raising=False)
    install(monkeypatch, None)
    space: dict[str, Any] = {"__name__": "shop", "__file__": str(file)}
    exec(compile(SOURCE, str(file), "exec"), space)
    made: Pipeline = space["pipeline"]
    return made


def found(pipeline: Pipeline) -> Any:
    """What the task was given."""
    return LocalExecutor(persist=False).execute(pipeline)["out"]


def test_the_environment_comes_first_and_the_nearest_file_next(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here/.env").write_text("DB_PASSWORD=here\nAPI_KEY=here\n")
    assert found(pipeline) == ["here", "here"]
    (tmp_path / "code/.env").write_text("export API_KEY='beside $HOME ${HOME} #1'  # a comment\n")
    assert found(pipeline) == ["here", "beside $HOME ${HOME} #1"]
    monkeypatch.setenv("DB_PASSWORD", "environment")
    assert found(pipeline) == ["environment", "beside $HOME ${HOME} #1"]


def test_what_is_empty_hides_nothing(pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of ``DB_PASSWORD= glacier run …``, and of a line that was never filled in."""
    monkeypatch.setenv("DB_PASSWORD", "")
    (tmp_path / "code/.env").write_text("DB_PASSWORD=beside\nAPI_KEY=\n")
    (tmp_path / "here/.env").write_text("API_KEY=here\n")
    assert found(pipeline) == ["beside", "here"]


def test_a_file_that_windows_wrote(pipeline: Pipeline, tmp_path: Path) -> None:
    """As UTF-8 with a mark before the first name."""
    (tmp_path / "code/.env").write_text("DB_PASSWORD=Söhne\r\nAPI_KEY=k\r\n", encoding="utf-8-sig")
    assert found(pipeline) == ["Söhne", "k"]


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_a_file_that_is_not_utf_8(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    """It matters when it is needed."""
    file = tmp_path / "code/.env"
    file.write_text("DB_PASSWORD=Söhne\n", encoding=encoding)
    monkeypatch.setenv("API_KEY", "environment")
    with pytest.raises(TaskError) as error:
        found(pipeline)
    assert str(error.value).splitlines() == [
        f"task load: its secret db password cannot be looked for in {file}: it is not UTF-8",
        "  help: save it as UTF-8 (what Windows calls Unicode is UTF-16), or set DB_PASSWORD in the environment",
    ]
    assert error.value.__suppress_context__
    monkeypatch.setenv("DB_PASSWORD", "environment")
    assert found(pipeline) == ["environment", "environment"]


def test_a_file_that_may_not_be_read(pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "code/.env"
    file.write_text("")

    def refused(*given: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied", str(file))

    monkeypatch.setattr("dotenv.dotenv_values", refused)
    with pytest.raises(TaskError, match=r"\.env: Permission denied\n  help: let your user read it, or set DB_PASSWORD"):
        found(pipeline)


def test_the_keyring_comes_last(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    keyring = Keyring()
    install(monkeypatch, keyring)
    monkeypatch.setenv("API_KEY", "environment")
    assert found(pipeline) == ["from the keyring", "environment"]
    assert keyring.asked == [("my-shop", "db password")]


def test_a_machine_without_a_keyring(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, Keyring(NoKeyringError("none")))
    with pytest.raises(TaskError, match="its secret db password is not set"):
        found(pipeline)


def test_a_keyring_that_does_not_open(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, Keyring(KeyringError("it is locked")))
    with pytest.raises(TaskError) as error:
        found(pipeline)
    assert error.value.task == "load"
    assert error.value.message == "its secret db password cannot be looked for in the keyring: it is locked"
    assert "DB_PASSWORD" in error.value.help


def test_all_that_are_missing_are_told_before_anything_runs(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, Keyring())
    monkeypatch.setattr(sys.modules["keyring"], "get_password", lambda service, name: None)
    monkeypatch.setenv("API_KEY", "")  # which is not set either
    with pytest.raises(TaskError) as error:
        LocalExecutor(tmp_path / "data").execute(pipeline)
    assert str(error.value).splitlines() == [
        "task load: its secret db password is not set",
        f"  help: write DB_PASSWORD=… into {tmp_path / 'code' / '.env'}, and keep that file out of version control",
        "or, for this shell only: IFS= read -rs DB_PASSWORD && export DB_PASSWORD",
        'or, if it has several lines, of which read takes one: export DB_PASSWORD="$(cat FILE)"',
        "or, for good: keyring set my-shop 'db password'",
        "also not set: secret api_key of task load (API_KEY)",
    ]
    assert not (tmp_path / "data").exists()


def test_a_pipeline_without_secrets_looks_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*given: object) -> None:
        raise AssertionError(given)

    monkeypatch.setattr(secrets, "_read", never)
    monkeypatch.setattr(secrets, "_kept", never)
    pipeline = Pipeline("plain")

    @pipeline.task
    def one() -> Annotated[int, Dataset("one")]:
        return 1

    assert LocalExecutor(persist=False).execute(pipeline)["one"] == 1


# --- Nothing is shown -----------------------------------------------------------------------------------------------


def failing(**settings: Any) -> Pipeline:
    pipeline = Pipeline("failing")

    @pipeline.task(**settings)
    def load(key: Annotated[str, Secret("db password")]) -> Annotated[int, Dataset("out")]:
        raise ValueError(f"cannot sign in with {key}")

    return pipeline


class Told:
    """A progress that remembers the errors."""

    def __init__(self) -> None:
        self.all: list[str] = []

    def begin(self, tasks: Any) -> None: ...

    def started(self, task: str) -> None: ...

    def retrying(self, task: str, attempt: int, error: TaskError, wait: float) -> None:
        self.all += traceback.format_exception(error)

    def finished(self, run: Any) -> None: ...

    def failed(self, task: str, error: TaskError) -> None:
        self.all += traceback.format_exception(error)

    def end(self, skipped: Any) -> None: ...


@pytest.mark.parametrize("settings", [{}, {"retries": 1}, {"timeout": 60}, {"timeout": 60, "retries": 1}])
def test_an_error_shows_no_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any]) -> None:
    monkeypatch.setenv("DB_PASSWORD", HUNTER)
    told = Told()
    with pytest.raises(TaskError, match=r"ValueError: cannot sign in with \*\*\*$") as error:
        LocalExecutor(tmp_path, progress=told, backoff=0).execute(failing(**settings))
    assert isinstance(error.value.__cause__, ValueError)
    assert HUNTER not in "".join([*told.all, *traceback.format_exception(error.value)])
    assert any("***" in line for line in told.all)
    assert not list(tmp_path.rglob("*.json"))


class Unpicklable:
    """A value that does not cross, and says why with the secret in it."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __reduce__(self) -> Any:
        raise RuntimeError(f"cannot keep {self.text}")


def test_what_does_not_cross_shows_no_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_PASSWORD", HUNTER)
    pipeline = Pipeline("crossing")

    @pipeline.task(timeout=60)
    def load(key: Annotated[str, Secret("db password")]) -> Annotated[Any, Dataset("out")]:
        return Unpicklable(key)

    with pytest.raises(TaskError, match=r"RuntimeError: cannot keep \*\*\*") as error:
        LocalExecutor(tmp_path, persist=False).execute(pipeline)
    assert HUNTER not in "".join(traceback.format_exception(error.value))


def test_a_run_does_not_show_what_it_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_PASSWORD", HUNTER)
    graph = build(failing())
    run = _Run(LocalExecutor(tmp_path), graph)
    run.secrets = secrets.look_up(graph)
    assert run.secrets("db password") == HUNTER
    assert HUNTER not in repr(run)


def test_a_process_of_its_own_is_given_only_its_tasks_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_PASSWORD", HUNTER)
    monkeypatch.setenv("API_KEY", "k")
    pipeline, out, more = Pipeline("two"), Dataset("out"), Dataset("more")

    @pipeline.task(timeout=60)
    def one(key: Annotated[str, Secret("db password")]) -> Annotated[int, out]:
        return len(key)

    @pipeline.task(timeout=60)
    def two(length: Annotated[int, out], key: str = Secret("api key")) -> Annotated[int, more]:
        return length + len(key)

    assert LocalExecutor(tmp_path).execute(pipeline)["more"] == len(HUNTER) + 1
