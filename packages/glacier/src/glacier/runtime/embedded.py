"""What databases, caches and queues are on a laptop: SQLite files, which need nothing to be set up."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from typing import Any
from urllib.parse import SplitResult

from glacier.runtime import plain
from glacier.runtime.addresses import local_path
from glacier.runtime.buckets import Found
from glacier.runtime.codecs import Content, in_memory
from glacier.runtime.keyed import Keyed
from glacier.runtime.manifest import Place
from glacier.runtime.messages import messages_of
from glacier.runtime.objects import Objects
from glacier.runtime.problems import Problem
from glacier.runtime.tables import SQLITE, Tables
from glacier.runtime.who import Who
from glacier.runtime.written import Written

_WAIT = 60.0  # seconds that a process waits while another one writes


def connect(path: str) -> sqlite3.Connection:
    """A connection that begins no transaction on its own; a missing folder is made."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    return sqlite3.connect(path, timeout=_WAIT, isolation_level=None)


def tables(parts: SplitResult, who: Who) -> Tables:
    """``sqlite+tables:///file``: a database."""
    path = local_path(parts)
    return Tables(lambda: connect(path), SQLITE, path)


def keys(parts: SplitResult, who: Who) -> Objects:
    """``sqlite+keys:///file``: a cache."""
    return Objects(Keys(local_path(parts)))


def messages(parts: SplitResult, who: Who) -> Messages:
    """``sqlite+messages:///file``: a queue."""
    return Messages(local_path(parts))


class Keys(Keyed):
    """A cache in a file: objects by key."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    def read(self, path: str) -> bytes:
        """The value of a key."""
        with closing(self._open()) as connection:
            row = connection.execute("SELECT value FROM keys WHERE key = ?", (path,)).fetchone()
        if row is None:
            raise FileNotFoundError(path)
        return bytes(row[0])

    def find(self, folder: str) -> Sequence[Found]:
        """The keys that begin with a folder's name."""
        with closing(self._open()) as connection:
            rows = connection.execute(
                "SELECT substr(key, ?), written FROM keys WHERE substr(key, 1, ?) = ?",
                (len(folder) + 1, len(folder), folder),
            ).fetchall()
        return [Found(name, written) for name, written in rows if "/" not in name]

    def write(self, path: str, content: Content) -> int:
        """Set a key."""
        value = self._scratch.whole(path, content)
        with closing(self._open()) as connection:
            connection.execute("INSERT OR REPLACE INTO keys VALUES (?, ?, ?)", (path, value, time.time()))
        return len(value)

    def where(self, path: str) -> str:
        """The file, and the key in it."""
        return f"{self._path} key {path}"

    def _open(self) -> sqlite3.Connection:
        connection = connect(self._path)
        connection.execute("CREATE TABLE IF NOT EXISTS keys (key TEXT PRIMARY KEY, value BLOB, written REAL)")
        return connection


class Messages:
    """A queue in a file. Messages are there until a task that read them has succeeded."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._taken: dict[str, list[int]] = {}

    def read(self, place: Place, wanted: Any) -> Any:
        """The messages that are waiting."""
        with closing(self._open()) as connection:
            rows = connection.execute(
                "SELECT id, body FROM messages WHERE queue = ? AND NOT taken ORDER BY id", (place.path,)
            ).fetchall()
        self._taken[place.path] = [number for number, _ in rows]
        return in_memory([plain.from_json(body) for _, body in rows], wanted)

    def write(self, place: Place, value: Any, wanted: Any) -> Written:
        """Add messages, all of them or none."""
        bodies = messages_of(value)
        with closing(self._open()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            batch = connection.execute("SELECT coalesce(max(batch), 0) + 1 FROM messages").fetchone()[0]
            connection.execute("DELETE FROM messages WHERE queue = ? AND taken", (place.path,))
            connection.executemany(
                "INSERT INTO messages (queue, batch, body, taken) VALUES (?, ?, ?, 0)",
                [(place.path, batch, body) for body in bodies],
            )
            connection.execute("COMMIT")
        return Written(f"{self._path} queue {place.path.strip('/')}", sum(map(len, bodies)))

    def peek(self, place: Place, wanted: Any) -> Any:
        """The messages that were sent last, whether they were taken since or not."""
        with closing(self._open()) as connection:
            rows = connection.execute(
                "SELECT body FROM messages WHERE queue = ? AND batch ="
                " (SELECT max(batch) FROM messages WHERE queue = ?) ORDER BY id",
                (place.path, place.path),
            ).fetchall()
        return in_memory([plain.from_json(body) for (body,) in rows], wanted)

    def exists(self, place: Place) -> bool:
        """A queue is there as soon as it is asked for; a source must have messages."""
        with closing(self._open()) as connection:
            found = connection.execute("SELECT 1 FROM messages WHERE queue = ? AND NOT taken LIMIT 1", (place.path,))
            return found.fetchone() is not None

    def missing(self, place: Place) -> Problem:
        """What to say when no message waits."""
        return Problem(f"no message waits in {self._path}", "give some: LocalExecutor(inputs={NAME: [message, …]})")

    def settle(self, place: Place) -> None:
        """Take away what was read."""
        with closing(self._open()) as connection:
            taken = [(number,) for number in self._taken.pop(place.path, [])]
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("UPDATE messages SET taken = 1 WHERE id = ?", taken)
            connection.execute("COMMIT")

    def close(self) -> None:
        """Connections end with what they were opened for."""

    def _open(self) -> sqlite3.Connection:
        connection = connect(self._path)
        connection.execute(
            "CREATE TABLE IF NOT EXISTS messages"
            " (id INTEGER PRIMARY KEY, queue TEXT, batch INTEGER, body BLOB, taken INTEGER)"
        )
        return connection
