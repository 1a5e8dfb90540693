"""Secrets as they are declared: in an annotation or as a default, by a name, and never with a value."""

from __future__ import annotations

import pickle
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from declaring import declare, refused
from glacier import DeclarationError, Pipeline
from glacier.naming import NAME, slug
from glacier.runtime.secrets import environment_key, variable
from glacier.secrets import Secret
from hypothesis import given, settings
from hypothesis import strategies as st

IMPORT = "from glacier.secrets import Secret\n"


def secrets_of(folder: Path, text: str, *, future: bool) -> dict[str, str]:
    """The secret of each parameter of the only task."""
    pipeline: Pipeline = declare(folder, IMPORT + text, future=future)["pipeline"]
    (task,) = pipeline.tasks
    assert dict.fromkeys(task.secrets.values()).keys() == set(pipeline.secrets)
    return {parameter: secret.name for parameter, secret in task.secrets.items()}


FORMS = {
    'password: Annotated[str, Secret("db_password")]': "db_password",
    'password: str = Secret("db_password")': "db_password",
    'password=Secret("db_password")': "db_password",
    'password: Secret("db_password")': "db_password",
    'password: Annotated[str, Secret("db_password")] = "none"': "db_password",
    'password: Annotated[str, Secret("db_password")] = Secret("db_password")': "db_password",
    'password: Annotated[Any, "a note", Secret("db_password")]': "db_password",
    'password: "str | None" = Secret("api key")': "api key",
    'password: NotDeclared = Secret("db_password")': "db_password",
}


@pytest.mark.parametrize("future", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_every_form_says_the_same(tmp_path: Path, form: str, future: bool) -> None:
    if "NotDeclared" in form and not future:
        return  # Python itself refuses it
    text = f"@pipeline.task\ndef load(rows: raw, {form}, factor=2) -> clean: ...\n"
    assert secrets_of(tmp_path, text, future=future) == {"password": FORMS[form]}


@pytest.mark.parametrize("future", [False, True])
def test_an_alias_and_a_variable(tmp_path: Path, future: bool) -> None:
    text = 'key = Secret("key")\nKey = Annotated[str, key]\n'
    text += "@pipeline.task\ndef load(a: Key, b: key, c: str = key) -> clean: ...\n"
    assert secrets_of(tmp_path, text, future=future) == dict.fromkeys("abc", "key")


def test_a_secret_is_no_dataset_and_no_setting(tmp_path: Path) -> None:
    text = '@pipeline.task\ndef load(rows: raw, key: str = Secret("key"), factor=2) -> clean: ...\n'
    (task,) = declare(tmp_path, IMPORT + text)["pipeline"].tasks
    assert [dataset.name for dataset in task.datasets] == ["raw", "clean"]
    assert list(task.inputs) == ["rows"]
    assert task([1], "k", 3) is None  # called directly it is given what the caller gives


def test_two_objects_of_one_name_are_one_secret(tmp_path: Path) -> None:
    text = '@pipeline.task\ndef one(key: str = Secret("key")) -> clean: ...\n'
    text += '@pipeline.task\ndef two(rows: clean, key: Annotated[str, Secret("key")]) -> None: ...\n'
    pipeline = declare(tmp_path, IMPORT + text)["pipeline"]
    assert pipeline.secrets == (Secret("key"),)
    assert hash(Secret("key")) == hash(Secret("key"))


REFUSED = {
    'key: Annotated[int, Secret("key")]': ("secret", "parameter 'key' is int, and a secret is text"),
    'key: bytes = Secret("key")': ("secret", "parameter 'key' is bytes, and a secret is text"),
    'key: Annotated[str, raw, Secret("key")]': ("secret", "names the dataset raw and the secret key"),
    'key: raw = Secret("key")': ("secret", "names the dataset raw and the secret key"),
    'key: Annotated[str, Secret("key")] = Secret("other")': ("secret", "names two secrets: key and other"),
    'key: str = Secret("db_key"), more: str = Secret("DB key")': ("name", "one name in a cloud: db-key"),
}


@pytest.mark.parametrize("form", REFUSED)
def test_what_cannot_be(tmp_path: Path, form: str) -> None:
    code, message = REFUSED[form]
    found = refused(tmp_path, f"{IMPORT}@pipeline.task  # here\ndef load({form}) -> clean: ...\n", raised=False)
    assert (found.code, found.subject) == (code, "task load")
    assert message in found.message
    assert found.help


def test_a_secret_is_not_returned(tmp_path: Path) -> None:
    text = f'{IMPORT}@pipeline.task  # here\ndef load(rows: raw) -> Annotated[str, Secret("key")]: ...\n'
    found = refused(tmp_path, text, raised=False)
    assert (found.code, found.message) == ("secret", "returns the secret key, which would write it down")


def test_two_tasks_with_two_names_that_are_one(tmp_path: Path) -> None:
    text = '@pipeline.task\ndef one(key: str = Secret("key-1")) -> clean: ...\n'
    text += '@pipeline.task  # here\ndef two(rows: clean, key: str = Secret("Key 1")) -> None: ...\n'
    found = refused(tmp_path, IMPORT + text, raised=False)
    assert found.subject == "task two"
    assert "Secret('key-1')" in found.help


@pytest.mark.parametrize("name", ["", "1st", "pass/word", "x" * 101, 7, None])
def test_a_name_that_is_none(name: Any) -> None:
    with pytest.raises(DeclarationError, match="is not a secret's name") as error:
        Secret(name)
    assert error.value.diagnostics[0].where is not None
    assert error.value.diagnostics[0].where.file == __file__


def test_it_is_frozen_and_crosses_processes() -> None:
    secret = Secret("db_password")
    with pytest.raises(AttributeError):
        secret.name = "other"
    copies = [pickle.loads(pickle.dumps(secret)), deepcopy(secret)]
    assert [(copy, copy.name, copy.where) for copy in copies] == [(secret, "db_password", secret.where)] * 2
    assert (repr(secret), str(secret)) == ("Secret('db_password')", "db_password")


@settings(deadline=None, database=None)
@given(st.from_regex(NAME, fullmatch=True))
def test_its_variables_are_named_by_its_slug(name: str) -> None:
    """So that two names that are one in a cloud are one in the environment, and others are not."""
    assert variable(name) == slug(name).replace("-", "_").upper()
    assert environment_key(name) == f"GLACIER_SECRET_{variable(name)}"
    assert Secret(name).name == name


CHECKED = """\
from typing import Annotated

from glacier import Pipeline
from glacier.secrets import Secret

pipeline = Pipeline("sales")


@pipeline.task
def load(key: Annotated[str, Secret("key")], password: str = Secret("db_password")) -> None:
    print(len(key) + len(password))


load("k", password="p")
"""
WRONG = "load(1)\nSecret()\nSecret(3)\n"
CHECKERS = {
    "mypy": ["mypy", "--strict", "--no-error-summary", "--cache-dir", "cache", "sales.py"],
    "pyright": ["pyright", "--pythonpath", sys.executable, "sales.py"],
}


@pytest.mark.slow
@pytest.mark.parametrize("checker", CHECKERS)
def test_both_forms_are_typed(checker: str, tmp_path: Path) -> None:
    def errors(text: str) -> list[str]:
        (tmp_path / "sales.py").write_text(text)
        command = [sys.executable, "-m", *CHECKERS[checker]]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        return [line for line in done.stdout.splitlines() if "error:" in line]

    assert errors(CHECKED) == []
    assert len(errors(CHECKED + WRONG)) == 3
