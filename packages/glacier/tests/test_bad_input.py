"""What people get wrong: each is a diagnostic with the way out in it, exit code 1, and nothing written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from commanding import glacier, inside, there


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current directory; what is imported from it is forgotten."""
    monkeypatch.setenv("COLUMNS", "200")
    with inside(tmp_path, monkeypatch):
        yield tmp_path


HEAD = """\
from __future__ import annotations
from typing import Annotated, Any
from glacier import Dataset, Pipeline, compute, task
from glacier.storage import ObjectStorage
from glacier_aws.storage import S3
from glacier_aws.compute import Lambda
pipeline = Pipeline("sales")
raw, clean, report = Dataset("raw"), Dataset("clean"), Dataset("report")
"""
BAD: dict[str, tuple[str, str, str, str]] = {
    "a package that is not installed": (
        "import panda_frames",
        "import",
        "does not import: ModuleNotFoundError: No module named 'panda_frames'",
        "pip install panda-frames",
    ),
    "syntax": ("def f(:", "import", "does not import: SyntaxError", "correct the syntax of this line"),
    "an error of its own": ("1 / 0", "import", "ZeroDivisionError", "correct this line"),
    "a bucket name AWS will refuse": (
        "kept = Dataset('kept', S3('My_Bucket'))\n@pipeline.task\ndef f() -> kept: ...",
        "limit",
        "S3.bucket = 'My_Bucket' has a character or a shape that is not allowed",
        "lower-case letters, digits, '-' and '.'",
    ),
    "a bucket name like an address": (
        "kept = Dataset('kept', S3('192.168.5.4'))\n@pipeline.task\ndef f() -> kept: ...",
        "limit",
        "S3.bucket = '192.168.5.4' has the shape of an IP address",
        "source: Amazon S3 bucket naming rules",
    ),
    "memory 100": (
        "@pipeline.task(compute=compute.serverless(memory=100))\ndef f() -> clean: ...",
        "limit",
        "Lambda.memory = 100 is below the least, 128 MiB",
        "source: AWS Lambda quotas",
    ),
    "memory 20000": (
        "@pipeline.task(compute=Lambda(memory=20000))\ndef f() -> clean: ...",
        "limit",
        "Lambda.memory = 20000 is above the most, 10240 MiB",
        "compute.container(memory=…)",
    ),
    "timeout 901": (
        "@pipeline.task(compute=compute.serverless(timeout=901))\ndef f() -> clean: ...",
        "limit",
        "Lambda.timeout = 901 is above the most, 900 s",
        "compute.container(timeout=…) runs longer",
    ),
    "a storage class that does not exist": (
        "kept = Dataset('kept', ObjectStorage(aws_storage_class='STANDARD_AI'))\n@pipeline.task\ndef f() -> kept: ...",
        "limit",
        "S3.storage_class = 'STANDARD_AI' is none of STANDARD, INTELLIGENT_TIERING",
        "did you mean 'STANDARD_IA'?",
    ),
    "a misspelt hint": (
        "kept = Dataset('kept', ObjectStorage(aws_storage_clas='STANDARD_IA'))\n@pipeline.task\ndef f() -> kept: ...",
        "hint",
        "S3 has no 'storage_clas'",
        "did you mean aws_storage_class?",
    ),
    "a misspelt cloud": (
        "kept = Dataset('kept', ObjectStorage(awz_storage_class='STANDARD_IA'))\n@pipeline.task\ndef f() -> kept: ...",
        "import",
        "got an unexpected keyword argument 'awz_storage_class'",
        "a hint begins with a provider: aws_…",
    ),
    "a misspelt word": (
        "kept = Dataset('kept', ObjectStorage(access_pattern='infrequnt'))\n@pipeline.task\ndef f() -> kept: ...",
        "field",
        "ObjectStorage(access_pattern='infrequnt') takes 'frequent', 'infrequent' or 'archive'",
        "did you mean access_pattern='infrequent'?",
    ),
    "compute.local()": (
        "@pipeline.task(compute=compute.local())\ndef f() -> clean: ...",
        "compute",
        "compute.local() runs on this machine; no cloud can run it",
        "compute.serverless() or compute.container()",
    ),
    "an annotation that is no dataset": (
        "@pipeline.task\ndef f(rows: int) -> clean: ...",
        "annotation",
        "parameter 'rows' is annotated with int, which is not a dataset",
        "write Annotated[int, dataset]",
    ),
    "an output nobody declared": (
        "@pipeline.task\ndef f(rows: raw) -> repport: ...",
        "annotation",
        "returns 'repport', but 'repport' is declared nowhere",
        "did you mean 'report'?",
    ),
    "two producers": (
        "@pipeline.task\ndef f() -> clean: ...\n@pipeline.task\ndef g() -> clean: ...",
        "producers",
        "clean is already written by f at ",
        "one task writes a dataset; give this one its own",
    ),
    "a cycle": (
        "@pipeline.task\ndef f(x: raw) -> clean: ...\n@pipeline.task\ndef g(x: clean) -> raw: ...",
        "cycle",
        "the tasks wait for each other: g → raw → f → clean → g",
        "let one of them write a dataset of its own",
    ),
    "a name given twice": (
        "@pipeline.task\ndef f() -> clean: ...\n@pipeline.task(name='F')\ndef g() -> report: ...",
        "name",
        "the name is taken by the task 'f'",
        "@pipeline.task(name=…) gives it another",
    ),
    "two datasets of one name": (
        "other = Dataset('RAW')\n@pipeline.task\ndef f(x: raw) -> other: ...",
        "name",
        "two datasets are named",
        "use one Dataset object for both, or give one another name",
    ),
    "a pipeline without tasks": ("", "empty", "the pipeline has no tasks", "@pipeline.task above a function adds one"),
    "no pipeline": ("del pipeline", "reference", "has no pipeline", 'pipeline = Pipeline("name")'),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(folder: Path, case: str) -> None:
    text, code, message, help_ = BAD[case]
    (folder / "sales.py").write_text(HEAD + text, encoding="utf-8")
    before = there(folder)
    result = glacier("compile", "sales.py", "--to", "aws", "--out", "infra")
    assert result.exit_code == 1, result.output
    said = " ".join(result.stderr.split())
    assert f"error[{code}]" in said
    assert message in said
    assert "help: " in said
    assert help_ in said
    assert "Traceback" not in result.output
    assert there(folder) == before
    assert not (folder / "infra").exists()


GOOD = "@pipeline.task\ndef f(x: raw) -> clean: ...\n"


@pytest.mark.parametrize("name", ["notes.txt", "aws/notes.txt", "glacier.json"])
def test_an_output_directory_with_files_that_are_not_ours(folder: Path, name: str) -> None:
    (folder / "sales.py").write_text(HEAD + GOOD, encoding="utf-8")
    (folder / "infra" / name).parent.mkdir(parents=True)
    (folder / "infra" / name).write_text("mine")
    before = there(folder)
    for more in ([], ["--force"]):
        result = glacier("compile", "sales.py", "--to", "aws", "--out", "infra", *more)
        assert result.exit_code == 1
        assert "error[output]" in result.stderr
        assert "help: " in result.stderr
        assert there(folder) == before


def test_what_is_right_is_written(folder: Path) -> None:
    """With text annotations, datasets local to a function, a shared bucket, several outputs and plain settings."""
    text = """
def build():
    lake = ObjectStorage(resource_name="lake")
    orders, refunds, totals = Dataset("orders", lake), Dataset("refunds", lake), Dataset("totals")
    sales = Pipeline("sales")

    @sales.task
    def split(path: raw, limit: int = 10, *, deep: bool = False) -> tuple[orders, Annotated[list, refunds]]: ...

    @sales.task
    def total(rows: orders, back: Annotated[list, refunds]) -> totals: ...

    @sales.task
    def ping() -> None: ...

    return sales

pipeline = build()
"""
    (folder / "sales.py").write_text(HEAD + text, encoding="utf-8")
    result = glacier("compile", "sales.py", "--to", "aws")
    assert result.exit_code == 0, result.output
    text = (folder / "infra" / "aws" / "__main__.py").read_text()
    assert text.count("aws.s3.Bucket(") == 3  # the lake, scratch, and where code is uploaded to
    assert text.count("aws.lambda_.Function(") == 3
