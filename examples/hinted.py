"""Hints: any cloud will do, and on its own cloud each hint counts; on the others it changes nothing.

glacier compile examples/hinted.py --to aws
glacier compile examples/hinted.py --to gcp
glacier compile examples/hinted.py --to azure
"""

from typing import Annotated

from glacier import Dataset, Pipeline, compute
from glacier.storage import ObjectStorage

rare = ObjectStorage(
    resource_name="measurements",
    access_pattern="infrequent",
    aws_storage_class="ONEZONE_IA",
    gcp_storage_class="COLDLINE",
    azure_tier="Cold",
)
raw = Dataset("raw", storage=rare, format="csv", expected_size="12 GB")
daily = Dataset("daily")

Raw = Annotated[list[dict[str, str]], raw]
Daily = Annotated[dict[str, float], daily]

pipeline = Pipeline("measurements")
roomy = compute.serverless(
    memory=2048, timeout=240, aws_architecture="arm64", gcp_max_instances=10, azure_max_instances=40
)


@pipeline.task
def measure(days: int = 3) -> Raw:
    """One reading every six hours (made up)."""
    return [
        {"day": f"2024-05-{day:02}", "level": str(day * 10 + hour)} for day in range(1, days + 1) for hour in (0, 6)
    ]


@pipeline.task(compute=roomy, expected_duration=90)
def average(rows: Raw) -> Daily:
    """The mean of each day."""
    by_day: dict[str, list[float]] = {}
    for row in rows:
        by_day.setdefault(row["day"], []).append(float(row["level"]))
    return {day: sum(levels) / len(levels) for day, levels in by_day.items()}
