"""A migration in three phases: only the line that compiles changes, and what stays is not renamed.

glacier compile examples/migration.py --with on_aws    --out infra-1
glacier compile examples/migration.py --with on_both   --out infra-2
glacier compile examples/migration.py --with on_google --out infra-3
glacier diff infra-1 infra-2
"""

from typing import Annotated

from glacier import Dataset, Pipeline, compute
from glacier.compilation import MultiCloudCompiler
from glacier.storage import ObjectStorage
from glacier_aws import AWSCompiler
from glacier_gcp import GCPCompiler

orders = Dataset("orders", storage=ObjectStorage(resource_name="orders"), format="csv", expected_size="1 GB")
clean = Dataset("clean", storage=ObjectStorage(resource_name="warehouse"))
report = Dataset("report", storage=ObjectStorage(resource_name="reports"))

Orders = Annotated[list[dict[str, str]], orders]
Clean = Annotated[list[dict[str, str]], clean]
Report = Annotated[dict[str, int], report]

pipeline = Pipeline("migration")

aws, gcp = AWSCompiler(region="eu-west-1"), GCPCompiler(region="europe-west1")
on_aws = MultiCloudCompiler({"aws": aws})
on_both = MultiCloudCompiler({"aws": aws, "gcp": gcp}, default_provider="aws")
on_google = MultiCloudCompiler({"gcp": gcp})


@pipeline.task
def collect() -> Orders:
    """Orders of a day (made up)."""
    return [{"item": item, "count": str(number)} for number, item in enumerate(("bolt", "nut", "", "bolt"))]


@pipeline.task(compute=compute.serverless(memory=1024))
def tidy(rows: Orders) -> Clean:
    """Orders of something."""
    return [row for row in rows if row["item"]]


@pipeline.task
def count(rows: Clean) -> Report:
    """How many of each."""
    totals: dict[str, int] = {}
    for row in rows:
        totals[row["item"]] = totals.get(row["item"], 0) + int(row["count"])
    return totals
