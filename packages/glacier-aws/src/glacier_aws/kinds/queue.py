"""Queues on AWS: an SQS queue with a second one for dead letters, both encrypted, TLS only, and kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from glacier.errors import Diagnostic
from glacier.graph import Verb
from glacier.infra import Concat, Json, Value
from glacier.resource import Resource
from glacier.storage import Queue
from glacier.target import Site
from glacier.terms import KEPT, Address, Grant, Made, Meter

from glacier_aws.foundation import DAY, LONGEST, refuse_plain
from glacier_aws.policy import role_policy, statement


@dataclass(frozen=True, eq=False)
class SQS(Resource):
    """A queue on SQS.

    With ``name`` it has exactly that name (a FIFO queue's ends in ``.fifo``); without, one made from the pipeline's.
    ``max_receives`` is how often a message is tried before it is set aside with the dead letters.
    ``visibility_timeout`` is how many seconds a message that is being worked on stays hidden: at least six times what
    its reader may take (docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html). ``retention_days`` is how
    long a message waits. ``kms_key`` is the ARN of a key of yours; without, SQS encrypts with its own.
    """

    kind: ClassVar[str] = "queue"
    provider: ClassVar[str | None] = "aws"
    named_by: ClassVar[str | None] = "name"

    name: str | None = None
    fifo: bool = False
    max_receives: int = 5
    visibility_timeout: int = 1800
    retention_days: int = 4
    kms_key: str | None = None


PARTICULAR = SQS


def specialize(generic: Queue) -> SQS:
    """A queue with the same order and the same patience."""
    return SQS(fifo=generic.fifo, max_receives=generic.max_receives)


def review(spec: SQS) -> Iterator[Diagnostic]:
    """A FIFO queue says so in its name, and no other does."""
    if spec.name is not None and spec.name.endswith(".fifo") != spec.fifo:
        stem = spec.name.removesuffix(".fifo")
        yield Diagnostic(
            code="name",
            message=f"SQS(name={spec.name!r}, fifo={spec.fifo}): FIFO queues' names end in '.fifo', and no others'",
            help=f"name={stem + ('.fifo' if spec.fifo else '')!r}, or fifo={not spec.fifo}",
        )


def emit(spec: SQS, site: Site) -> Iterator[Made]:
    """The dead letters first, then the queue that sends them there."""
    common: dict[str, Value] = {
        "fifo_queue": True if spec.fifo else None,
        "kms_master_key_id": spec.kms_key,
        "sqs_managed_sse_enabled": True if spec.kms_key is None else None,
    }
    # A dead letter keeps the age it had, so its queue keeps messages for longer than the other.
    letters = site.node(
        "aws.sqs.Queue", "deadletters", {**common, "message_retention_seconds": LONGEST * DAY}, options=KEPT
    )
    yield letters
    queue = site.node(
        "aws.sqs.Queue",
        "queue",
        {
            "name": spec.name,
            **common,
            "visibility_timeout_seconds": spec.visibility_timeout,
            "message_retention_seconds": spec.retention_days * DAY,
            "receive_wait_time_seconds": 20,
            "redrive_policy": Json({"deadLetterTargetArn": letters["arn"], "maxReceiveCount": spec.max_receives}),
        },
        main=True,
        options=KEPT,
    )
    yield queue
    yield site.node(
        "aws.sqs.RedriveAllowPolicy",
        "redrive",
        {
            "queue_url": letters["url"],
            "redrive_allow_policy": Json({"redrivePermission": "byQueue", "sourceQueueArns": [queue["arn"]]}),
        },
    )
    yield refuse_plain(site, queue, "policy")
    yield refuse_plain(site, letters, "deadletters-policy")


def grant(spec: SQS, grant: Grant, site: Site) -> Iterator[Made]:
    """Taking messages, or sending them; a queue has no parts that could be granted on their own."""
    if grant.verb is Verb.READ:
        actions = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"]
    else:
        actions = ["sqs:SendMessage"]
    statements = [statement(actions, [site.ref("queue", "arn")])]
    if spec.kms_key is not None:
        # docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
        uses = ["kms:Decrypt"] if grant.verb is Verb.READ else ["kms:Decrypt", "kms:GenerateDataKey"]
        statements.append(statement(uses, [spec.kms_key]))
    yield role_policy(site, grant, *statements)


def address(spec: SQS, site: Site) -> Address:
    """``sqs+https://sqs.REGION.amazonaws.com/ACCOUNT/NAME``: the queue's own URL, marked as a queue's."""
    return Address(url=Concat(("sqs+", site.ref("queue", "url"))), door="queue_endpoint")


def meters(spec: SQS, stored_bytes: int | None) -> Iterator[Meter]:
    """Requests; each message takes three, and one more for every further 64 KB."""
    yield Meter(item=f"queue.{'fifo' if spec.fifo else 'standard'}", quantity=None, of="messages")
