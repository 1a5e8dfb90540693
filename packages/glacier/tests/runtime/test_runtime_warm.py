"""One function's instance is called again and again: connections stay, and nothing else of a call does."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from glacier.errors import TaskError
from glacier.runtime import entry, queues
from glacier.runtime.manifest import Manifest, Place
from glacier.runtime.stores import open_store
from glacier.runtime.who import Who
from guests import Start

MODULE = """\
from pathlib import Path
from typing import Annotated
from glacier import Dataset, Pipeline

numbers, total = Dataset("numbers"), Dataset("total")
pipeline = Pipeline("shop")
read = []


@pipeline.task
def count(x: Annotated[Path, numbers]) -> Annotated[int, total]:
    read.append(x)
    return len(x.read_text())
"""


class Bucket:
    """Objects on loopback, and how often and by whom they were asked for."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.connections = 0
        self.keys: set[str] = set()
        self.hangs_up = False  # when it is asked again over one connection, as if that had been closed meanwhile
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"bucket": self}))
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}).start()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    bucket: Bucket

    def setup(self) -> None:
        super().setup()
        self.bucket.connections += 1
        self.asked = 0

    def do_GET(self) -> None:
        found = self.bucket.objects.get(self.path)
        self._answer(404 if found is None else 200, found or b"")

    def do_PUT(self) -> None:
        self.bucket.objects[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(200, b"")

    def _answer(self, status: int, body: bytes) -> None:
        self.asked += 1
        if self.bucket.hangs_up and self.asked > 1:
            self.close_connection = True
            return
        self.bucket.keys.add(self.headers["Authorization"].partition("Credential=")[2].partition("/")[0])
        self.send_response(status)
        for name, value in (("ETag", '"e"'), ("Last-Modified", "Wed, 21 Oct 2015 07:28:00 GMT")):
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *said: object) -> None:
        pass


@pytest.fixture
def buckets() -> Iterator[list[Bucket]]:
    made = [Bucket(), Bucket()]
    yield made
    for bucket in made:
        bucket.server.shutdown()
        bucket.server.server_close()


@pytest.fixture
def bucket(buckets: list[Bucket], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    """The bucket of a task that counts what is in it, whose folder of code is the current directory."""
    places = {
        "numbers": Place(store="lake", path="numbers.txt", source=True),
        "total": Place(store="lake", path="total.json"),
    }
    tasks = {"count": "shop_that_is_warm:count"}
    manifest = Manifest(pipeline="shop", module="shop_that_is_warm", attribute="pipeline", tasks=tasks, places=places)
    (tmp_path / "manifest.json").write_text(manifest.to_json())
    (tmp_path / "shop_that_is_warm.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    given = {"AWS_ACCESS_KEY_ID": "one", "AWS_SECRET_ACCESS_KEY": "x", "AWS_ALLOW_HTTP": "true"}
    given |= {"NO_PROXY": "127.0.0.1", "AWS_ENDPOINT": buckets[0].url}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("GLACIER_STORE_LAKE", "s3://warm/?region=eu-west-1")
    buckets[0].objects["/warm/numbers.txt"] = b"123"
    yield buckets[0]
    sys.modules.pop("shop_that_is_warm", None)
    for cached in (entry._manifest, entry._step):
        cached.cache_clear()


def test_a_second_call_finds_the_connection_open(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = []
    for run in ("one", "two", "three"):
        monkeypatch.setenv("_X_AMZN_TRACE_ID", f"Root={run}")
        answers.append(entry.run_here("count", run))
    assert bucket.connections < len(answers)  # the client may open a second before the first is back in its pool
    assert [answer["run"] for answer in answers] == ["one", "two", "three"]
    read = sys.modules["shop_that_is_warm"].read
    assert len(set(read)) == 3
    assert not [path for path in read if path.exists() or path.parent.exists()]


def test_a_call_after_one_that_failed(bucket: Bucket) -> None:
    numbers = bucket.objects.pop("/warm/numbers.txt")
    with pytest.raises(TaskError, match="there is no file at"):
        entry.run_here("count", "one")
    bucket.objects["/warm/numbers.txt"] = numbers
    entry.run_here("count", "two")
    assert bucket.objects["/warm/total.json"] == b"3"


def test_another_environment_is_another_client(
    bucket: Bucket, buckets: list[Bucket], monkeypatch: pytest.MonkeyPatch
) -> None:
    entry.run_here("count", None)
    assert bucket.keys == {"one"}
    bucket.keys.clear()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "two")
    entry.run_here("count", None)
    assert bucket.keys == {"two"}
    monkeypatch.setenv("AWS_ENDPOINT", buckets[1].url)
    buckets[1].objects["/warm/numbers.txt"] = b"12345"
    entry.run_here("count", None)
    assert buckets[1].objects["/warm/total.json"] == b"5"
    monkeypatch.setenv("GLACIER_STORE_LAKE", "s3://other/?region=eu-west-1")
    with pytest.raises(TaskError, match=r"there is no file at s3://other/numbers.txt"):
        entry.run_here("count", None)


def test_a_connection_that_was_closed_meanwhile(bucket: Bucket) -> None:
    bucket.hangs_up = True
    for text in (b"1", b"12", b"123"):
        bucket.objects["/warm/numbers.txt"] = text
        entry.run_here("count", None)
        assert bucket.objects["/warm/total.json"] == str(len(text)).encode()
    assert bucket.connections > 3


def test_each_address_has_a_client(bucket: Bucket) -> None:
    addresses = ("s3://warm/in?region=eu-west-1", "s3://other/in?region=eu-west-1", "s3://warm/in?region=us-east-1")
    clients = [open_store(address).bucket._store for address in (*addresses, *addresses)]  # type: ignore[attr-defined]
    assert clients[:3] == clients[3:]
    assert len({id(client) for client in clients}) == 3


@pytest.mark.parametrize(("home", "host"), [("gcp", "aws"), ("aws", "gcp"), ("gcp", "azure")])
def test_a_guest_comes_again_by_the_same_way(start: Start, home: str, host: str) -> None:
    """With its passport, which renews what ends; another storage there is another client."""
    clouds = start(home, host)
    first, again = (open_store(clouds.address(), Who("work", run)) for run in ("one", "two"))
    other = open_store(clouds.address().replace("/in?", "/out?"))
    assert again is not first
    clients = [store.bucket._store for store in (first, again, other)]  # type: ignore[attr-defined]
    assert clients[0] is clients[1] is not clients[2]
    assert clouds.counts["exchange"] == 1


def test_a_queue_knows_its_run_and_its_client_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    made: list[Any] = []

    def send(QueueUrl: str, Entries: list[Any]) -> dict[str, Any]:  # noqa: N803 - boto3's
        sent.extend(entry["MessageAttributes"]["glacier"]["StringValue"] for entry in Entries)
        return {}

    def client(service: str, region_name: str) -> Any:
        made.append(service)
        return SimpleNamespace(send_message_batch=send)

    monkeypatch.setattr(queues, "library", lambda name: SimpleNamespace(client=client))
    for run in ("one", "two"):
        queue = open_store("sqs+https://sqs.eu-west-1.amazonaws.com/1/q", Who("work", run))
        queue.write(Place(store="q", path="messages"), [{"n": 1}], list)
        queue.close()
    assert made == ["sqs"]
    assert sent == ["one/0", "two/0"]
