"""What an error says, where it points, and how several are gathered."""

from __future__ import annotations

import builtins
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from declaring import declare, refused
from glacier import (
    CompileError,
    Dataset,
    DeclarationError,
    GlacierError,
    ProviderNotInstalled,
    TaskError,
    errors,
    providers,
)
from glacier.errors import Diagnostic, Severity, Where, caller, collecting, nearest, reject


def test_the_tree() -> None:
    for error in (DeclarationError, CompileError, ProviderNotInstalled, TaskError):
        assert error.__bases__[0] is GlacierError or GlacierError in error.__mro__
    assert not issubclass(DeclarationError, CompileError)


def test_a_diagnostic_says_where_what_and_help() -> None:
    said = str(
        Diagnostic(
            code="size", subject="dataset raw", message="is too big", help="make it\nsmaller", where=Where("a.py", 3)
        )
    )
    assert said == "error[size] dataset raw: is too big\n  --> a.py:3\n  help: make it\n        smaller"
    assert str(Diagnostic(code="size", message="is big", severity=Severity.WARNING)) == "warning[size] is big"


def test_an_error_shows_every_diagnostic() -> None:
    both = [Diagnostic(code="a", message="first"), Diagnostic(code="b", message="second")]
    error = CompileError(both)
    assert error.diagnostics == tuple(both)
    assert str(error) == "error[a] first\nerror[b] second"


def test_an_error_crosses_processes() -> None:
    declared = pickle.loads(pickle.dumps(DeclarationError([Diagnostic(code="a", message="first")])))
    assert declared.diagnostics[0].message == "first"
    assert str(declared) == "error[a] first"
    missing = pickle.loads(pickle.dumps(ProviderNotInstalled("aws", "pip install glacier-aws")))
    assert (missing.provider, str(missing)) == (
        "aws",
        "the provider 'aws' is not installed\n  help: pip install glacier-aws",
    )
    failed = pickle.loads(pickle.dumps(TaskError("tidy", "no", dataset="raw", help="yes")))
    assert (failed.task, failed.dataset, failed.message, failed.help) == ("tidy", "raw", "no", "yes")
    assert str(failed) == "task tidy, dataset raw: no\n  help: yes"


def test_nearest_offers_only_what_is_like_it() -> None:
    assert nearest("parqet", ["json", "parquet"]) == "parquet"
    assert nearest("xyz", ["json", "parquet"]) is None


def test_the_caller_is_the_line_of_the_user() -> None:
    line = sys._getframe().f_lineno
    dataset = Dataset("raw")
    assert dataset.where == Where(__file__, line + 1)
    assert caller() == Where(__file__, line + 3)


def test_a_module_whose_name_begins_like_ours_is_the_users(tmp_path: Path) -> None:
    source = tmp_path / "glacier_demo.py"
    space = {"__name__": "glacier_demo"}
    exec(compile("from glacier import Dataset\n\nraw = Dataset('raw')", str(source), "exec"), space)
    assert space["raw"].where == Where(str(source), 3)  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["<stdin>", "<ipython-input-1-ab12>", "<string>"])
def test_a_prompt_is_the_users(name: str) -> None:
    space = {"__name__": "__main__"}
    exec(compile("from glacier import Dataset\nraw = Dataset('raw')", name, "exec"), space)
    assert space["raw"].where == Where(name, 2)  # type: ignore[attr-defined]


def test_a_copy_and_a_class_of_the_users_point_at_the_user(tmp_path: Path) -> None:
    space = declare(
        tmp_path,
        """
        from dataclasses import dataclass, replace
        copy = replace(raw, name="copy")
        @dataclass(frozen=True, eq=False)
        class Mine(Dataset):
            color: str = "red"
        mine = Mine("mine")
        """,
    )
    lines = Path(space["__file__"]).read_text().splitlines()
    assert lines[space["copy"].where.line - 1].startswith("copy =")
    assert lines[space["mine"].where.line - 1].startswith("mine =")


def test_what_a_provider_refuses_points_at_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "_provider_packages", lambda: frozenset({"glacier_nimbus"}))
    provider = {"__name__": "glacier_nimbus.target"}
    source = "from glacier.errors import reject\ndef Compiler(region):\n    reject('region', 'no such region')"
    exec(compile(source, str(tmp_path / "elsewhere" / "target.py"), "exec"), provider)
    monkeypatch.setattr(builtins, "Compiler", provider["Compiler"], raising=False)
    refused(tmp_path, "Compiler('us-east-9')  # here", raised=False)


def test_the_installed_providers_are_ours() -> None:
    assert {point.module.partition(".")[0] for point in providers.installed().values()} == errors._provider_packages()


def test_rejecting_raises_on_the_line_or_is_gathered() -> None:
    with pytest.raises(DeclarationError) as caught:
        reject("a", "first", help="do this")
    assert caught.value.diagnostics[0].where is not None
    assert caught.value.diagnostics[0].where.file == __file__
    with collecting() as found:
        reject("a", "first")
        reject("b", "second")
        with collecting() as inner:
            reject("c", "third")
    assert [d.code for d in found] == ["a", "b"]
    assert [d.code for d in inner] == ["c"]
    with pytest.raises(DeclarationError):
        reject("a", "again")


def test_collecting_gathers_every_error_of_a_module(tmp_path: Path) -> None:
    with collecting() as found:
        declare(
            tmp_path,
            """
            pipeline = Pipeline(5)
            odd = Dataset(7, storage="s3://bucket", format="xml", expected_size=1.5, schema=3, path="/etc")
            lake = ObjectStorage(resource_name="!", versioning="yes")
            class Thing: ...
            pipeline.task(Thing)
            pipeline.task(print)
            @pipeline.task(name=3, retries=-1, timeout="1", compute="lambda")
            def one(a: odd, b: int, *rest: raw, **more: raw) -> str: ...
            @pipeline.task
            def two(c: "odd", d: "rww") -> "missing": ...
            @pipeline.task(name="two")
            def three() -> tuple[clean, clean]: ...
            @pipeline.task
            async def four() -> report: ...
            @pipeline.task
            def five(x: report) -> report: ...
            @pipeline.task
            def six(x: clean) -> odd: ...
            Pipeline("last", tasks=[None, compute.serverless(), two])
            pipeline.validate()
            """,
        )
    assert [d.code for d in found] == [
        *("name", "name", "storage", "format", "schema", "size", "path", "field", "name", "task", "task"),
        *("annotation", "parameter", "parameter", "annotation", "name", "compute", "retries", "seconds"),  # one
        *("annotation", "annotation"),  # two
        *("producers", "name"),  # three
        *("task", "cycle", "task", "task"),
    ]
    assert all(d.where is not None and Path(d.where.file).parent == tmp_path for d in found)


def test_errors_of_a_script_end_in_one_short_message(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("from glacier import Dataset\n\nDataset('raw', format='parqet')\n")
    ran = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert ran.stderr.endswith(
        "DeclarationError: error[format] dataset raw: format='parqet' is none of parquet, json, csv, text, bytes\n"
        f"  --> {script}:3\n  help: did you mean 'parquet'?\n"
    )
