"""The Python that generated functions run on in a cloud, wherever this machine can have it from.

In turn: what uv finds, what uv downloads, and Debian's own packages, unpacked into a folder. The last works where only
package registries are reached.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

DEPLOYED = "3.13"  # what the three clouds' functions run on unless a task says otherwise
_SUITE = "trixie"  # the Debian that has it
_KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
_SETTINGS = """Dir "{root}";
Dir::State::status "{root}/status";
APT::Install-Recommends "false";
APT::Sandbox::User "";
Acquire::Languages "none";
"""
# Debian's libraries are newer than this machine's may be, so its own loader starts it.
_START = """#!/bin/sh
exec "{usr}/lib64/{loader}" --library-path "{usr}/lib/{machine}" --argv0 "$0" "{usr}/lib/python-itself" "$@"
"""


def python(folder: Path, run: Callable[..., object]) -> Path:
    """A Python of that version; what has to be fetched goes into ``folder``. ``run`` runs a command, or raises."""
    look = ("uv", "python", "find", "--quiet", "--system", "--no-project", "--no-python-downloads", DEPLOYED)
    found = subprocess.run(look, capture_output=True, text=True)
    if found.returncode == 0:
        return Path(found.stdout.strip())
    try:
        run("uv", "python", "install", "--no-bin", "--install-dir", str(folder), DEPLOYED)
    except subprocess.CalledProcessError:
        if shutil.which("apt-get") is None:
            raise
        return _from_debian(folder, run)
    return next(folder.glob(f"cpython-{DEPLOYED}*/bin/python{DEPLOYED}"))


def _from_debian(folder: Path, run: Callable[..., object]) -> Path:
    root = folder / "debian"
    _unpack(root, [f"python{DEPLOYED}", f"python{DEPLOYED}-venv"], run)
    usr = root / "usr"
    (loader,) = (usr / "lib64").glob("ld-linux-*") if (usr / "lib64").exists() else (usr / "lib").glob("ld-linux-*")
    (machine,) = (each.parent.name for each in usr.glob("lib/*/libc.so.6"))
    started = usr / "bin" / f"python{DEPLOYED}"
    started.rename(usr / "lib" / "python-itself")
    text = _START.format(usr=usr, loader=loader.name, machine=machine)
    started.write_text(text if loader.parent.name == "lib64" else text.replace("/lib64/", "/lib/"))
    started.chmod(0o755)
    return started


def _unpack(root: Path, packages: Sequence[str], run: Callable[..., object]) -> None:
    """Debian packages with all that they need, checked by apt against Debian's keys, as files below a folder."""
    with tempfile.TemporaryDirectory(prefix="glacier-apt-") as work:
        for needed in ("etc/apt", "var/lib/apt/lists/partial", "var/cache/apt/archives/partial"):
            Path(work, needed).mkdir(parents=True)
        Path(work, "status").touch()
        Path(work, "settings").write_text(_SETTINGS.format(root=work))
        source = f"deb [signed-by={_KEYS}] http://deb.debian.org/debian {_SUITE} main\n"
        Path(work, "etc/apt/sources.list").write_text(source)
        apt = ("env", f"APT_CONFIG={work}/settings", "apt-get", "--quiet")
        run(*apt, "update")
        run(*apt, "--yes", "--download-only", "install", *packages)
        for package in Path(work, "var/cache/apt/archives").glob("*.deb"):
            run("dpkg-deb", "--extract", str(package), str(root))
