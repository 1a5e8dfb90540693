"""The Python that generated functions run on in a cloud, wherever this machine can have it from.

In turn: what uv finds, what uv downloads, and Debian's own. The last works where only package registries are reached.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from servers import debian

DEPLOYED = "3.13"  # what the three clouds' functions run on unless a task says otherwise


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
    """Debian's, in whose place a script starts it: it looks for its library beside what it was started as."""
    debian.unpack(folder, [f"python{DEPLOYED}"], run)
    started, itself = folder / "usr" / "bin" / f"python{DEPLOYED}", folder / "usr" / "lib" / "python-itself"
    started.rename(itself)
    words = " ".join(f'"{word}"' for word in debian.loader(folder))
    started.write_text(f'#!/bin/sh\nexec {words} --argv0 "$0" "{itself}" "$@"\n')
    started.chmod(0o755)
    # As Debian does when it installs them: a function that may not write would compile them at each start.
    run(str(started), "-m", "compileall", "-q", str(folder / "usr" / "lib" / f"python{DEPLOYED}"))
    return started
