"""Files that tasks open, beside the pipeline's module here and where it runs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib import import_module, invalidate_caches
from pathlib import Path

import pytest
from glacier import Pipeline
from glacier.compilation import Compiled
from glacier.errors import CompileError, DeclarationError
from glacier_aws import AWSCompiler

MODULE = """\
from glacier import Pipeline

pipeline = Pipeline("lights", include={include!r})


@pipeline.task
def shine() -> None: ...
"""
FILES = {"queries/a.sql": "a", "queries/deep/b.sql": "b", "queries/notes.txt": "", "queries/__pycache__/c.pyc": ""}

Compile = Callable[..., Compiled]


@pytest.fixture
def compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Compile]:
    """Compiles a module that has files beside it."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = {*sys.modules}

    def write(*include: str, module: str = "lit", files: dict[str, str] = FILES) -> Compiled:
        file = tmp_path / f"{module.replace('.', '/')}.py"
        for path, text in files.items():
            (file.parent / path).parent.mkdir(parents=True, exist_ok=True)
            (file.parent / path).write_text(text)
        if "." in module:
            (file.parent / "__init__.py").touch()
        file.write_text(MODULE.format(include=list(include)))
        invalidate_caches()
        return AWSCompiler().compile(import_module(module).pipeline)

    yield write
    for name in {*sys.modules} - before:
        del sys.modules[name]


def code(compiled: Compiled) -> set[str]:
    start = "aws/functions/tasks/"
    paths = {path.removeprefix(start) for path in compiled.files if path.startswith(start)}
    return {path for path in paths if not path.startswith(("glacier", "handler", "manifest", "requirements"))}


@pytest.mark.parametrize(
    ("include", "there"),
    [
        (["queries/*.sql"], {"queries/a.sql"}),
        (["queries/**/*.sql"], {"queries/a.sql", "queries/deep/b.sql"}),
        (["queries"], {"queries/a.sql", "queries/deep/b.sql", "queries/notes.txt"}),
        (["queries/a.sql", "queries/*.txt"], {"queries/a.sql", "queries/notes.txt"}),
        ([], set()),
    ],
)
def test_what_is_included(include: list[str], there: set[str], compiled: Compile) -> None:
    assert code(compiled(*include)) == {"lit.py", *there}


HIDDEN = {
    ".env": "DB_PASSWORD=1",
    ".git/config": "",
    "conf/.flags": "",
    "conf/a.json": "",
    "infra/glacier.json": '{"files": {}}',
    "infra/aws/b.json": "",
}


@pytest.mark.parametrize(
    ("include", "there"),
    [
        ("*", {"conf/a.json"}),
        ("**/*.json", {"conf/a.json"}),
        ("**", {"conf/a.json"}),
        ("conf", {"conf/a.json"}),
        (".env", {".env"}),
        ("*/.flags", {"conf/.flags"}),
    ],
)
def test_what_begins_with_a_dot_is_named_as_it_is(include: str, there: set[str], compiled: Compile) -> None:
    """And an export is never part of another, whose digests would change with each compilation."""
    assert code(compiled(include, files=HIDDEN)) == {"lit.py", *there}


@pytest.mark.parametrize("include", ["infra", "infra/**/*.json"])
def test_an_export_is_not_included(include: str, compiled: Compile) -> None:
    with pytest.raises(CompileError, match="matches no file"):
        compiled(include, files=HIDDEN)


def test_it_is_beside_a_module_in_a_package(compiled: Compile) -> None:
    found = compiled("*.sql", module="lamps.lit", files={"a.sql": "a"})
    assert found.files["aws/functions/tasks/lamps/a.sql"] == b"a"


def test_another_file_is_another_folder(compiled: Compile) -> None:
    assert compiled("queries").files["aws/functions/tasks/queries/a.sql"] == b"a"


def test_a_pattern_that_matches_nothing(compiled: Compile, tmp_path: Path) -> None:
    with pytest.raises(CompileError, match=r"include='querys/\*\.sql' matches no file in") as raised:
        compiled("querys/*.sql")
    (told,) = raised.value.diagnostics
    assert (told.code, told.subject) == ("include", "pipeline lights")
    assert told.where is not None
    assert told.where.file == str(tmp_path / "lit.py")


def test_a_file_that_glacier_writes(compiled: Compile) -> None:
    with pytest.raises(CompileError, match=r"include: Glacier writes handler\.py itself"):
        compiled("handler.py", files={"handler.py": ""})


@pytest.mark.parametrize("include", [["/etc/*"], ["../*.sql"], [""], ["a/../../b"], ["a**"], [1], "queries/*.sql"])
def test_what_would_lead_elsewhere(include: list[str]) -> None:
    with pytest.raises(DeclarationError, match="is no list of paths beside the file"):
        Pipeline("lights", include=include)
