"""Databases, caches and queues: here in SQLite, and what is sent to those of a cloud."""

from __future__ import annotations

import datetime
import decimal
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pandas as pd
import polars as pl
import pytest
from glacier.runtime import accounts, caches, databases
from glacier.runtime.caches import Keys
from glacier.runtime.columns import columns_of
from glacier.runtime.databases import MYSQL, POSTGRES
from glacier.runtime.manifest import Place
from glacier.runtime.problems import Problem
from glacier.runtime.stores import Store, open_store
from glacier.runtime.tables import Dialect, Tables
from glacier.runtime.who import Who
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from vaulted import asked, refusal

UTC = datetime.UTC


def place(**options: Any) -> Place:
    return Place(**{"store": "s", "path": "my-table/", **options})


@pytest.fixture
def database(tmp_path: Path) -> Store:
    return open_store(f"sqlite+tables://{tmp_path}/sub/db.sqlite")


cell = {
    "b": st.booleans(),
    "i": st.integers(-(2**63), 2**63 - 1),
    "x": st.floats(allow_nan=False),
    "t": st.text(st.characters(exclude_categories=["Cs"])),
    "raw": st.binary(),
    "when": st.datetimes(),
    "at": st.datetimes(timezones=st.just(UTC)),
    "day": st.dates(),
    "exact": st.decimals(allow_nan=False, allow_infinity=False),
    "nested": st.lists(st.integers()),
    'odd "name"': st.integers(0, 9),
}


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.fixed_dictionaries({column: st.none() | values for column, values in cell.items()}), min_size=1))
def test_rows_come_back(database: Store, rows: list[dict[str, Any]]) -> None:
    database.write(place(), rows, None)
    assert database.read(place(), list) == rows


def test_a_table_is_replaced(database: Store) -> None:
    assert not database.exists(place())
    with pytest.raises(Problem, match="there is no table my-table in"):
        database.read(place(), list)
    database.write(place(), [{"a": 1}], None)
    database.write(place(), [{"b": "x"}, {"b": None, "c": 2.5}], None)
    assert database.read(place(), list) == [{"b": "x", "c": None}, {"b": None, "c": 2.5}]
    database.write(place(), [], None)
    assert database.exists(place())
    assert database.read(place(), list) == []


def test_a_table_that_cannot_be_written_stays(database: Store) -> None:
    database.write(place(), [{"old": 1}], None)
    with pytest.raises(OverflowError):
        database.write(place(), [{"a": 1}, {"a": 2**70}], None)
    assert database.read(place(), list) == [{"old": 1}]


def test_frames(database: Store) -> None:
    database.write(place(), pl.DataFrame({"a": [1, 2]}), None)
    pd.testing.assert_frame_equal(database.read(place(), pd.DataFrame), pd.DataFrame({"a": [1, 2]}))
    assert [row["a"] for row in database.read(place(), None)] == [1, 2]
    with pytest.raises(Problem, match="a table takes dicts with text keys"):
        database.write(place(), pd.DataFrame([[1, 2]]), None)


def test_what_pandas_calls_missing(database: Store) -> None:
    frame = pd.DataFrame(
        {"at": pd.to_datetime(["2024-05-01", None]), "t": ["x", None], "n": pd.array([1, None], "Int64")}
    )
    database.write(place(), frame, None)
    assert database.read(place(), list) == [
        {"at": datetime.datetime(2024, 5, 1), "t": "x", "n": 1},
        {"at": None, "t": None, "n": None},
    ]


def test_rows_without_a_column(database: Store) -> None:
    database.write(place(), [{}, {}], None)
    assert database.read(place(), list) == [{}, {}]
    database.write(place(), [{"no_columns": 1}], None)
    assert database.read(place(), list) == [{"no_columns": 1}]


@pytest.mark.parametrize("read", [pl.DataFrame, pd.DataFrame])
def test_a_frame_of_a_table_has_the_declared_types(database: Store, read: Any) -> None:
    declared = place(schema={"a": "int8", "t": "string"})
    for rows in ([], [{"a": 1, "t": "x"}]):
        database.write(declared, rows, None)
        assert columns_of(database.read(declared, read)) == declared.schema


@pytest.mark.parametrize(
    ("value", "schema", "said"),
    [
        ({"a": 1}, None, "a table takes rows"),
        ([1], None, "a table takes dicts with text keys"),
        ([{"a": 1}, {"a": "x"}], None, "column a holds int64 and string together"),
        ([{"a": object()}], None, "column a holds an object"),
        ([{"a": "x"}], {"a": "int64"}, "column a is declared int64 and is str in row 1"),
    ],
)
def test_what_a_table_cannot_keep(database: Store, value: Any, schema: Any, said: str) -> None:
    with pytest.raises(Problem, match=said):
        database.write(place(schema=schema), value, None)


def test_a_schema_gives_an_empty_table_its_columns(database: Store) -> None:
    database.write(place(schema={"a": "int64", "b": "string"}), [], None)
    with database._open() as connection:  # type: ignore[attr-defined]
        assert database._columns(connection.cursor(), "my-table") == {"a": "bigint", "b": "text"}  # type: ignore[attr-defined]
    connection.close()


class Recorder:
    """A database that has one table and remembers what it was told."""

    def __init__(self, columns: list[tuple[str, str]], rows: list[tuple[Any, ...]]) -> None:
        self.said: list[Any] = []
        self.columns, self.rows, self.answer = columns, rows, []

    def cursor(self) -> Recorder:
        return self

    def execute(self, sql: str, values: Any = None) -> None:
        self.said.append(sql)
        self.answer = self.columns if "information_schema" in sql else self.rows

    def executemany(self, sql: str, values: Any) -> None:
        self.said.append((sql, values))

    def fetchall(self) -> Any:
        return self.answer

    def commit(self) -> None:
        self.said.append("commit")

    def rollback(self) -> None:
        self.said.append("rollback")

    def close(self) -> None:
        self.said.append("close")


def test_postgres_replaces_in_one_transaction() -> None:
    there = Recorder([], [])
    written = Tables(lambda: there, POSTGRES, "postgres://h/db").write(place(), [{"a": {"k": 1}, "b": True}], None)
    assert written.where == "postgres://h/db table my-table"
    assert there.said == [
        'DROP TABLE IF EXISTS "my-table"',
        'CREATE TABLE "my-table" ("a" JSON, "b" BOOLEAN)',
        ('INSERT INTO "my-table" ("a", "b") VALUES (%s, %s)', [('{"k": 1}', True)]),
        "commit",
        "close",
    ]


def test_mysql_swaps_tables() -> None:
    there = Recorder([("a", "tinyint(1)"), ("n", "tinyint"), ("o", "tinyint(4)"), ("j", "json")], [(1, 5, -3, "[2]")])
    tables = Tables(lambda: there, MYSQL, "mysql://h/db")
    assert tables.read(place(), list) == [{"a": True, "n": 5, "o": -3, "j": [2]}]
    assert "column_type" in there.said[0]
    there.said.clear()
    tables.write(place(), [{"a": 1}], None)
    renames = [said for said in there.said if isinstance(said, str) and said.startswith("RENAME")]
    assert renames == ["RENAME TABLE `my-table` TO `my-table__old`, `my-table__new` TO `my-table`"]
    with pytest.raises(Problem, match="column a is timestamp with zone, which mysql cannot keep"):
        tables.write(place(), [{"a": datetime.datetime.now(UTC)}], None)


@pytest.mark.parametrize("dialect", [POSTGRES, MYSQL])
def test_a_column_with_a_sign_of_placeholders(dialect: Dialect) -> None:
    there = Recorder([], [])
    Tables(lambda: there, dialect, "d://h/db").write(place(), [{"discount %": 1}], None)
    (inserted, _), *_ = (said for said in there.said if isinstance(said, tuple))
    assert "discount %%" in inserted
    assert any("discount % BIGINT".replace(" B", f"{dialect.quote} B") in said for said in there.said)


def test_a_column_that_postgres_would_cut() -> None:
    there, long = Recorder([], []), "ä" * 32
    with pytest.raises(Problem, match=rf"has the column {long}, and postgres cuts names after 63 bytes"):
        Tables(lambda: there, POSTGRES, "").write(place(), [{long: 1}], None)
    assert there.said == []
    Tables(lambda: there, MYSQL, "").write(place(), [{long: 1}], None)  # which says so itself when it is too long


@pytest.mark.parametrize("value", ["1e-31", "0." + "3" * 31, "-1." + "0" * 30 + "1"])
def test_a_number_that_mysql_would_round(value: str) -> None:
    there = Recorder([], [])
    with pytest.raises(Problem, match=r"column a holds .*, and mysql rounds after 30 decimal places"):
        Tables(lambda: there, MYSQL, "").write(place(), [{"a": decimal.Decimal(value)}], None)
    for fits in ("1e-30", "1.5" + "0" * 40, "1e30", "0e-99", "-7"):
        Tables(lambda: there, MYSQL, "").write(place(), [{"a": decimal.Decimal(fits)}], None)


def test_long_names_stay_two() -> None:
    tables = Tables(lambda: None, POSTGRES, "")
    one, two = (tables._table(place(path=f"{'a' * 90}{end}/")) for end in "xy")
    assert one != two
    assert max(len(one), len(two)) <= 63


def test_signing_in_to_a_database(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}
    client = SimpleNamespace(connect=lambda **options: given.update(options))
    monkeypatch.setattr(databases, "library", lambda name: client)
    monkeypatch.setattr(
        databases, "user_and_password", lambda options: ("u", "p") if options.get("secret") else (None, None)
    )
    databases.postgres(urlsplit("postgres://host:5432/db?secret=arn"), Who())._connect()
    assert given.pop("sslrootcert")
    signs_in = {"host": "host", "port": 5432, "dbname": "db", "user": "u", "password": "p"}
    assert given == {**signs_in, "sslmode": "verify-full"}
    given.clear()
    store = databases.mysql(urlsplit("mysql://me:p%40ss@host/db?sslmode=disable"), Who())
    store._connect()
    signs_in = {"host": "host", "database": "db", "user": "me", "password": "p@ss"}
    assert given == {**signs_in, "charset": "utf8mb4", "ssl_disabled": True}
    assert "p%40ss" not in store._address


def test_a_client_that_is_not_installed() -> None:
    with pytest.raises(Problem, match=r"needs psycopg, which is not installed") as caught:
        open_store("postgres://h/db").read(place(), list)
    assert "psycopg[binary]" in caught.value.help


def test_passwords_by_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = json.dumps({"username": "u", "password": "p"})
    held = {"aws:arn:aws:secretsmanager:eu-west-1:1:secret:x": secret, "gcp:projects/p/secrets/s": secret, "gcp:no": ""}
    monkeypatch.setattr(accounts, "held", held.__getitem__)
    assert accounts.user_and_password({"secret": "arn:aws:secretsmanager:eu-west-1:1:secret:x"}) == ("u", "p")
    assert accounts.user_and_password({"gcp_secret": "projects/p/secrets/s"}) == ("u", "p")
    with pytest.raises(Problem, match="the database's password is not set: gcp:no holds no user and password"):
        accounts.user_and_password({"gcp_secret": "no"})
    with pytest.raises(Problem, match="IDENTITY_ENDPOINT"):
        accounts.user_and_password({"auth": "entra"})


def test_a_password_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    asked(monkeypatch, refusal(403))
    with pytest.raises(Problem, match="the database's password cannot be read: https://vault answered 403") as problem:
        accounts.user_and_password({"gcp_secret": "projects/p/secrets/s"})
    assert "does the task's identity have this access?" in problem.value.help


def test_tokens_in_place_of_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "azure_token", lambda resource: f"for {resource}")
    monkeypatch.setattr(accounts, "google_token", lambda: "tok")
    monkeypatch.setenv("GLACIER_IDENTITY", "me")
    monkeypatch.setenv("GLACIER_PRINCIPAL", "id")
    database, cache = "for https://ossrdbms-aad.database.windows.net", "for https://redis.azure.com"
    assert accounts.user_and_password({"auth": "entra"}) == ("me", database)
    assert accounts.cache_user({"auth": "entra"}, "t", "reads") == ("id", cache)
    assert accounts.cache_user({"iam": "gcp"}, "t", "reads") == (None, "tok")
    assert accounts.cache_user({}, "t", "reads") == (None, None)


def test_who_signs_in_to_elasticache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "_elasticache_token", lambda cache, region, user: f"{cache}/{region}/{user}")
    options = {"cache": "c", "region": "eu-west-1", "users": "g"}
    user, token = accounts.cache_user(options, "My Task", "reads")
    # The first digits of the SHA-256 of my-task, as the compiled user is named.
    assert user == "g-reads-" + __import__("hashlib").sha256(b"my-task").hexdigest()[:12]
    assert token == f"c/eu-west-1/{user}"


class FakeRedis(dict):  # type: ignore[type-arg]
    def __init__(self) -> None:
        super().__init__()
        self.connection_pool = SimpleNamespace(connection_class=None)

    def set(self, key: str, value: bytes) -> None:
        self[key] = value

    def exists(self, key: str) -> int:
        return int(key in self)

    def delete(self, key: str) -> None:
        self.pop(key, None)

    def close(self) -> None:
        pass


def test_a_key_of_a_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    data, made = FakeRedis(), []
    kinds = {
        name: lambda name=name, **options: made.append((name, options)) or data for name in ("Redis", "RedisCluster")
    }
    client = SimpleNamespace(**kinds, SSLConnection=type("SSLConnection", (), {}))
    monkeypatch.setattr(caches, "library", lambda name: client)
    monkeypatch.setattr(caches, "cache_user", lambda options, task, verb: (f"{task}-{verb}", "token"))
    store = open_store("valkeys://host:6379/?cache=c&region=r&users=g", Who("t"))
    with pytest.raises(Problem, match="there is nothing yet at valkeys://host key my-table/"):
        store.read(place(), None)
    store.write(place(), "text", None)
    store.write(place(), [1], None)
    assert data == {"my-table/data.json": b"[1]"}
    assert open_store("redis://host", Who("t")).read(place(), None) == [1]
    assert data.connection_pool.connection_class is None
    assert open_store("rediss://host:10000/?auth=entra", Who("t")).read(place(), None) == [1]
    assert issubclass(data.connection_pool.connection_class, client.SSLConnection)
    store.write(place(), pl.DataFrame({"a": [1]}), None)
    assert list(store.read(place(), pl.LazyFrame).collect()["a"]) == [1]
    store.close()
    assert [(name, options["username"], options.get("ssl")) for name, options in made] == [
        ("RedisCluster", "t-reads", None),
        ("RedisCluster", "t-writes", None),
        ("Redis", "t-reads", None),
        ("Redis", "t-reads", True),
    ]
    assert all(issubclass(options["connection_class"], client.SSLConnection) for _, options in made[:2])


def test_a_cache_with_an_object_that_is_gone() -> None:
    with pytest.raises(FileNotFoundError):
        Keys(lambda verb: FakeRedis(), "x").read("k")
