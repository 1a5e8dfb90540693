"""Objects as keys of a cache that speaks Redis's protocol: Valkey, Memorystore, Managed Redis.

A reader looks for the names that a dataset's object can have, since a task's user may not search for keys.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import SplitResult, parse_qsl

from glacier.runtime.accounts import cache_user
from glacier.runtime.authorities import AUTHORITY, FULL, Server, server_of
from glacier.runtime.buckets import Found
from glacier.runtime.codecs import SUFFIXES, Content
from glacier.runtime.keyed import Keyed
from glacier.runtime.libraries import library
from glacier.runtime.objects import Objects
from glacier.runtime.who import Who

_NAMES = tuple(f"data{suffix}" for suffix in SUFFIXES.values())


class Keys(Keyed):
    """Objects by key; ``connect`` gives a client for ``"reads"`` or ``"writes"``, who may be two users."""

    def __init__(self, connect: Callable[[str], Any], address: str) -> None:
        super().__init__()
        self._connect, self._address = connect, address
        self._clients: dict[str, Any] = {}

    def read(self, path: str) -> bytes:
        """The value of a key."""
        value = self._as("reads").get(path)
        if value is None:
            raise FileNotFoundError(path)
        return bytes(value)

    def find(self, folder: str) -> Sequence[Found]:
        """The names a dataset's object can have, as far as they are there."""
        client = self._as("reads")
        return [Found(name, 0.0) for name in _NAMES if client.exists(f"{folder}{name}")]

    def write(self, path: str, content: Content) -> int:
        """Set a key, and remove what the dataset was in another format."""
        value = self._scratch.whole(path, content)
        client = self._as("writes")
        client.set(path, value)
        folder, _, written = path.rpartition("/")
        if written in _NAMES:
            for name in _NAMES:  # one by one: in a cluster each may be on another machine
                if name != written:
                    client.delete(f"{folder}/{name}")
        return len(value)

    def where(self, path: str) -> str:
        """The cache, and the key in it."""
        return f"{self._address} key {path}"

    def close(self) -> None:
        """Hang up."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()
        super().close()

    def _as(self, verb: str) -> Any:
        if verb not in self._clients:
            self._clients[verb] = self._connect(verb)
        return self._clients[verb]


def keys(parts: SplitResult, who: Who) -> Objects:
    """``valkeys://HOST:PORT/?…`` or ``rediss://HOST:PORT/?auth=entra``; ``redis://`` without TLS and a user."""
    options = dict(parse_qsl(parts.query))
    encrypted = parts.scheme in ("valkeys", "rediss")
    server = server_of(parts, options, who.authority, (FULL, AUTHORITY)) if encrypted else None
    # A serverless cache of ElastiCache is a cluster (docs.aws.amazon.com/AmazonElastiCache/latest/dg/WhatIs.html).
    is_cluster = "cache" in options or options.get("cluster") == "1"

    def connect(verb: str) -> Any:
        client = library("redis")
        user, password = cache_user(options, who.task, verb)
        host, port, signs_in = parts.hostname, parts.port or 6379, {"username": user, "password": password}
        if server is None:
            kind = client.RedisCluster if is_cluster else client.Redis
            return kind(host=host, port=port, **signs_in)
        demanding = _demanding(client.SSLConnection, server)
        if is_cluster:
            with server.demanded():  # and only a URL lets a cluster have connections of a class of one's own
                return client.RedisCluster(url=f"redis://{host}:{port}", connection_class=demanding, **signs_in)
        found = client.Redis(host=host, port=port, ssl=True, **signs_in)
        found.connection_pool.connection_class = demanding
        return found

    return Objects(Keys(connect, f"{parts.scheme}://{parts.hostname}"))


def _demanding(connection: Any, server: Server) -> Any:
    """A connection of redis-py that believes one authority alone; its own options add one to those of the system.

    Should redis-py wrap its sockets elsewhere one day, what is left is its own check, by the system's authorities and
    with the name: a server is then refused, and not believed.
    """
    context = server.context()

    class Demanding(connection):  # type: ignore[misc]  # which class it is, is known when redis-py is imported
        def _wrap_socket_with_ssl(self, sock: Any) -> Any:
            try:
                return context.wrap_socket(sock, server_hostname=self.host)
            except ssl.SSLCertVerificationError as error:
                sock.close()
                raise server.unproven(error) from error  # which redis-py does not try again, unlike what it knows

    return Demanding
