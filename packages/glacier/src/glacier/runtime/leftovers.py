"""Names that say which process of which machine a file is for, so that the next one removes what a killed one left."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import tempfile
from functools import cache

_HOST = f"{platform.node()}~"  # a folder may be shared by several machines
_TEMPORARY = "glacier-"


def name() -> str:
    """What the name of an unfinished file of this process begins with."""
    return f"{_HOST}{os.getpid()}-"


def folder() -> str:
    """A new folder for what is only for a while; a function's temporary directory outlives a process that crashes."""
    temporary = tempfile.gettempdir()
    _swept(temporary)
    return tempfile.mkdtemp(prefix=_TEMPORARY + name(), dir=temporary)


@cache
def _swept(temporary: str) -> None:
    sweep(temporary, _TEMPORARY)


def sweep(place: str, prefix: str = "") -> None:
    """Remove what processes of this machine that are no more have left in a folder, by names that begin so."""
    try:
        entries = os.listdir(place)
    except OSError:
        return
    for entry in entries:
        host, _, rest = entry.removeprefix(prefix).rpartition("~")
        pid = rest.partition("-")[0]
        is_ours = entry.startswith(prefix) and f"{host}~" == _HOST and pid.isdigit()
        if is_ours and not _is_alive(int(pid)):
            path = os.path.join(place, entry)
            if os.path.isdir(path):
                shutil.rmtree(path, ignore_errors=True)
            else:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(path)


def _is_alive(pid: int) -> bool:
    if os.name == "nt":
        return True  # there, asking would end it; what is left is removed with the folder
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
