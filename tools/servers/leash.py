"""``leash.py USER COMMAND…``: runs a command until it ends, or until standard input does; ``-`` is the same user.

Whoever starts a server this way holds the other end of that pipe. However it ends, killed or interrupted, the pipe is
closed, and then the server and every process it has started are ended as well.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading

_SECONDS = 5  # that a server may take to end in its own way


def _hold(server: subprocess.Popen[bytes]) -> None:
    sys.stdin.buffer.read()
    for way in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, way)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(_SECONDS)


def _main() -> int:
    user, *command = sys.argv[1:]
    server = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, start_new_session=True, user=None if user == "-" else user
    )
    threading.Thread(target=_hold, args=(server,), daemon=True).start()
    ended = server.wait()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGKILL)  # what it started and left
    return ended


if __name__ == "__main__":
    sys.exit(_main())
