"""A warehouse: a queue of events, a table in a database, a cache for the page that shows it."""

from typing import Annotated

from glacier import Dataset, Pipeline, compute
from glacier.storage import Cache, Database, Queue

events = Dataset("events", storage=Queue(max_receives=5))
stock = Dataset("stock", storage=Database(engine="postgres", size="small"))
front_page = Dataset("front page", storage=Cache(size_mb=256))

Rows = list[dict[str, str | int]]
Events = Annotated[Rows, events]
Stock = Annotated[Rows, stock]
FrontPage = Annotated[dict[str, int], front_page]

pipeline = Pipeline("warehouse")


@pipeline.task
def receive() -> Events:
    """What came in and went out."""
    return [
        {"item": "bolt", "change": 120},
        {"item": "nut", "change": 80},
        {"item": "bolt", "change": -20},
    ]


@pipeline.task(compute=compute.container(cpu=1, memory=2048), retries=1)
def count(messages: Events) -> Stock:
    """What is left of each item."""
    left: dict[str, int] = {}
    for message in messages:
        left[str(message["item"])] = left.get(str(message["item"]), 0) + int(message["change"])
    return [{"item": item, "amount": amount} for item, amount in sorted(left.items())]


@pipeline.task(timeout=30)
def publish(rows: Stock) -> FrontPage:
    """The numbers the front page shows."""
    return {str(row["item"]): int(row["amount"]) for row in rows}
