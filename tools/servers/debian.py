"""Debian's packages as files below a folder, for what no other registry has; nothing is installed on the machine."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

_SUITE = "trixie"
_KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
_SETTINGS = """Dir "{root}";
Dir::State::status "{root}/status";
APT::Install-Recommends "false";
APT::Sandbox::User "";
Acquire::Languages "none";
"""


def unpack(root: Path, packages: Sequence[str], run: Callable[..., object]) -> None:
    """Packages with all that they need, found and checked by apt; ``run`` runs a command, or raises."""
    with tempfile.TemporaryDirectory(prefix="glacier-apt-") as work:
        for needed in ("etc/apt", "var/lib/apt/lists/partial", "var/cache/apt/archives/partial"):
            Path(work, needed).mkdir(parents=True)
        Path(work, "status").touch()  # as if nothing were installed
        Path(work, "settings").write_text(_SETTINGS.format(root=work))
        source = f"deb [signed-by={_KEYS}] http://deb.debian.org/debian {_SUITE} main\n"
        Path(work, "etc/apt/sources.list").write_text(source)
        apt = ("env", f"APT_CONFIG={work}/settings", "apt-get", "--quiet")
        run(*apt, "update")
        run(*apt, "--yes", "--download-only", "install", *packages)
        for package in Path(work, "var/cache/apt/archives").glob("*.deb"):
            run("dpkg-deb", "--extract", str(package), str(root))


def loader(root: Path) -> tuple[str, ...]:
    """What a program of these packages is started with: its libraries are newer than this machine's may be."""
    (libraries,) = (each.parent for each in root.glob("usr/lib/*/libc.so.6"))
    (loads,) = libraries.glob("ld-linux-*.so.*")
    return str(loads), "--library-path", str(libraries)
