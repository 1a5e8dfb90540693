"""Messages: here in SQLite, and what is sent to the queues of a cloud."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from glacier.runtime import queues, tokens
from glacier.runtime.manifest import Place
from glacier.runtime.problems import Problem
from glacier.runtime.queues import PubSub, Queue, Sent, ServiceBus, Sqs, Taken, batches, in_order
from glacier.runtime.stores import open_store


def place() -> Place:
    return Place(store="s", path="my-queue/")


def test_messages_are_there_until_a_task_has_succeeded(tmp_path: Path) -> None:
    address = f"sqlite+messages://{tmp_path}/q.sqlite"
    sender, receiver = open_store(address), open_store(address)
    assert not receiver.exists(place())
    sender.write(place(), [{"a": 1}, "two"], None)
    assert receiver.read(place(), list) == [{"a": 1}, "two"]
    assert receiver.read(place(), list) == [{"a": 1}, "two"]  # the task failed, and is tried again
    receiver.settle(place())
    assert receiver.read(place(), list) == []
    assert receiver.peek(place(), list) == [{"a": 1}, "two"]  # type: ignore[attr-defined]
    sender.write(place(), [3], None)
    assert open_store(address).read(place(), list) == [3]
    with pytest.raises(Problem, match="a queue takes messages"):
        sender.write(place(), {"a": 1}, None)


def sent(*bodies: bytes, run: str = "r") -> list[Sent]:
    return [Sent(f"{run}/{number}", body) for number, body in enumerate(bodies)]


def test_batches() -> None:
    one, two, three, four, five = sent(b"1", b"22", b"333", b"4", b"55555")
    assert list(batches([one, two, three, four, five], 2, 4)) == [[one, two], [three, four], [five]]
    assert list(batches([], 2, 4)) == []


def test_each_message_once_and_in_the_order_it_was_sent() -> None:
    marks = ["b/10", "b/2", "", "a/1", "b/2", "x/y", "a/0", "b/1"]
    found = in_order([Taken(str(number), b"", mark) for number, mark in enumerate(marks)])
    assert [message.mark for message in found] == ["b/1", "b/2", "b/10", "", "a/0", "a/1", "x/y"]


class FakeChannel:
    def __init__(self) -> None:
        self.waiting: list[Taken] = []
        self.removed: list[str] = []

    def send(self, messages: Any) -> None:
        self.waiting += [Taken(str(len(self.waiting) + n), body, mark) for n, (mark, body) in enumerate(messages)]

    def receive(self) -> Any:
        taken, self.waiting = self.waiting[:2], self.waiting[2:]
        return taken

    def remove(self, handles: Any) -> None:
        self.removed += handles


@pytest.mark.parametrize("run", ["r", ""])
def test_a_queue_of_a_cloud(run: str) -> None:
    channel = FakeChannel()
    queue = Queue(channel, "q", run)
    for _ in range(2):  # the task was tried again after it had sent everything
        assert queue.write(place(), [1, {"a": 2}, "x"], None).size == 1 + 8 + 3
    channel.waiting.append(Taken("9", b"not JSON"))
    channel.waiting.reverse()
    assert queue.read(place(), list) == ["not JSON", 1, {"a": 2}, "x"]
    assert channel.removed == []
    queue.settle(place())
    assert sorted(channel.removed) == ["0", "1", "2", "3", "4", "5", "9"]


def test_sqs(monkeypatch: pytest.MonkeyPatch) -> None:
    batch: list[Any] = []

    class Client:
        def send_message_batch(self, **given: Any) -> dict[str, Any]:
            batch.append(given)
            return {"Failed": [{"Message": "too large"}]} if len(given["Entries"]) == 3 else {}

        def receive_message(self, **given: Any) -> dict[str, Any]:
            mark = {"glacier": {"StringValue": "r/0"}}
            others = {"ReceiptHandle": "i", "Body": "x"}
            return {"Messages": [{"ReceiptHandle": "h", "Body": "[1]", "MessageAttributes": mark}, others]}

        def delete_message_batch(self, **given: Any) -> dict[str, Any]:
            batch.append(given)
            return {}

    regions: list[str] = []
    boto = SimpleNamespace(client=lambda service, region_name: regions.append(region_name) or Client())
    monkeypatch.setattr(queues, "library", lambda name: boto)
    plain = Sqs("https://sqs.eu-west-1.amazonaws.com/1/q")
    plain.send(sent(*[b"1"] * 12))
    assert regions == ["eu-west-1"]
    assert [len(each["Entries"]) for each in batch] == [10, 2]
    assert "MessageGroupId" not in batch[0]["Entries"][0]
    with pytest.raises(Problem, match="refused 1 of 3 messages: too large"):
        plain.send(sent(*[b"1"] * 3))
    assert plain.receive() == [Taken("h", b"[1]", "r/0"), Taken("i", b"x")]
    batch.clear()
    plain.remove(["h"] * 11)
    assert [len(each["Entries"]) for each in batch] == [10, 1]
    batch.clear()
    fifo = "https://sqs.eu-west-1.amazonaws.com/1/q.fifo"
    for run in ("one", "one", "two"):
        Sqs(fifo).send(sent(b"1", b"1", run=run))
    once = [[entry["MessageDeduplicationId"] for entry in each["Entries"]] for each in batch]
    assert once[0] == once[1] != once[2]
    assert len(set(once[0])) == 2


def test_pubsub_and_service_bus(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []

    def call(method: str, url: str, *, headers: Any = None, body: Any = None, timeout: int = 0) -> tokens.Answer:
        calls.append((method, url, headers, body))
        if url.endswith(":pull"):
            data = {"data": base64.b64encode(b"[1]").decode(), "attributes": {"glacier": "r/0"}}
            message = {"ackId": "a", "message": data}
            return tokens.Answer(200, {}, json.dumps({"receivedMessages": [message]}).encode())
        return tokens.Answer(201, {"Location": "https://lock", "Glacier": '"r/0"'}, b"[2]")

    monkeypatch.setattr(queues, "call", call)
    monkeypatch.setattr(queues, "google_token", lambda: "g")
    monkeypatch.setattr(queues, "azure_token", lambda resource: "a")
    topic = open_store("pubsub://projects/p/topics/t?subscription=projects/p/subscriptions/s&ordered=1")._channel  # type: ignore[attr-defined]
    assert isinstance(topic, PubSub)
    monkeypatch.setattr(
        topic,
        "_call",
        lambda what, body, real=topic._call: (
            {}
            if what.endswith((":publish", ":acknowledge")) and calls.append((what, body)) is None
            else real(what, body)
        ),
    )
    topic.send(sent(b"1"))
    topic.remove(["a"])
    assert calls[0] == (
        "projects/p/topics/t:publish",
        {"messages": [{"data": "MQ==", "attributes": {"glacier": "r/0"}, "orderingKey": "glacier"}]},
    )
    assert calls[1] == ("projects/p/subscriptions/s:acknowledge", {"ackIds": ["a"]})
    assert topic.receive() == [Taken("a", b"[1]", "r/0")]
    assert calls[2][1] == "https://pubsub.googleapis.com/v1/projects/p/subscriptions/s:pull"
    calls.clear()
    bus = ServiceBus("n.servicebus.windows.net/q", sessions=False)
    bus.send(sent(b'{"a":1}'))
    assert calls[0][2]["glacier"] == '"r/0"'
    assert bus.receive() == [Taken("https://lock", b"[2]", "r/0")]
    bus.remove(["https://lock"])
    assert [(method, url) for method, url, _, _ in calls] == [
        ("POST", "https://n.servicebus.windows.net/q/messages"),
        ("POST", "https://n.servicebus.windows.net/q/messages/head?timeout=2"),
        ("DELETE", "https://lock"),
    ]
    ordered = open_store("servicebus://n.servicebus.windows.net/q?sessions=true")
    with pytest.raises(Problem, match="has sessions"):
        ordered.read(place(), list)


def test_a_request_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Problem, match="cannot be reached"):
        tokens.call("GET", "http://127.0.0.1:9/x?secret=1", timeout=1)
