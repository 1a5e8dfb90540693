"""Which files are the user's own code, as Python itself finds them, and which never leave."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.metadata import EntryPoint
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from textwrap import dedent

import pytest
from glacier import providers
from glacier.errors import Diagnostic
from glacier.modules import _package_files, provider_files, user_modules

TASK = """\
from glacier import Pipeline

{imports}

pipeline = Pipeline("sales")


@pipeline.task
def count() -> None: ...
"""
Files = Mapping[str, str]


def sales(imports: str = "") -> str:
    return TASK.format(imports=imports)


def written(folder: Path, files: Files) -> None:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(dedent(text), encoding="utf-8")


@pytest.fixture
def imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder from which modules are imported, and forgotten again."""
    before = {*sys.modules}
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield tmp_path
    for name in {*sys.modules} - before:
        del sys.modules[name]


def gathered(folder: Path, files: Files, module: str) -> dict[str, Path]:
    written(folder, files)
    found: list[Diagnostic] = []
    made = user_modules(import_module(module).pipeline.tasks, found)
    assert found == []
    return made


# --- What never leaves ----------------------------------------------------------------------------------------------


def test_what_is_no_code_of_a_package_stays_here(imported: Path) -> None:
    files = {
        "app/__init__.py": "",
        "app/sales.py": sales(),
        "app/data/rates.json": "{}",
        "app/.env": "DB_PASSWORD=1",
        "app/.glacier/data/orders.json": "[]",
        "app/__pycache__/sales.pyc": "",
        "app/infra/glacier.json": '{"files": {}}',
        "app/infra/aws/functions/tasks/handler.py": "",
        "app/settings/glacier.json": "[]",
    }
    there = gathered(imported, files, "app.sales")
    assert sorted(there) == ["app/__init__.py", "app/data/rates.json", "app/sales.py", "app/settings/glacier.json"]


def test_a_helper_of_the_users_is_no_provider(imported: Path) -> None:
    files = {"pipe.py": sales("import glacier_utils"), "glacier_utils.py": "", ".env": "", "junk/x.txt": ""}
    made = gathered(imported, files, "pipe")
    assert sorted(made) == ["glacier_utils.py", "pipe.py"]
    assert provider_files("pipe.py", made["pipe.py"]) == {}


@pytest.mark.parametrize("code", [["glacier_late/__init__.py", "glacier_late/kinds.py"], ["glacier_late.py"]])
def test_a_provider_is_what_is_registered_as_one(
    code: list[str], imported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that nothing has imported by now."""
    point = EntryPoint("late", "glacier_late:Compiler", "glacier.providers")
    monkeypatch.setitem(providers.installed(), "late", point)
    monkeypatch.setattr("glacier.modules._package_files", _package_files.__wrapped__)
    files = {"late_pipe.py": sales("def f():\n    import glacier_late"), **dict.fromkeys(code, "")}
    made = gathered(imported, files, "late_pipe")
    assert sorted(made) == ["late_pipe.py"]
    assert provider_files("late_pipe.py", made["late_pipe.py"]) == dict.fromkeys(code, b"")


# --- The file that a task is in -------------------------------------------------------------------------------------


def test_a_task_that_is_decorated_is_in_its_own_file(imported: Path) -> None:
    """What a decorator makes has the decorator's code, and the name of what it decorates."""
    files = {
        "deco.py": """\
            import functools


            def told(function):
                @functools.wraps(function)
                def inner():
                    return function()

                return inner


            def quiet(function):
                def inner():
                    return function()

                inner.__name__, inner.__module__ = function.__name__, function.__module__
                return inner
            """,
        "pipe.py": """\
            import contextlib

            import deco
            from glacier import Pipeline

            pipeline = Pipeline("sales")


            @contextlib.contextmanager
            def timed():
                yield


            @pipeline.task
            @deco.told
            def two() -> None: ...


            @pipeline.task
            @deco.quiet
            def three() -> None: ...


            @pipeline.task
            @timed()
            def one() -> None: ...
            """,
    }
    made = gathered(imported, files, "pipe")
    assert made == {path: imported / path for path in files}


def test_a_file_that_is_loaded_under_another_name_is_that_module(imported: Path) -> None:
    written(imported, {"pipe.py": sales("import util"), "util.py": ""})
    spec = spec_from_file_location("other.name", imported / "pipe.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules["other.name"] = module
    spec.loader.exec_module(module)
    found: list[Diagnostic] = []
    made = user_modules(module.pipeline.tasks, found)
    assert found == []
    assert made["other/name.py"] == imported / "pipe.py"


def test_code_of_a_file_that_is_not_its_module_is_refused(imported: Path) -> None:
    written(imported, {"pipe.py": "", "text.py": sales()})
    module = import_module("pipe")
    exec(compile((imported / "text.py").read_text(), str(imported / "text.py"), "exec"), space := {"__name__": "gone"})
    found: list[Diagnostic] = []
    assert user_modules(space["pipeline"].tasks, found) == {}  # type: ignore[attr-defined]
    (only,) = found
    assert only.message == f"is of the module 'gone', which is not what is in {imported / 'text.py'}, where its code is"
    assert only.help == "import that file by its name: import text"
    assert module


# --- What importing finds -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "files", "left"),
    [
        pytest.param(
            "pipe",
            {
                "pipe.py": sales("from lib.util import f"),
                "lib/util.py": "import lib.deep.er\nf = 1",
                "lib/deep/er.py": "",
            },
            {"lib/other.py": "", "lib/notes.txt": ""},
            id="folders without __init__.py",
        ),
        pytest.param(
            "pipelines.sales",
            {
                "pipelines/sales.py": sales("from shared import util\nfrom .near import x"),
                "pipelines/near.py": "x = 1",
                "shared/__init__.py": "",
                "shared/util.py": "",
            },
            {"pipelines/other.py": ""},
            id="a module in such a folder",
        ),
        pytest.param(
            "pipe",
            {"pipe.py": sales("import util"), "util/__init__.py": "", "util/more.py": ""},
            {"util.py": ""},
            id="a package before a module of its name",
        ),
    ],
)
def test_what_is_imported_comes_along(module: str, files: Files, left: Files, imported: Path) -> None:
    assert gathered(imported, {**files, **left}, module) == {path: imported / path for path in files}


def test_what_is_elsewhere_on_the_path_comes_along(
    imported: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.syspath_prepend(elsewhere)
    written(elsewhere, {"shared/__init__.py": "import rates", "rates.py": ""})
    made = gathered(imported, {"pipe.py": sales("import shared")}, "pipe")
    assert sorted(made) == ["pipe.py", "rates.py", "shared/__init__.py"]
    assert made["rates.py"] == elsewhere / "rates.py"


@pytest.mark.parametrize("place", ["site-packages", "deps"])
def test_what_is_installed_does_not(place: str, imported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it is none of this Python's own folders: ``pip install --target deps``."""
    files = {f"{place}/lamp/__init__.py": ""}
    if place == "deps":
        files["deps/lamp-1.0.dist-info/METADATA"] = ""
    monkeypatch.syspath_prepend(imported / place)
    assert sorted(gathered(imported, {"pipe.py": sales("import lamp"), **files}, "pipe")) == ["pipe.py"]


def test_links_are_followed_and_not_in_circles(imported: Path) -> None:
    written(imported, {"app/__init__.py": "", "app/sales.py": sales("from app.shared import util"), "real/util.py": ""})
    (imported / "app/shared").symlink_to(imported / "real")
    (imported / "real/again").symlink_to(imported / "app")
    made = gathered(imported, {}, "app.sales")
    assert sorted(made) == ["app/__init__.py", "app/sales.py", "app/shared/util.py"]


GLACIER = str(Path(sys.executable).with_name("glacier"))
COMPILES = """from glacier_aws import AWSCompiler

if __name__ == "__main__":
    pipeline.compile(AWSCompiler()).export_pulumi("infra")
"""
PACKAGE = {"app/__init__.py": "", "app/util.py": "f = 1", "app/sales.py": sales("from .util import f") + COMPILES}
GUARDED = {"pipelines/sales.py": sales("import shared"), "shared.py": ""}


@pytest.mark.parametrize(
    ("words", "files", "entry"),
    [
        pytest.param([sys.executable, "-m", "app.sales"], PACKAGE, "app.sales", id="-m"),
        pytest.param(
            [GLACIER, "compile", "pipelines.sales", "--to", "aws", "--no-build"],
            GUARDED,
            "pipelines.sales",
            id="glacier compile MODULE",
        ),
        pytest.param(
            [GLACIER, "compile", "pipelines/sales.py", "--to", "aws", "--no-build"],
            GUARDED,
            "sales",
            id="glacier compile FILE, and PYTHONPATH",
        ),
    ],
)
def test_a_process_of_its_own(words: list[str], files: Files, entry: str, tmp_path: Path) -> None:
    written(tmp_path, files)
    environment = {**os.environ, "PYTHONPATH": "." if entry == "sales" else "", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    code = tmp_path / "infra/aws/functions/tasks"
    assert json.loads((code / "manifest.json").read_text())["tasks"] == {"count": f"{entry}:count"}
    expected = {path.removeprefix("pipelines/") if entry == "sales" else path for path in files}
    assert {path for path in expected if (code / path).is_file()} == expected
