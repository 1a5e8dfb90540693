"""Daily sales: orders are collected, cleaned, and become a report. Names no cloud.

glacier run examples/sales.py
glacier compile examples/sales.py --to aws --out infra
"""

import random
from typing import Annotated

from glacier import Dataset, Pipeline, compute
from glacier.storage import ObjectStorage

pipeline = Pipeline(name="sales")

orders = Dataset("orders", storage=ObjectStorage(access_pattern="infrequent"), format="csv", expected_size="2 GB")
clean = Dataset("clean")
report = Dataset("report", storage=ObjectStorage(versioning=True, aws_storage_class="INTELLIGENT_TIERING"))

Orders = Annotated[list[dict[str, str]], orders]
Clean = Annotated[list[dict[str, float | str]], clean]
Report = Annotated[dict[str, float], report]


@pipeline.task(expected_duration=30)
def collect(day: str = "2024-05-01") -> Orders:
    """Ask the shops for their orders (here: make some up; a few have no amount)."""
    chance = random.Random(day)
    regions = ("north", "south", "east", "west")
    return [
        {"region": chance.choice(regions), "amount": "" if chance.random() < 0.02 else f"{chance.uniform(1, 200):.2f}"}
        for _ in range(1_000)
    ]


@pipeline.task(compute=compute.serverless(memory=1024), retries=2, expected_duration=60)
def tidy(rows: Orders) -> Clean:
    """Drop what has no amount, and make amounts numbers."""
    return [{"region": row["region"], "amount": float(row["amount"])} for row in rows if row["amount"]]


@pipeline.task
def summarize(rows: Clean, digits: int = 2) -> Report:
    """Total by region."""
    totals: dict[str, float] = {}
    for row in rows:
        totals[str(row["region"])] = totals.get(str(row["region"]), 0) + float(row["amount"])
    return {region: round(total, digits) for region, total in sorted(totals.items())}
