"""Messages of a Service Bus queue that keeps their order: its sessions can be read by Azure's own client only.

learn.microsoft.com/azure/service-bus-messaging/message-sessions
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import SplitResult

from glacier.runtime.libraries import library
from glacier.runtime.queues import Queue, ServiceBus, Taken
from glacier.runtime.tokens import azure_token
from glacier.runtime.who import Who

_SESSION = "glacier"  # the one that every message is sent in
_WAIT = 2  # seconds that a queue is asked to wait for a message before it says there is none
_BATCH = 100
_LONGEST = 86_400  # seconds for which a session is kept while the task that reads it works
_TOKEN_SECONDS = 300  # after which a token is asked for again; it holds longer


class Identity:
    """The task's managed identity, as Azure's clients want it."""

    def get_token(self, *scopes: str, **options: Any) -> Any:
        """A token for the one scope that is asked for."""
        token = azure_token(scopes[0].removesuffix("/.default"))
        return library("azure.core.credentials").AccessToken(token, int(time.time()) + _TOKEN_SECONDS)

    def close(self) -> None:
        """Nothing is kept open."""


class Sessions(ServiceBus):
    """A queue with sessions: sent to by plain requests, and read in the order in which it was sent to."""

    def __init__(self, queue: str) -> None:
        super().__init__(queue, sessions=True)
        self._namespace, _, self._queue = queue.partition("/")
        self._messages: dict[str, Any] = {}
        self._reader: Any = None

    def receive(self) -> Sequence[Taken]:
        """The next hundred messages at most."""
        found = self._receiver().receive_messages(max_message_count=_BATCH, max_wait_time=_WAIT)
        taken = [Taken(str(message.lock_token), _body(message.body)) for message in found]
        self._messages |= {each.handle: message for each, message in zip(taken, found, strict=True)}
        return taken

    def remove(self, handles: Sequence[str]) -> None:
        """One by one."""
        for handle in handles:
            self._receiver().complete_message(self._messages.pop(handle))

    def _receiver(self) -> Any:
        """Opened once: the session is this reader's alone for as long as the task works."""
        if self._reader is None:
            bus = library("azure.servicebus")
            client = bus.ServiceBusClient(self._namespace, Identity())
            self._reader = client.get_queue_receiver(self._queue, session_id=_SESSION)
            bus.AutoLockRenewer().register(self._reader, self._reader.session, max_lock_renewal_duration=_LONGEST)
        return self._reader


def _body(body: Any) -> bytes:
    """A body comes as it was sent: as bytes, or in pieces."""
    return body if isinstance(body, bytes) else b"".join(body)


def service_bus(parts: SplitResult, who: Who) -> Queue:
    """``servicebus+sessions://NAMESPACE.servicebus.windows.net/QUEUE``."""
    queue = f"{parts.netloc}{parts.path}"
    return Queue(Sessions(queue), f"servicebus://{queue}")
