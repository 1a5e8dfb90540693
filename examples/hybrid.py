"""Hybrid: a bucket that has always been on AWS, a function on Google Cloud, results on Google Cloud.

The bucket is not managed, only read. ``glacier plan examples/hybrid.py`` shows what crosses, and what it costs.
"""

from typing import Annotated

from glacier import Dataset, Pipeline
from glacier.compilation import MultiCloudCompiler
from glacier_aws import AWSCompiler
from glacier_aws.storage import S3
from glacier_gcp import GCPCompiler
from glacier_gcp.compute import CloudFunction
from glacier_gcp.storage import GCS

legacy = Dataset(
    "legacy", storage=S3(bucket="example-legacy-orders", existing=True), format="csv", expected_size="4 GB"
)
scores = Dataset("scores", storage=GCS(bucket="example-customer-scores", versioning=True))

Legacy = Annotated[list[dict[str, str]], legacy]
Scores = Annotated[dict[str, float], scores]

pipeline = Pipeline("hybrid")
compiler = MultiCloudCompiler({"aws": AWSCompiler(region="us-east-1"), "gcp": GCPCompiler(region="us-east4")})


@pipeline.task(compute=CloudFunction(memory=2048), retries=2, expected_duration=120)
def score(rows: Legacy) -> Scores:
    """What each customer spent."""
    spent: dict[str, float] = {}
    for row in rows:
        spent[row["customer"]] = round(spent.get(row["customer"], 0) + float(row["amount"]), 2)
    return spent
