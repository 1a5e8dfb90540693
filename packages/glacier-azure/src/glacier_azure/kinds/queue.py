"""Queues on Azure: a queue on Service Bus, encrypted, TLS only, without any key, with its dead letters, and kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from glacier.graph import Verb
from glacier.infra import Concat
from glacier.resource import Resource
from glacier.storage import Queue
from glacier.target import Site
from glacier.terms import KEPT, Address, Grant, Made, Meter

from glacier_azure.foundation import resource
from glacier_azure.roles import grant_role

_MONTH = 730  # hours, as Azure counts them


@dataclass(frozen=True, eq=False)
class ServiceBus(Resource):
    """A queue on Service Bus, in the one namespace that a pipeline has.

    With ``queue`` it has exactly that name; without, one made from the pipeline's. ``fifo`` keeps the order of messages
    in a session, which every message is then part of. ``max_receives`` is how often a message is tried before it is set
    aside with the dead letters, which are a part of every queue. ``lock_seconds`` is how long a message that is being
    worked on stays hidden, unless its reader asks for more; ``retention_days`` how long a message waits. ``duplicates``
    is for how many minutes a message with the same id is dropped.
    """

    kind: ClassVar[str] = "queue"
    provider: ClassVar[str | None] = "azure"
    named_by: ClassVar[str | None] = "queue"

    queue: str | None = None
    fifo: bool = False
    max_receives: int = 5
    lock_seconds: int = 300
    retention_days: int = 14
    duplicates: int | None = None


PARTICULAR = ServiceBus


def specialize(generic: Queue) -> ServiceBus:
    """A queue with the same order and the same patience."""
    return ServiceBus(fifo=generic.fifo, max_receives=generic.max_receives)


def emit(spec: ServiceBus, site: Site) -> Iterator[Made]:
    """The queue; its dead letters come with it."""
    yield resource(
        site,
        "azure.servicebus.Queue",
        "queue",
        {
            "namespace_name": site.shared("messages")["namespace"]["name"],
            "queue_name": spec.queue,
            "requires_session": spec.fifo,
            "max_delivery_count": spec.max_receives,
            "lock_duration": f"PT{spec.lock_seconds}S",
            "default_message_time_to_live": f"P{spec.retention_days}D",
            "dead_lettering_on_message_expiration": True,
            "requires_duplicate_detection": True if spec.duplicates is not None else None,
            "duplicate_detection_history_time_window": f"PT{spec.duplicates}M" if spec.duplicates is not None else None,
        },
        main=True,
        tagged=False,
        options=KEPT,
    )


def grant(spec: ServiceBus, grant: Grant, site: Site) -> Iterator[Made]:
    """Taking messages, or sending them; a queue has no parts that could be granted on their own."""
    role = "Azure Service Bus Data Receiver" if grant.verb is Verb.READ else "Azure Service Bus Data Sender"
    yield grant_role(site, grant, role, site.ref("queue", "id"))


def address(spec: ServiceBus, site: Site) -> Address:
    """``servicebus://NAMESPACE.servicebus.windows.net/QUEUE``; ``servicebus+sessions://…`` if it keeps the order."""
    namespace = site.shared("messages")["namespace"]["name"]
    scheme = "servicebus+sessions" if spec.fifo else "servicebus"
    return Address(url=Concat((f"{scheme}://", namespace, ".servicebus.windows.net/", site.ref("queue", "name"))))


def meters(spec: ServiceBus, stored_bytes: int | None) -> Iterator[Meter]:
    """The namespace for every hour, and operations: what is sent, and what is received, by 64 KB."""
    yield Meter(item="queue.service_bus.standard.base", quantity=_MONTH)
    yield Meter(item="queue.service_bus.standard.ops", quantity=None, of="messages")
