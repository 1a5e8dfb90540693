"""A small pipeline as its author would write it, and how a test gives a command."""

from collections.abc import Callable

from click.testing import Result

SALES = """\
from typing import Annotated

from glacier import Dataset, Pipeline, compute
from glacier.storage import ObjectStorage

pipeline = Pipeline("sales")

orders = Dataset("orders", storage=ObjectStorage(), format="json", expected_size="2 GB")
clean = Dataset("clean")
report = Dataset("report", storage=ObjectStorage(versioning=True))


@pipeline.task
def collect() -> Annotated[list[int], orders]:
    return [3, 4, 0]


@pipeline.task(compute=compute.serverless(memory=1024), retries=2)
def tidy(rows: Annotated[list[int], orders]) -> Annotated[list[int], clean]:
    return [row for row in rows if row]


@pipeline.task
def summarize(rows: Annotated[list[int], clean], factor: int = 2) -> Annotated[dict[str, int], report]:
    return {"total": sum(rows) * factor}
"""

Command = Callable[..., Result]
