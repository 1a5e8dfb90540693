"""Messages in a cloud's queue: SQS, Pub/Sub, Service Bus.

A message is there again after a while unless the task that read it succeeds. Each carries a *mark*, the run that sent
it and its number there: by it a reader puts messages into the order in which they were sent, and knows one that a task
sent again when it was tried again. Pub/Sub and Service Bus are plain requests; SQS goes through boto3.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
import uuid
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol
from urllib.parse import SplitResult, parse_qsl

from glacier.runtime import endpoints, plain
from glacier.runtime.codecs import in_memory
from glacier.runtime.libraries import library
from glacier.runtime.manifest import Place
from glacier.runtime.messages import messages_of
from glacier.runtime.problems import Problem
from glacier.runtime.tokens import azure_token, call, google_token
from glacier.runtime.warm import warm
from glacier.runtime.who import Who
from glacier.runtime.written import Written

_WAIT = 2  # seconds that a queue is asked to wait for a message before it says there is none
_PUBSUB_PAUSES = (0.2, 0.5, 1)  # seconds between answers of Pub/Sub that there is none
_SQS_BATCH = 10  # docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
_SQS_BYTES = 1_000_000  # of a batch, a little less than the 1 MiB it may have
_PUBSUB_BATCH, _PUBSUB_BYTES = 1000, 7_000_000  # cloud.google.com/pubsub/quotas: 1,000 messages, 10 MB as base64


_MARK = "glacier"


class Sent(NamedTuple):
    """A message to be sent, with its mark."""

    mark: str
    body: bytes


class Taken(NamedTuple):
    """A message that was read, by what it is taken away, and its mark; somebody else's message has none."""

    handle: str
    body: bytes
    mark: str = ""


class Channel(Protocol):
    """One queue of one cloud."""

    def send(self, messages: Sequence[Sent], /) -> None:
        """Add messages, in this order."""

    def receive(self) -> Sequence[Taken]:
        """The next few messages; none when none waits."""

    def remove(self, handles: Sequence[str], /) -> None:
        """Take messages away for good."""


class Queue:
    """The dataset that a queue keeps."""

    def __init__(self, channel: Channel, address: str, run: str = "") -> None:
        self._channel, self._address, self._run = channel, address, run or uuid.uuid4().hex
        self._taken: list[str] = []

    def read(self, place: Place, wanted: Any) -> Any:
        """Every message that waits, as a list."""
        taken: list[Taken] = []
        while found := self._channel.receive():
            self._taken.extend(message.handle for message in found)
            taken.extend(found)
        return in_memory([_value(message.body) for message in in_order(taken)], wanted)

    def write(self, place: Place, value: Any, wanted: Any) -> Written:
        """Send each item as a message."""
        bodies = messages_of(value)
        self._channel.send([Sent(f"{self._run}/{number}", body) for number, body in enumerate(bodies)])
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


def in_order(taken: Sequence[Taken]) -> list[Taken]:
    """Each message once: those of a run in the order in which it sent them, runs and others as they came."""
    ranks: dict[str, int] = {}
    kept: dict[tuple[int, int], Taken] = {}
    for arrival, message in enumerate(taken):
        run, slash, number = message.mark.rpartition("/")
        is_ours = bool(slash) and number.isdigit()
        rank = ranks.setdefault(run if is_ours else f"/{arrival}", arrival)
        kept.setdefault((rank, int(number) if is_ours else 0), message)
    return [message for _, message in sorted(kept.items())]


def batches(messages: Sequence[Sent], most: int, size: int) -> Iterator[list[Sent]]:
    """The messages in order, at most so many and so many bytes together; a larger one goes alone."""
    batch: list[Sent] = []
    room = size
    for message in messages:
        if batch and (len(batch) == most or len(message.body) > room):
            yield batch
            batch, room = [], size
        batch.append(message)
        room -= len(message.body)
    if batch:
        yield batch


class Sqs:
    """A queue of SQS by its URL; one whose name ends with ``.fifo`` takes the same message of the same run once.

    There each message is a group of its own: of a group that is being read no more is given
    (docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html), and a
    reader here takes all before it removes any. The marks keep the order.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._client: Any = warm(library("boto3").client, "sqs", region_name=url.split(".")[1])

    def send(self, messages: Sequence[Sent]) -> None:
        """In batches."""
        for batch in batches(messages, _SQS_BATCH, _SQS_BYTES):
            entries = [self._entry(str(number), message) for number, message in enumerate(batch)]
            answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
            if failed := answer.get("Failed"):
                count = f"{len(failed)} of {len(entries)}"
                raise Problem(f"{self._url} refused {count} messages: {failed[0].get('Message')}")

    def _entry(self, number: str, message: Sent) -> dict[str, Any]:
        mark = {_MARK: {"DataType": "String", "StringValue": message.mark}}
        entry: dict[str, Any] = {"Id": number, "MessageBody": message.body.decode(), "MessageAttributes": mark}
        if self._url.endswith(".fifo"):
            once = hashlib.sha256(message.mark.encode() + b"/" + message.body).hexdigest()
            entry |= {"MessageGroupId": once, "MessageDeduplicationId": once}
        return entry

    def receive(self) -> Sequence[Taken]:
        """Up to ten messages."""
        answer = self._client.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=_SQS_BATCH,
            WaitTimeSeconds=_WAIT,
            MessageAttributeNames=[_MARK],
        )
        return [
            Taken(
                each["ReceiptHandle"],
                each["Body"].encode(),
                each.get("MessageAttributes", {}).get(_MARK, {}).get("StringValue", ""),
            )
            for each in answer.get("Messages", ())
        ]

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

    def send(self, messages: Sequence[Sent]) -> None:
        """In batches; with an order, all have one ordering key."""
        key = {"orderingKey": "glacier"} if self._ordered else {}
        for batch in batches(messages, _PUBSUB_BATCH, _PUBSUB_BYTES):
            sent = [
                {"data": base64.b64encode(body).decode(), "attributes": {_MARK: mark}, **key} for mark, body in batch
            ]
            self._call(f"{self._topic}:publish", {"messages": sent})

    def receive(self) -> Sequence[Taken]:
        """Up to a thousand messages; an empty answer is believed when it comes several times.

        A pull that waits does so for a minute and more, and one that is given up goes on to take messages, for nobody.
        So none waits, though Google would rather have it (``return_immediately`` in
        cloud.google.com/pubsub/docs/reference/rpc/google.pubsub.v1#pullrequest).
        """
        for pause in (*_PUBSUB_PAUSES, None):
            asked = {"maxMessages": _PUBSUB_BATCH, "returnImmediately": True}
            answer = self._call(f"{self._subscription}:pull", asked)
            if pause is None or answer.get("receivedMessages"):
                break
            time.sleep(pause)
        return [
            Taken(
                each["ackId"],
                base64.b64decode(each["message"].get("data", "")),
                each["message"].get("attributes", {}).get(_MARK, ""),
            )
            for each in answer.get("receivedMessages", ())
        ]

    def remove(self, handles: Sequence[str]) -> None:
        """In batches."""
        for start in range(0, len(handles), _PUBSUB_BATCH):
            self._call(f"{self._subscription}:acknowledge", {"ackIds": list(handles[start : start + _PUBSUB_BATCH])})

    def _call(self, what: str, body: object) -> dict[str, Any]:
        at = endpoints.pubsub()
        # An emulator asks for no token, and none is sent without TLS.
        headers = {"Authorization": f"Bearer {google_token()}"} if at.startswith("https://") else {}
        answer = call("POST", f"{at}/v1/{what}", headers=headers, body=body, timeout=60)
        found: dict[str, Any] = json.loads(answer.body or b"{}")
        return found


class ServiceBus:
    """A queue of Service Bus (learn.microsoft.com/rest/api/servicebus/message-operations)."""

    def __init__(self, queue: str, *, sessions: bool) -> None:
        self._url, self._sessions = f"https://{queue}", sessions

    def send(self, messages: Sequence[Sent]) -> None:
        """One by one; with sessions all are in one, which keeps their order."""
        session = {"BrokerProperties": json.dumps({"SessionId": "glacier"})} if self._sessions else {}
        for mark, body in messages:
            headers = {**self._signed(), **session, _MARK: json.dumps(mark)}
            call("POST", f"{self._url}/messages", headers=headers, body=json.loads(body))

    def receive(self) -> Sequence[Taken]:
        """The next message, locked."""
        if self._sessions:
            raise Problem(f"{self._url} has sessions, which plain requests cannot read", "Queue(fifo=False)")
        answer = call("POST", f"{self._url}/messages/head?timeout={_WAIT}", headers=self._signed(), timeout=60)
        if answer.status != 201:
            return []
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return [Taken(headers["location"], answer.body, headers.get(_MARK, "").strip('"'))]

    def remove(self, handles: Sequence[str]) -> None:
        """One by one."""
        for lock in handles:
            call("DELETE", lock, headers=self._signed())

    def _signed(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {azure_token('https://servicebus.azure.net')}"}


def sqs(parts: SplitResult, who: Who) -> Queue:
    """``sqs+https://sqs.REGION.amazonaws.com/ACCOUNT/NAME``."""
    url = f"https://{parts.netloc}{parts.path}"
    return Queue(Sqs(url), url, who.run)


def pubsub(parts: SplitResult, who: Who) -> Queue:
    """``pubsub://projects/P/topics/T?subscription=projects/P/subscriptions/S``, with ``ordered=1`` for an order."""
    options, topic = dict(parse_qsl(parts.query)), f"{parts.netloc}{parts.path}"
    channel = PubSub(topic, options["subscription"], ordered=options.get("ordered") == "1")
    return Queue(channel, f"pubsub://{topic}", who.run)


def service_bus(parts: SplitResult, who: Who) -> Queue:
    """``servicebus://NAMESPACE.servicebus.windows.net/QUEUE``, with ``sessions=true`` for an order."""
    queue = f"{parts.netloc}{parts.path}"
    sessions = dict(parse_qsl(parts.query)).get("sessions") == "true"
    return Queue(ServiceBus(queue, sessions=sessions), f"servicebus://{queue}", who.run)
