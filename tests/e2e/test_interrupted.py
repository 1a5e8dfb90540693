"""Writes that are killed in the middle, and objects that are larger than the memory a task may use."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from e2e.homes import Home
from e2e.stalling import Stalling
from glacier.runtime.manifest import Place
from glacier.runtime.problems import Problem

MIB = 1 << 20
LARGE = 256  # MiB
MOST = 130  # MiB that a process may need for an object of any size

WRITE = """
import sys
from collections.abc import Iterator
from glacier.runtime.manifest import Place
from glacier.runtime.stores import open_store
kind, size = sys.argv[2], 16 * 1024 * 1024
value = b"2" * size if kind == "bytes" else iter([b"2" * 1024] * (size // 1024))
open_store(sys.argv[1]).write(Place(store="s", path="d/"), value, None if kind == "bytes" else Iterator[bytes])
"""
LARGE_OBJECT = """
import sys
from collections.abc import Iterator
from glacier.runtime.manifest import Place
from glacier.runtime.stores import open_store
size, piece, place = int(sys.argv[2]), bytes(range(256)) * 4096, Place(store="s", path="d/", format="bytes")
store = open_store(sys.argv[1])
written = store.write(place, (piece for _ in range(size)), Iterator[bytes])
assert written.size == size << 20, written
read = 0
for got in store.read(place, Iterator[bytes]):
    assert got[:256] == bytes((number + read) % 256 for number in range(256))
    read += len(got)
assert read == written.size, read
store.close()
with open("/proc/self/status") as status:  # getrusage would count what the process was forked from
    print(next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) // 1024)
"""


def environment(more: Mapping[str, str], scratch: Path) -> dict[str, str]:
    """What a process of its own knows; what it leaves when it is killed goes with the test's folder."""
    same = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    return {**same, "TMPDIR": str(scratch), **more}


@pytest.mark.parametrize("kind", ["bytes", "stream"])
def test_killed_in_the_middle_of_a_write(home: Home, kind: str, tmp_path: Path) -> None:
    """The old content stays until the new is there as a whole, and running again leaves one result."""
    place = Place(store="s", path="d/")
    store = home.open()
    store.write(place, b"1", bytes)
    command = [sys.executable, "-c", WRITE, home.address, kind]
    with Stalling(home.server.ports[0], 9 * MIB) as network:
        there = environment(home.behind(network.port).environment, tmp_path)
        with subprocess.Popen(command, env=there, stderr=subprocess.PIPE, text=True) as writer:
            got_there = network.stalled.wait(30)
            writer.kill()
            _, said = writer.communicate()
    assert got_there, said
    assert writer.returncode == -signal.SIGKILL
    assert home.open().read(place, bytes) == b"1"
    assert [each.name for each in store.bucket.find("d/")] == ["data.bin"]
    subprocess.run(command, env=environment(home.environment, tmp_path), check=True, timeout=60)
    assert home.open().read(place, bytes) == b"2" * (16 * MIB)
    assert [each.name for each in store.bucket.find("d/")] == ["data.bin"]


def test_an_iterator_that_fails_in_the_middle(home: Home) -> None:
    """What was there stays, and after an upload of many parts nothing of them is left."""
    place = Place(store="s", path="d/")
    store = home.open()

    def pieces() -> Iterator[bytes]:
        yield from [bytes(MIB)] * 20
        raise ValueError("no more")

    for before in ([], ["data.bin"]):
        with pytest.raises(Exception, match="no more"):
            store.write(place, pieces(), Iterator[bytes])
        assert [each.name for each in home.open().bucket.find("d/")] == before
        store.write(place, b"1", bytes)
    assert home.open().read(place, bytes) == b"1"


def test_two_attempts_at_once(home: Home) -> None:
    """The last to end stands, or fails and says so; what is there is one of the two, as a whole."""
    place = Place(store="s", path="d/")

    def pieces() -> Iterator[bytes]:
        yield from [b"1" * MIB] * 20
        home.open().write(place, iter([b"2" * MIB] * 24), Iterator[bytes])
        yield from [b"1" * MIB] * 4

    if home.scheme == "az":
        with pytest.raises(Problem, match=r"another attempt has written az://\S*/d/data\.bin meanwhile") as raised:
            home.open().write(place, pieces(), Iterator[bytes])
        assert "run the task again" in raised.value.help
        assert "<" not in str(raised.value)
    else:
        home.open().write(place, pieces(), Iterator[bytes])
    last = b"2" if home.scheme == "az" else b"1"
    assert home.open().read(place, bytes) == last * (24 * MIB)


@pytest.mark.parametrize("home", ["ministack", "gcs", "azure"], indirect=True)
def test_a_large_object_needs_little_memory(home: Home, tmp_path: Path) -> None:
    """Written from an iterator and read as one, in a process whose highest use of memory is measured."""
    command = [sys.executable, "-c", LARGE_OBJECT, home.address, str(LARGE)]
    there = environment(home.environment, tmp_path)
    done = subprocess.run(command, env=there, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < MOST
