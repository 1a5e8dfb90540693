"""Messages in a cloud's queue: SQS, Pub/Sub, Service Bus.

A message is there again after a while unless the task that read it succeeds, so each may come more than once: that is
what these queues promise. Pub/Sub and Service Bus are plain requests; SQS goes through boto3.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol
from urllib.parse import SplitResult, parse_qsl

from glacier.runtime import plain
from glacier.runtime.codecs import in_memory
from glacier.runtime.libraries import library
from glacier.runtime.manifest import Place
from glacier.runtime.messages import messages_of
from glacier.runtime.problems import Problem
from glacier.runtime.tokens import azure_token, call, google_token
from glacier.runtime.who import Who
from glacier.runtime.written import Written

_WAIT = 2  # seconds that a queue is asked to wait for a message before it says there is none
_SQS_BATCH = 10  # docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
_SQS_BYTES = 1_000_000  # of a batch, a little less than the 1 MiB it may have
_PUBSUB_BATCH, _PUBSUB_BYTES = 1000, 7_000_000  # cloud.google.com/pubsub/quotas: 1,000 messages, 10 MB as base64


class Taken(NamedTuple):
    """A message that was read, and by what it is taken away."""

    handle: str
    body: bytes


class Channel(Protocol):
    """One queue of one cloud."""

    def send(self, bodies: Sequence[bytes], /) -> None:
        """Add messages, in this order."""

    def receive(self) -> Sequence[Taken]:
        """The next few messages; none when none waits."""

    def remove(self, handles: Sequence[str], /) -> None:
        """Take messages away for good."""


class Queue:
    """The dataset that a queue keeps."""

    def __init__(self, channel: Channel, address: str) -> None:
        self._channel, self._address = channel, address
        self._taken: list[str] = []

    def read(self, place: Place, wanted: Any) -> Any:
        """Every message that waits, as a list."""
        bodies: list[Any] = []
        while found := self._channel.receive():
            self._taken.extend(message.handle for message in found)
            bodies.extend(_value(message.body) for message in found)
        return in_memory(bodies, wanted)

    def write(self, place: Place, value: Any, wanted: Any) -> Written:
        """Send each item as a message."""
        bodies = messages_of(value)
        self._channel.send(bodies)
        return Written(self._address, sum(map(len, bodies)))

    def exists(self, place: Place) -> bool:
        """A queue is there from when it was made."""
        return True

    def missing(self, place: Place) -> Problem:
        """A queue is there even when it is empty."""
        return Problem(f"there is no queue {self._address}", "is it deployed?")

    def settle(self, place: Place) -> None:
        """Take away what was read."""
        self._channel.remove(self._taken)
        self._taken.clear()

    def close(self) -> None:
        """What was not settled comes again."""


def _value(body: bytes) -> Any:
    try:
        return plain.from_json(body)
    except ValueError:
        return body.decode(errors="replace")  # somebody else's message, as it is


def batches(bodies: Sequence[bytes], most: int, size: int) -> Iterator[list[bytes]]:
    """The bodies in order, at most so many and so many bytes together; a larger one goes alone."""
    batch: list[bytes] = []
    room = size
    for body in bodies:
        if batch and (len(batch) == most or len(body) > room):
            yield batch
            batch, room = [], size
        batch.append(body)
        room -= len(body)
    if batch:
        yield batch


class Sqs:
    """A queue of SQS by its URL; one whose name ends with ``.fifo`` keeps the order."""

    def __init__(self, url: str, run: str) -> None:
        self._url, self._run = url, run
        self._client: Any = library("boto3").client("sqs", region_name=url.split(".")[1])

    def send(self, bodies: Sequence[bytes]) -> None:
        """In batches; the same messages of the same run are taken for one by a queue that keeps the order."""
        number = 0
        for batch in batches(bodies, _SQS_BATCH, _SQS_BYTES):
            entries = []
            for body in batch:
                entry: dict[str, str] = {"Id": str(number), "MessageBody": body.decode()}
                if self._url.endswith(".fifo"):
                    once = hashlib.sha256(f"{self._run}/{number}/".encode() + body).hexdigest()
                    entry |= {"MessageGroupId": "glacier", "MessageDeduplicationId": once}
                entries.append(entry)
                number += 1
            answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
            if failed := answer.get("Failed"):
                raise Problem(
                    f"{self._url} refused {len(failed)} of {len(entries)} messages: {failed[0].get('Message')}"
                )

    def receive(self) -> Sequence[Taken]:
        """Up to ten messages."""
        answer = self._client.receive_message(QueueUrl=self._url, MaxNumberOfMessages=_SQS_BATCH, WaitTimeSeconds=_WAIT)
        return [Taken(each["ReceiptHandle"], each["Body"].encode()) for each in answer.get("Messages", ())]

    def remove(self, handles: Sequence[str]) -> None:
        """In batches."""
        for start in range(0, len(handles), _SQS_BATCH):
            entries = [
                {"Id": str(number), "ReceiptHandle": handle}
                for number, handle in enumerate(handles[start : start + _SQS_BATCH])
            ]
            answer = self._client.delete_message_batch(QueueUrl=self._url, Entries=entries)
            if failed := answer.get("Failed"):
                raise Problem(f"{self._url} did not delete {len(failed)} messages: {failed[0].get('Message')}")


class PubSub:
    """A topic of Pub/Sub to send to, and a subscription to receive from."""

    def __init__(self, topic: str, subscription: str, *, ordered: bool) -> None:
        self._topic, self._subscription, self._ordered = topic, subscription, ordered

    def send(self, bodies: Sequence[bytes]) -> None:
        """In batches; with an order, all have one ordering key."""
        key = {"orderingKey": "glacier"} if self._ordered else {}
        for batch in batches(bodies, _PUBSUB_BATCH, _PUBSUB_BYTES):
            messages = [{"data": base64.b64encode(body).decode(), **key} for body in batch]
            self._call(f"{self._topic}:publish", {"messages": messages})

    def receive(self) -> Sequence[Taken]:
        """Up to a thousand messages."""
        answer = self._call(f"{self._subscription}:pull", {"maxMessages": _PUBSUB_BATCH})
        return [
            Taken(each["ackId"], base64.b64decode(each["message"].get("data", "")))
            for each in answer.get("receivedMessages", ())
        ]

    def remove(self, handles: Sequence[str]) -> None:
        """In batches."""
        for start in range(0, len(handles), _PUBSUB_BATCH):
            self._call(f"{self._subscription}:acknowledge", {"ackIds": list(handles[start : start + _PUBSUB_BATCH])})

    def _call(self, what: str, body: object) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {google_token()}"}
        answer = call("POST", f"https://pubsub.googleapis.com/v1/{what}", headers=headers, body=body, timeout=120)
        found: dict[str, Any] = json.loads(answer.body or b"{}")
        return found


class ServiceBus:
    """A queue of Service Bus (learn.microsoft.com/rest/api/servicebus/message-operations)."""

    def __init__(self, queue: str, *, sessions: bool) -> None:
        self._url, self._sessions = f"https://{queue}", sessions

    def send(self, bodies: Sequence[bytes]) -> None:
        """One by one; with sessions all are in one, which keeps their order."""
        session = {"BrokerProperties": json.dumps({"SessionId": "glacier"})} if self._sessions else {}
        for body in bodies:
            call("POST", f"{self._url}/messages", headers={**self._signed(), **session}, body=json.loads(body))

    def receive(self) -> Sequence[Taken]:
        """The next message, locked."""
        if self._sessions:
            raise Problem(f"{self._url} has sessions, which plain requests cannot read", "Queue(fifo=False)")
        answer = call("POST", f"{self._url}/messages/head?timeout={_WAIT}", headers=self._signed(), timeout=60)
        return [Taken(answer.headers["Location"], answer.body)] if answer.status == 201 else []

    def remove(self, handles: Sequence[str]) -> None:
        """One by one."""
        for lock in handles:
            call("DELETE", lock, headers=self._signed())

    def _signed(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {azure_token('https://servicebus.azure.net')}"}


def sqs(parts: SplitResult, who: Who) -> Queue:
    """``sqs+https://sqs.REGION.amazonaws.com/ACCOUNT/NAME``."""
    url = f"https://{parts.netloc}{parts.path}"
    return Queue(Sqs(url, who.run), url)


def pubsub(parts: SplitResult, who: Who) -> Queue:
    """``pubsub://projects/P/topics/T?subscription=projects/P/subscriptions/S``, with ``ordered=1`` for an order."""
    options, topic = dict(parse_qsl(parts.query)), f"{parts.netloc}{parts.path}"
    return Queue(PubSub(topic, options["subscription"], ordered=options.get("ordered") == "1"), f"pubsub://{topic}")


def service_bus(parts: SplitResult, who: Who) -> Queue:
    """``servicebus://NAMESPACE.servicebus.windows.net/QUEUE``, with ``sessions=true`` for an order."""
    queue = f"{parts.netloc}{parts.path}"
    sessions = dict(parse_qsl(parts.query)).get("sessions") == "true"
    return Queue(ServiceBus(queue, sessions=sessions), f"servicebus://{queue}")
