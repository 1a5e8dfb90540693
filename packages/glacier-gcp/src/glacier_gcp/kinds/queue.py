"""Queues on Google Cloud: a Pub/Sub topic with one subscription, a second pair for dead letters, and both kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from glacier.graph import Verb
from glacier.infra import Concat, Value
from glacier.resource import Resource
from glacier.storage import Queue
from glacier.target import Site
from glacier.terms import KEPT, Address, Grant, Made, Meter

from glacier_gcp.foundation import HELD, apis
from glacier_gcp.policy import grant_member, key_use

_DAY = 86_400  # seconds, in which Pub/Sub counts
_LONGEST = 31  # days a subscription keeps a message (cloud.google.com/pubsub/docs/subscription-properties)


@dataclass(frozen=True, eq=False)
class PubSub(Resource):
    """A topic on Pub/Sub with the one subscription that tasks read from.

    With ``topic`` it has exactly that name; without, one made from the pipeline's. ``enable_message_ordering`` keeps
    the order of messages with one ordering key. ``max_delivery_attempts`` is about how often a message is tried before
    it is set aside with the dead letters, ``ack_deadline`` how many seconds its reader has, and ``retention_days`` how
    long it waits. ``kms_key`` is the name of a key of yours.
    """

    kind: ClassVar[str] = "queue"
    provider: ClassVar[str | None] = "gcp"
    named_by: ClassVar[str | None] = "topic"

    topic: str | None = None
    enable_message_ordering: bool = False
    max_delivery_attempts: int = 5
    ack_deadline: int = 600
    retention_days: int = 7
    kms_key: str | None = None


PARTICULAR = PubSub


def specialize(generic: Queue) -> PubSub:
    """A topic with the same order and the same patience."""
    return PubSub(enable_message_ordering=generic.fifo, max_delivery_attempts=generic.max_receives)


def emit(spec: PubSub, site: Site) -> Iterator[Made]:
    """The dead letters first, then the topic and the subscription that sends them there."""
    ready = apis(site, "pubsub")
    if spec.kms_key is not None:
        ready = (*ready, key_use(site, spec.kms_key, "pubsub-agent"))
    common: dict[str, Value] = {
        "kms_key_name": spec.kms_key,
        "message_storage_policy": {"allowed_persistence_regions": [site.target.region]},
    }
    kept = replace(KEPT, depends_on=ready)
    letters = site.node("gcp.pubsub.Topic", "deadletters", common, options=kept)
    forever: Value = {"ttl": ""}  # a subscription that nobody reads for a month is deleted otherwise
    unread = site.node(
        "gcp.pubsub.Subscription",
        "unread",
        {
            "topic": letters["id"],
            "message_retention_duration": f"{_LONGEST * _DAY}s",
            "expiration_policy": forever,
        },
        options=KEPT,
        comment="What is published to a topic without a subscription is gone.",
    )
    topic = site.node("gcp.pubsub.Topic", "topic", {"name": spec.topic, **common}, main=True, options=kept)
    subscription = site.node(
        "gcp.pubsub.Subscription",
        "subscription",
        {
            "topic": topic["id"],
            "ack_deadline_seconds": spec.ack_deadline,
            "enable_message_ordering": True if spec.enable_message_ordering else None,
            "message_retention_duration": f"{spec.retention_days * _DAY}s",
            "expiration_policy": forever,
            "retry_policy": {"minimum_backoff": "10s", "maximum_backoff": "600s"},
            "dead_letter_policy": {
                "dead_letter_topic": letters["id"],
                "max_delivery_attempts": spec.max_delivery_attempts,
            },
        },
        main=True,
        options=KEPT,
    )
    yield from (letters, unread, topic, subscription)
    # Pub/Sub itself moves the dead letters, by its own account (cloud.google.com/pubsub/docs/handling-failures).
    who: Value = site.shared("pubsub-agent")["identity"]["member"]
    puts: dict[str, Value] = {"topic": letters["name"], "role": "roles/pubsub.publisher", "member": who}
    takes: dict[str, Value] = {"subscription": subscription["name"], "role": "roles/pubsub.subscriber", "member": who}
    yield site.node("gcp.pubsub.TopicIAMMember", "puts", puts, options=HELD)
    yield site.node("gcp.pubsub.SubscriptionIAMMember", "takes", takes, options=HELD)


def grant(spec: PubSub, grant: Grant, site: Site) -> Iterator[Made]:
    """Taking messages, or sending them; a topic has no parts that could be granted on their own."""
    if grant.verb is Verb.READ:
        on: dict[str, Value] = {"subscription": site.ref("subscription", "name"), "role": "roles/pubsub.subscriber"}
        yield grant_member(site, grant, "gcp.pubsub.SubscriptionIAMMember", on)
    else:
        on = {"topic": site.ref("topic", "name"), "role": "roles/pubsub.publisher"}
        yield grant_member(site, grant, "gcp.pubsub.TopicIAMMember", on)


def address(spec: PubSub, site: Site) -> Address:
    """``pubsub://projects/P/topics/T?subscription=projects/P/subscriptions/S``, and ``&ordered=1`` with an order.

    Who writes in order gives every message the same ordering key.
    """
    topic, subscription = site.ref("topic", "id"), site.ref("subscription", "id")
    ordered = ("&ordered=1",) if spec.enable_message_ordering else ()
    return Address(url=Concat(("pubsub://", topic, "?subscription=", subscription, *ordered)))


def meters(spec: PubSub, stored_bytes: int | None) -> Iterator[Meter]:
    """What is sent and what is taken, by its size."""
    yield Meter(item="queue.pubsub.throughput", quantity=None, of="messages")
