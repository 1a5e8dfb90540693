"""What uv says, in the words of this project: where, what, and what to type instead."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from glacier.errors import CompileError, Diagnostic
from glacier.vendoring import resolver
from lights import FOLDER

PREFIX = "warning: The requested Python version 3.13 is not available\nerror: No solution found when resolving\n"
SAID = {
    "of one version": (
        "  cause: Because pywin32==312 has no wheels with a matching platform tag (e.g., `manylinux_2_28_x86_64`) and"
        " you require pywin32==312, we can conclude that your requirements are unsatisfiable.",
        "pywin32 312 has no wheel for Python 3.13 on x86_64-manylinux_2_28",
    ),
    "of a dependency with a marker": (
        "  cause: Because numpy{python_full_version < '3.12'}==2.4.6 has no usable wheels and pandas==2.2.3 depends on"
        " numpy{python_full_version < '3.12'}==2.4.6, we can conclude that pandas==2.2.3 cannot be used.",
        "numpy 2.4.6 has no wheel for",
    ),
    "of any version": (
        "  cause: Because all versions of pyobjc-framework-cocoa have no usable wheels and you require it",
        "pyobjc-framework-cocoa any version has no wheel for",
    ),
    "of the version that is found": (
        "  cause: Because pywin32<=306 has no wheels with a matching Python ABI tag (e.g., `cp313`)\n And"
        " because pywin32>=307 has no wheels with a matching platform tag and you require it\n\nhint: Wheels are"
        " available for `pywin32` (v312) on the following platforms: `win32`",
        "pywin32 312 has no wheel for",
    ),
}


def refusal(monkeypatch: pytest.MonkeyPatch, stderr: str) -> Diagnostic:
    """What becomes of an answer of uv's."""

    def uv(*_: Any, **__: Any) -> CompletedProcess[str]:
        return CompletedProcess([], 1, "", stderr)

    monkeypatch.setattr(resolver, "_uv", uv)
    with pytest.raises(CompileError) as raised:
        resolver.select(FOLDER)
    (told,) = raised.value.diagnostics
    return told


@pytest.mark.parametrize("case", SAID)
def test_a_missing_wheel_names_package_version_and_platform(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said, message = SAID[case]
    told = refusal(monkeypatch, PREFIX + said)
    assert told.code == "wheel"
    assert told.subject == FOLDER.path
    assert told.message.startswith(message)
    assert "warning:" not in told.message
    assert "compute.container(image=…)" in told.help


def test_an_index_that_cannot_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    told = refusal(
        monkeypatch, "error: Request failed after 3 retries\n  cause: Failed to fetch: https://index.example\n"
    )
    assert told.code == "network"
    assert "glacier build DIR" in told.help


@pytest.mark.parametrize(
    "said",
    [
        "hint: An index URL (https://x/simple) could not be queried due to a lack of valid authentication credentials"
        " (401 Unauthorized)",
        "hint: An index (https://x/simple) returned a 403 Forbidden error. Check that the index URL is correct",
        "  cause: Failed to fetch: https://x/lamp.whl\n"
        "  cause: HTTP status client error (401 Unauthorized) for url (https://x/lamp.whl)",
    ],
)
def test_an_index_that_refuses(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As uv says it; a network would not help."""
    told = refusal(monkeypatch, f"error: No solution found\n{said}\n")
    assert told.code == "index"
    assert told.message.startswith("the package index asks who you are")
    assert "UV_INDEX_" in told.help


def test_a_wheel_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    said = "  cause: HTTP status client error (404 Not Found) for url (https://x/l.whl)"
    told = refusal(monkeypatch, f"error: Failed to download\n  cause: Failed to fetch: https://x/l.whl\n{said}\n")
    assert told.code == "requirements"
    assert told.message.startswith("there is nothing at https://x/l.whl\n")


def test_requirements_that_contradict_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    told = refusal(monkeypatch, "error: No solution found\n  cause: Because you require a==1 and a==2, nothing fits.\n")
    assert told.code == "requirements"
    assert "a==1 and a==2" in told.message


def test_without_uv_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uv", None)
    with pytest.raises(CompileError, match="uv, which resolves and installs packages, is not installed") as raised:
        resolver.select(FOLDER)
    assert "pip install 'uv>=0.9'" in raised.value.diagnostics[0].help


def test_this_python_compiles_for_itself() -> None:
    assert resolver.interpreter(f"{sys.version_info.major}.{sys.version_info.minor}") == sys.executable


def test_another_python_is_found_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    monkeypatch.setattr(resolver, "_OWN", "")
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    found = resolver.interpreter(here)
    assert found is not None
    assert Path(found).exists()


def test_a_python_that_is_found_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process that looked before may live on, as an editor's does."""
    answers = iter([(2, ""), (0, "/opt/python3.99\n")])
    monkeypatch.setattr(resolver, "_uv", lambda *words: subprocess.CompletedProcess(words, *next(answers), ""))
    assert [resolver.interpreter("3.99"), resolver.interpreter("3.99")] == [None, "/opt/python3.99"]


def test_a_python_that_is_nowhere() -> None:
    assert resolver.interpreter("3.99") is None


def test_nothing_is_asked_of_the_users_own_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """No Python is downloaded, and this one is named, so that neither a project nor an environment is looked for."""
    seen: dict[str, Any] = {}

    def run(words: list[str], **settings: Any) -> CompletedProcess[str]:
        seen.update(settings, words=words)
        return CompletedProcess(words, 0, "", "")

    monkeypatch.setattr(resolver.subprocess, "run", run)
    resolver.select(FOLDER)
    assert seen["env"]["UV_PYTHON_DOWNLOADS"] == "never"
    assert seen["words"][seen["words"].index("--python") + 1] == sys.executable
    assert {"--generate-hashes", "--only-binary"} <= set(seen["words"])
