"""The commands on a pipeline with secrets: they are listed by name, looked for here, and shown nowhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from glacier.terms import Unsupported
from sample import SALES, Command
from toycloud import Boxes, TinCompiler, ToyCompiler

VALUE = "2retnuh"[::-1]
SECRETS = SALES.replace("import ObjectStorage\n", "import ObjectStorage\nfrom glacier.secrets import Secret\n").replace(
    "factor: int = 2", 'key: Annotated[str, Secret("db key")], token: str = Secret("token"), factor: int = 2'
)


@pytest.fixture
def sales(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The pipeline of the other tests, whose last task is given two secrets."""
    (folder / "sales.py").write_text(SECRETS)
    for name in ("DB_KEY", "TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(ToyCompiler, "secrets", Boxes())
    return folder


def test_check_lists_the_secrets_of_each_task(glacier: Command, sales: Path) -> None:
    result = glacier("check", "sales.py", "--to", "toy")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "task summarize is given the secrets: db key, token",
        "sales.py: no errors (compiles for toy attic)",
    ]


def test_plan_lists_who_may_read_which(glacier: Command, sales: Path) -> None:
    result = glacier("plan", "sales.py", "--to", "toy")
    assert result.exit_code == 0, result.output
    rows = [line.split("  ") for line in result.stdout.splitlines()]
    shown = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    assert ["db key", "toy", "summarize"] in shown
    assert ["token", "toy", "summarize"] in shown
    record = json.loads(glacier("plan", "sales.py", "--to", "toy", "--json").stdout)
    assert [secret["name"] for secret in record["secrets"]] == ["db key", "token"]


def test_a_cloud_that_keeps_none(glacier: Command, sales: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TinCompiler, "secrets", Unsupported("tins are open", "a box"), raising=False)
    result = glacier("check", "sales.py", "--to", "tin")
    assert result.exit_code == 1
    assert "task summarize: is given the secret db key, and tin keeps none: tins are open" in result.stdout
    assert "help: a box" in result.stdout


def test_run_says_which_are_missing_and_writes_nothing(glacier: Command, sales: Path) -> None:
    result = glacier("run", "sales.py")
    assert result.exit_code == 1
    assert "task summarize: its secret db key is not set" in result.stderr
    assert "also not set: secret token of task summarize (TOKEN)" in result.stderr
    assert "--> sales.py:" in result.stderr
    assert not (sales / ".glacier").exists()


def test_run_takes_them_from_the_file_beside_it(glacier: Command, sales: Path) -> None:
    (sales / ".env").write_text(f"DB_KEY={VALUE}\nTOKEN=t\n")
    result = glacier("run", "sales.py")
    assert result.exit_code == 0, result.output
    assert VALUE not in result.output


@pytest.mark.parametrize("words", [(), ("--workers", "2")])
def test_what_goes_wrong_is_shown_without_values(glacier: Command, sales: Path, words: tuple[str, ...]) -> None:
    failing = SECRETS.replace('return {"total"', 'raise ValueError(f"cannot sign in with {key}")\n    return {"total"')
    (sales / "sales.py").write_text(failing)
    (sales / ".env").write_text(f"DB_KEY={VALUE}\nTOKEN=tt\n")
    result = glacier("run", "sales.py", *words)
    assert result.exit_code == 1
    assert "ValueError: cannot sign in with ***" in result.stderr
    assert "in summarize" in result.stderr
    assert VALUE not in result.output + result.stderr
