"""Starts servers as processes on free ports of 127.0.0.1, waits until each answers, and ends them."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

HOST = "127.0.0.1"
Command: TypeAlias = Sequence[str | Path]
_READY_SECONDS = 60
_LINES = 60  # of a log, when it is shown


class Ended(Exception):
    """A server ended before it answered, or did not answer in time; its log is in the message."""


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on at this moment."""
    with contextlib.ExitStack() as stack:
        found = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in found:
            each.bind((HOST, 0))
        return [each.getsockname()[1] for each in found]


class Server:
    """A process that listens on ports of 127.0.0.1; ends with the ``with`` block, or with the process that started it.

    ``environment`` is all that it gets beside ``PATH``. ``user`` is who it runs as, where it refuses to run as root.
    """

    def __init__(
        self,
        name: str,
        command: Command,
        *,
        folder: Path,
        ports: Sequence[int],
        environment: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        user: str | None = None,
    ) -> None:
        self.name, self.ports = name, list(ports)
        self.log = folder / f"{name}-{ports[0]}.log"
        leash = [sys.executable, "-I", "-S", str(Path(__file__).with_name("leash.py"))]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [*leash, user or "-", *map(str, command)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={"PATH": os.environ["PATH"], **(environment or {})},
                cwd=cwd or folder,
                start_new_session=True,  # Ctrl-C is for the tests, which then end their servers
            )
        try:
            self._wait()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{self.ports[0]}"

    def close(self) -> None:
        """End it, and all that it started."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()

    def cpu_seconds(self) -> float:
        """What it, and all that it started, have used of the processors; on Linux."""
        leash = self._process.pid
        below = Path(f"/proc/{leash}/task/{leash}/children").read_text(encoding="ascii").split()
        return sum(cpu_seconds(int(pid)) for pid in below)

    def tail(self) -> str:
        """The last lines it wrote."""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LINES:])

    def _wait(self) -> None:
        until = time.monotonic() + _READY_SECONDS
        while not all(map(_answers, self.ports)):
            if self._process.poll() is not None:
                raise Ended(f"{self.name} ended with {self._process.returncode}:\n{self.tail()}")
            if time.monotonic() > until:
                raise Ended(f"{self.name} did not answer within {_READY_SECONDS} s:\n{self.tail()}")
            time.sleep(0.02)


def cpu_seconds(session: int) -> float:
    """What the processes of a session, and those of their children that have ended, have used of the processors."""
    ticks = 0
    for file in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended in the meantime
            fields = file.read_text(encoding="utf-8").rpartition(")")[2].split()  # from the third on: proc(5)
            if int(fields[3]) == session:
                ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1):
        return True
    return False


def started(make: Callable[[], Server], tries: int = 3) -> Server:
    """A server, tried again on other ports when somebody took one in the meantime."""
    for _ in range(tries - 1):
        try:
            return make()
        except Ended as ended:
            if "in use" not in str(ended):
                raise
    return make()
