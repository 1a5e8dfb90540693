"""Tables in a cloud's database: PostgreSQL through psycopg, MySQL through PyMySQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote

from glacier.runtime.accounts import user_and_password
from glacier.runtime.authorities import AUTHORITY, FULL, NOTHING, Server, server_of
from glacier.runtime.libraries import library
from glacier.runtime.tables import Dialect, Tables
from glacier.runtime.who import Who

# The lengths of names: postgresql.org/docs/current/limits.html, dev.mysql.com/doc/refman/8.4/en/identifier-length.html
POSTGRES = Dialect(
    name="postgres",
    quote='"',
    value="%s",
    types={
        "bool": "BOOLEAN",
        "int64": "BIGINT",
        "double": "DOUBLE PRECISION",
        "string": "TEXT",
        "binary": "BYTEA",
        "json": "JSON",
        "timestamp": "TIMESTAMP",
        "timestamp with zone": "TIMESTAMPTZ",
        "date": "DATE",
        "decimal": "NUMERIC",
    },
    columns="SELECT column_name, data_type FROM information_schema.columns"
    " WHERE table_schema = current_schema() AND table_name = %s ORDER BY ordinal_position",
    begin="",
    longest=63,
    cuts=63,
)
MYSQL = Dialect(
    name="mysql",
    quote="`",
    value="%s",
    types={
        "bool": "BOOLEAN",
        "int64": "BIGINT",
        "double": "DOUBLE",
        "string": "LONGTEXT",
        "binary": "LONGBLOB",
        "json": "JSON",
        "timestamp": "DATETIME(6)",
        "date": "DATE",
        "decimal": "DECIMAL(65, 30)",
    },
    columns="SELECT column_name, column_type FROM information_schema.columns"
    " WHERE table_schema = DATABASE() AND table_name = %s ORDER BY ordinal_position",
    begin="",
    longest=64,
    swaps=True,
    places=30,
)


def postgres(parts: SplitResult, who: Who) -> Tables:
    """``postgres://HOST:PORT/DATABASE?secret=ARN``, or ``gcp_secret=``, or ``auth=entra``; over TLS, and proven."""
    server = _server(parts, who)

    def connect() -> Any:
        client = library("psycopg")
        given = _common(parts, "dbname")
        if server.mode == NOTHING:
            return client.connect(**given, sslmode=NOTHING)
        # psycopg's wheel brings an OpenSSL of its own, which looks for the system's authorities where they are not.
        with server.file() as file, server.demanded():
            return client.connect(**given, sslmode=server.mode, sslrootcert=file)

    return Tables(connect, POSTGRES, server.address)


def mysql(parts: SplitResult, who: Who) -> Tables:
    """``mysql://HOST:PORT/DATABASE?secret=ARN``, or ``gcp_secret=``; over TLS, and proven."""
    server = _server(parts, who)

    def connect() -> Any:
        client = library("pymysql")
        tls = {"ssl_disabled": True} if server.mode == NOTHING else {"ssl": server.context()}
        with server.demanded():
            return client.connect(**_common(parts, "database"), charset="utf8mb4", **tls)

    return Tables(connect, MYSQL, server.address)


def _server(parts: SplitResult, who: Who) -> Server:
    return server_of(parts, _options(parts), who.authority, (FULL, AUTHORITY, NOTHING))


def _common(parts: SplitResult, database: str) -> dict[str, Any]:
    user, password = user_and_password(_options(parts))
    given = {
        "host": parts.hostname,
        "port": parts.port,
        database: parts.path.strip("/"),
        "user": user or (unquote(parts.username) if parts.username else None),
        "password": password or (unquote(parts.password) if parts.password else None),
    }
    return {key: value for key, value in given.items() if value}


def _options(parts: SplitResult) -> Mapping[str, str]:
    return dict(parse_qsl(parts.query))
