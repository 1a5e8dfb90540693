"""Databases, caches and queues against real servers: Postgres, Valkey, and an emulator of SQS."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pandas as pd
import polars as pl
import pytest
from e2e.homes import reached
from e2e.stalling import Stalling
from glacier.runtime.manifest import Place
from glacier.runtime.problems import Problem
from glacier.runtime.stores import Store, open_store
from glacier.runtime.who import Who
from servers import clouds
from servers.installing import install
from servers.running import HOST, Server

TABLE = Place(store="s", path="people/")
ROWS = [
    {"name": "Åsa", "age": 41, "height": 1.75, "member": True, "photo": b"\0\xff", "tags": ["a", "b"]},
    {"name": "'; DROP TABLE people; --", "age": None, "height": None, "member": None, "photo": None, "tags": None},
]
MANY = 20_000
WRITE = f"""
import sys
from glacier.runtime.manifest import Place
from glacier.runtime.stores import open_store
rows = [{{"number": number}} for number in range({MANY})]
open_store(sys.argv[1]).write(Place(store="s", path="people/"), rows, None)
"""


def address(server: Server, port: int | None = None) -> str:
    scheme = {"postgres": "postgres", "mariadb": "mysql"}[server.name]
    return f"{scheme}://glacier@{HOST}:{port or server.ports[0]}/glacier?sslmode=disable"


@pytest.fixture(params=["postgres", "mariadb"])
def database(request: pytest.FixtureRequest, clients: None) -> Server:
    """One database after the other."""
    server: Server = request.getfixturevalue(request.param)
    return server


@pytest.fixture
def table(database: Server) -> Iterator[Store]:
    store = open_store(address(database))
    yield store
    store.close()


def test_a_table(database: Server, table: Store) -> None:
    assert table.write(TABLE, ROWS, list).where.startswith(address(database).partition(":")[0])
    found = table.read(TABLE, list)
    if database.name == "mariadb":  # whose JSON is a text, where MySQL's is a type of its own
        found = [{**row, "tags": row["tags"] and json.loads(row["tags"])} for row in found]
    assert found == ROWS
    assert table.exists(TABLE)
    frame = table.read(TABLE, pl.DataFrame)
    assert frame["age"].to_list() == [41, None]


def test_types_of_a_database(database: Server, table: Store) -> None:
    moment = dt.datetime(2024, 5, 1, 12, 30, 15, 250_000)
    row = {"day": dt.date(2024, 5, 1), "at": moment, "price": Decimal("12345678901234567890.10"), "count": 2**62}
    if database.name == "postgres":
        row["zoned"] = moment.replace(tzinfo=dt.UTC)
    table.write(TABLE, [row], list)
    assert table.read(TABLE, list) == [row]


def test_names_and_gaps_of_a_database(table: Store) -> None:
    table.write(TABLE, [{"discount %": 1, "%s": 2, "a%%b": 3}], list)
    assert table.read(TABLE, list) == [{"discount %": 1, "%s": 2, "a%%b": 3}]
    frame = pd.DataFrame(
        {"at": pd.to_datetime(["2024-05-01", None]), "t": ["x", None], "n": pd.array([1, None], "Int64")}
    )
    table.write(TABLE, frame, pd.DataFrame)
    assert table.read(TABLE, list) == [
        {"at": dt.datetime(2024, 5, 1), "t": "x", "n": 1},
        {"at": None, "t": None, "n": None},
    ]


def test_whole_numbers_of_mysql_are_no_truth_values(database: Server, table: Store) -> None:
    if database.name == "postgres":
        return
    table.write(TABLE, [{"flag": True}], list)
    with table._connect() as connection:  # type: ignore[attr-defined]
        cursor = connection.cursor()
        cursor.execute("ALTER TABLE people ADD COLUMN small TINYINT, ADD COLUMN tiny TINYINT UNSIGNED")
        cursor.execute("UPDATE people SET small = -3, tiny = 5")
        connection.commit()
    assert table.read(TABLE, list) == [{"flag": True, "small": -3, "tiny": 5}]


def test_a_table_is_replaced_as_a_whole(table: Store) -> None:
    table.write(TABLE, [{"name": "old", "age": 1}], list)
    table.write(TABLE, pl.DataFrame({"other": [1.5, 2.5]}), pl.DataFrame)
    assert table.read(TABLE, list) == [{"other": 1.5}, {"other": 2.5}]

    def failing() -> Iterator[dict[str, int]]:
        yield {"number": 1}
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        table.write(TABLE, failing(), None)
    assert table.read(TABLE, list) == [{"other": 1.5}, {"other": 2.5}]


def test_killed_in_the_middle_of_a_table(database: Server, table: Store) -> None:
    """When a part of the rows is in the database already."""
    table.write(TABLE, [{"number": -1}], list)
    there = {"PYTHONPATH": os.pathsep.join([str(install("clients")), os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-c", WRITE]
    with Stalling(database.ports[0], 80_000) as network:
        behind = address(database, network.port)
        with subprocess.Popen([*command, behind], env=there, stderr=subprocess.PIPE, text=True) as writer:
            got_there = network.stalled.wait(30)
            writer.kill()
            _, said = writer.communicate()
    assert got_there, said
    assert table.read(TABLE, list) == [{"number": -1}]
    subprocess.run([*command, address(database)], env=there, check=True, timeout=60)
    assert len(table.read(TABLE, list)) == MANY


def test_a_table_that_is_not_there(table: Store) -> None:
    nothing = Place(store="s", path="nothing/")
    assert not table.exists(nothing)
    with pytest.raises(Problem, match="nothing"):
        table.read(nothing, list)


def test_a_password_that_is_a_secret_of_aws(
    postgres: Server, ministack: Server, aws: Any, clients: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an address of RDS says it; a role without the right to read the secret would end here, too."""
    reached(clouds.aws_environment(ministack.url), monkeypatch)
    signs_in = json.dumps({"username": "glacier", "password": "example"})
    arn = aws("secretsmanager", ministack).create_secret(Name="database", SecretString=signs_in)["ARN"]
    known = f"postgres://{HOST}:{postgres.ports[0]}/glacier?sslmode=disable&secret={arn}"
    store = open_store(known)
    store.write(TABLE, [{"n": 1}], list)
    assert store.read(TABLE, list) == [{"n": 1}]
    wrong = open_store(known.replace(arn, f"{arn}-other"))
    with pytest.raises(Problem, match="holds no user and password"):
        wrong.read(TABLE, list)


@pytest.fixture
def on_valkey(valkey: Server, clients: None) -> Iterator[Store]:
    store = open_store(f"redis://{HOST}:{valkey.ports[0]}/")
    yield store
    store.close()


def test_a_key_of_valkey(on_valkey: Store) -> None:
    place = Place(store="s", path="seen/")
    with pytest.raises(Problem, match="there is nothing yet at"):
        on_valkey.read(place, None)
    for value in ({"a": [1]}, "text", b"\0", [{"n": 1}]):
        on_valkey.write(place, value, None)
        assert on_valkey.read(place, None) == value
        on_valkey._paths.clear()  # type: ignore[attr-defined]  # as another process, which has written nothing
        assert on_valkey.read(place, None) == value
    on_valkey.write(place, pl.DataFrame({"n": [1, 2]}), None)
    assert on_valkey.read(place, list) == [{"n": 1}, {"n": 2}]


Queues = Callable[..., tuple[str, Callable[..., Store]]]


@pytest.fixture(params=["ministack", "moto"])
def sqs(request: pytest.FixtureRequest, aws: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client of the owner's, of one emulator after the other."""
    server: Server = request.getfixturevalue(request.param)
    reached(clouds.aws_environment(server.url), monkeypatch)
    return aws("sqs", server)


@pytest.fixture
def queue_of(sqs: Any, monkeypatch: pytest.MonkeyPatch) -> Queues:
    """Makes a queue; gives its URL, and what opens it for a run."""
    monkeypatch.setattr("glacier.runtime.queues._WAIT", 0)

    def make(name: str, **attributes: str) -> tuple[str, Callable[..., Store]]:
        url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        account = url.split("/")[-2]
        address = f"sqs+https://sqs.{clouds.REGION}.amazonaws.com/{account}/{name}"
        return url, lambda run="one": open_store(address, Who("task", run))

    return make


MESSAGES = Place(store="s", path="calls/")


def test_messages_of_sqs(queue_of: Queues, sqs: Any) -> None:
    url, opened = queue_of("plain", VisibilityTimeout="600")
    sent = [{"number": number, "ü": None} for number in range(25)]
    opened().write(MESSAGES, sent, None)
    reader: Any = opened()
    assert reader.read(MESSAGES, list) == sent
    assert opened().read(MESSAGES, list) == []  # somebody else is reading them
    for handle in reader._taken:  # the time is over, and nobody has said that they are done
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
    again: Any = opened()
    assert again.read(MESSAGES, list) == sent
    taken = list(again._taken)
    again.settle(MESSAGES)
    counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert len(taken) == len(sent)
    assert [counts[f"ApproximateNumberOfMessages{kind}"] for kind in ("", "NotVisible")] == ["0", "0"]


def test_ordered_messages_of_sqs(queue_of: Queues) -> None:
    """A task that is tried again sends each message again, and each is there once."""
    _, opened = queue_of("ordered.fifo", FifoQueue="true", VisibilityTimeout="30")
    sent = [f"call {number}" for number in range(30)]
    opened("one").write(MESSAGES, sent[:12], None)
    opened("one").write(MESSAGES, sent, None)
    opened("two").write(MESSAGES, ["last"], None)
    reader = opened()
    assert reader.read(MESSAGES, list) == [*sent, "last"]
    reader.settle(MESSAGES)


def test_somebody_elses_message(queue_of: Queues, sqs: Any) -> None:
    url, opened = queue_of("foreign")
    sqs.send_message(QueueUrl=url, MessageBody="plain text")
    assert opened().read(MESSAGES, list) == ["plain text"]


def made(server: Server, what: str, **settings: Any) -> str:
    """A topic or a subscription of the emulator's, by its whole name."""
    body = json.dumps(settings).encode()
    request = urllib.request.Request(f"{server.url}/v1/projects/example/{what}", body, method="PUT")
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=30) as answer:
        return str(json.load(answer)["name"])


@pytest.mark.parametrize("ordered", [False, True])
def test_messages_of_pubsub(pubsub: Server, ordered: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Google's own emulator: what is read comes again until the task has succeeded, and each message once."""
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", pubsub.url.removeprefix("http://"))
    topic = made(pubsub, f"topics/calls-{ordered}")
    name = f"subscriptions/calls-{ordered}"
    subscription = made(pubsub, name, topic=topic, ackDeadlineSeconds=10, enableMessageOrdering=ordered)
    address = f"pubsub://{topic}?subscription={subscription}" + ("&ordered=1" if ordered else "")
    sent = [{"number": number, "ü": None} for number in range(25)]
    open_store(address, Who("task", "one")).write(MESSAGES, sent[:7], None)  # a try that was cut short
    open_store(address, Who("task", "one")).write(MESSAGES, sent, None)
    reader: Any = open_store(address)
    assert reader.read(MESSAGES, list) == sent
    reader._channel._call(f"{subscription}:modifyAckDeadline", {"ackIds": reader._taken, "ackDeadlineSeconds": 1})
    again, until, found = open_store(address), time.monotonic() + 30, []
    while not found and time.monotonic() < until:
        found = again.read(MESSAGES, list)
    assert found == sent
    again.settle(MESSAGES)
    assert open_store(address).read(MESSAGES, list) == []
