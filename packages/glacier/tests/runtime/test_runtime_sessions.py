"""A queue of Service Bus that keeps the order, by a stand-in for Azure's client."""

from __future__ import annotations

import sys
import types
from collections import deque
from typing import Any, NamedTuple

import pytest
from glacier.runtime import queues, sessions
from glacier.runtime.manifest import Place
from glacier.runtime.problems import Problem
from glacier.runtime.stores import open_store

ADDRESS = "servicebus+sessions://n.servicebus.windows.net/q"
PLACE = Place(store="s", path="messages/")


class Message(NamedTuple):
    lock_token: int
    body: list[bytes] | bytes


class Bus:
    """One session of one queue, which gives at most two messages at a time."""

    session = "the session"

    def __init__(self) -> None:
        self.waiting: deque[Message] = deque()
        self.completed: list[int] = []
        self.asked: list[Any] = []
        self.renewed: list[Any] = []

    def receive_messages(self, *, max_message_count: int, max_wait_time: int) -> list[Message]:
        return [self.waiting.popleft() for _ in range(min(2, len(self.waiting)))]

    def complete_message(self, message: Message) -> None:
        self.completed.append(message.lock_token)


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Bus:
    made = Bus()

    class Client:
        def __init__(self, namespace: str, credential: sessions.Identity) -> None:
            token = credential.get_token("https://servicebus.azure.net/.default", claims=None)
            made.asked.append((namespace, token[0]))

        def get_queue_receiver(self, queue: str, *, session_id: str) -> Bus:
            made.asked.append((queue, session_id))
            return made

    class Renewer:
        def register(self, receiver: Bus, session: str, *, max_lock_renewal_duration: int) -> None:
            made.renewed.append(session)

    def call(method: str, url: str, *, headers: Any = None, body: Any = None, timeout: int = 0) -> None:
        assert url == "https://n.servicebus.windows.net/q/messages"
        assert headers["BrokerProperties"] == '{"SessionId": "glacier"}'
        number = len(made.waiting) + 1
        said = f"[{body}]".encode()
        made.waiting.append(Message(number, said if number == 1 else [said[:1], said[1:]]))

    module, credentials = types.ModuleType("azure.servicebus"), types.ModuleType("azure.core.credentials")
    module.ServiceBusClient, module.AutoLockRenewer = Client, Renewer  # type: ignore[attr-defined]
    credentials.AccessToken = lambda token, until: (token, until)  # type: ignore[attr-defined]
    for name in ("azure", "azure.core"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, "azure.servicebus", module)
    monkeypatch.setitem(sys.modules, "azure.core.credentials", credentials)
    monkeypatch.setattr(queues, "call", call)
    monkeypatch.setattr(queues, "azure_token", lambda resource: "a")
    monkeypatch.setattr(sessions, "azure_token", lambda resource: f"token for {resource}")
    return made


def test_messages_are_read_in_their_order_and_go_when_the_task_has_succeeded(bus: Bus) -> None:
    store = open_store(ADDRESS)
    store.write(PLACE, [1, 2, 3], list)
    assert store.read(PLACE, list) == [[1], [2], [3]]
    assert bus.asked == [
        ("n.servicebus.windows.net", "token for https://servicebus.azure.net"),
        ("q", "glacier"),
    ]
    assert bus.renewed == ["the session"]
    assert bus.completed == []
    store.settle(PLACE)
    assert bus.completed == [1, 2, 3]
    store.settle(PLACE)
    assert bus.completed == [1, 2, 3]


def test_the_client_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "azure.servicebus", None)
    with pytest.raises(Problem, match="pip install azure-servicebus"):
        open_store(ADDRESS).read(PLACE, list)
