"""With the package index: real wheels, for machines other than this one."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from glacier import task
from glacier.errors import CompileError
from glacier.vendoring import build, resolver
from glacier_aws.compute import Lambda
from glacier_azure.compute import AzureFunction
from glacier_gcp.compute import CloudFunction
from lights import Exported

pytestmark = pytest.mark.slow
HERE = f"3.{sys.version_info.minor}"
RUNTIME = f"python{HERE}"
FEW = ["idna", "markupsafe"]


@task(compute=Lambda(architecture="arm64", requirements=FEW))
def on_aws() -> None: ...


@task(compute=Lambda(runtime=RUNTIME, requirements=FEW))
def as_here() -> None: ...


@task(compute=CloudFunction(requirements=FEW))
def on_gcp() -> None: ...


@task(compute=AzureFunction(requirements=FEW))
def on_azure() -> None: ...


def tree(folder: Path) -> dict[str, tuple[int, str]]:
    """Every path with its mode and the hash of its content."""
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_mode, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_three_clouds_have_the_same_versions_for_their_own_machines(exported: Exported, tmp_path: Path) -> None:
    tasks = (on_aws, as_here, on_gcp, on_azure)
    one, other = exported(*tasks, to="one"), exported(*tasks, to="other")
    assert build(one, cache=tmp_path / "first").fits
    assert build(other, cache=tmp_path / "second").fits
    assert tree(one) == tree(other)
    (aws,) = one.glob("aws/functions/*-arm64")
    (azure,) = one.glob("azure/functions/*")
    assert list(aws.glob("markupsafe/_speedups.cpython-3*-aarch64-linux-gnu.so"))
    assert list(azure.glob(".python_packages/lib/site-packages/markupsafe/_speedups.cpython-313-x86_64-linux-gnu.so"))
    pins = [
        {line for line in file.read_text().splitlines() if line.startswith("markupsafe==")}
        for file in one.glob("*/functions/*/requirements.txt")
    ]
    assert len(pins) == len(tasks)
    assert len(pins[0]) == 1
    assert all(each == pins[0] for each in pins)
    assert not [
        path for path in tree(aws) if path.endswith((".pyi", "/INSTALLER", "/.lock")) or path.startswith("bin/")
    ]


def test_modules_are_compiled_with_checked_hashes(exported: Exported, tmp_path: Path) -> None:
    infra = exported(as_here)
    build(infra, cache=tmp_path / "cache")
    (folder,) = infra.glob("aws/functions/*")
    compiled = sorted(folder.glob("idna/__pycache__/*.pyc"))
    assert len(compiled) == len(list(folder.glob("idna/*.py")))
    # peps.python.org/pep-0552: bit 0, the hash decides; bit 1, it is checked.
    assert {int.from_bytes(file.read_bytes()[4:8], "little") for file in compiled} == {0b11}
    assert not [file for file in compiled if str(tmp_path).encode() in file.read_bytes()]
    code = "import idna; print(idna.__cached__, idna.encode('é.example').decode())"
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(folder)!r}); {code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split()[1] == "xn--9ca.example"


def test_a_second_build_asks_neither_uv_nor_the_index(
    exported: Exported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    infra = exported(as_here)
    build(infra, cache=tmp_path / "cache")
    before = tree(infra)

    def refuse(*_: object) -> None:
        raise AssertionError("uv was asked")

    monkeypatch.setattr(resolver, "_uv", refuse)
    exported(as_here)
    build(infra, cache=tmp_path / "cache")
    assert tree(infra) == before


def test_a_package_without_a_wheel_for_the_machine(exported: Exported, tmp_path: Path) -> None:
    @task(compute=Lambda(requirements=["pywin32==311"]))
    def windows() -> None: ...

    infra = exported(windows)
    before = tree(infra)
    with pytest.raises(CompileError, match=r"pywin32 311 has no wheel for Python 3\.13 on x86_64-manylinux_2_28"):
        build(infra, cache=tmp_path / "cache")
    assert tree(infra) == before


def test_an_index_that_is_not_there(exported: Exported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "empty"))
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    infra = exported(as_here)
    with pytest.raises(CompileError, match="the package index cannot be reached") as raised:
        build(infra, cache=tmp_path / "cache")
    assert f"glacier build {infra}" in raised.value.diagnostics[0].help
