"""Cost: the same large data read where it lies, or abroad; a small result may go wherever it is wanted.

``glacier plan examples/costs.py --with careless`` warns of 500 GB that cross clouds each night;
``--with careful`` runs the heavy task where its data is, so that a few kilobytes cross instead.
"""

from typing import Annotated

from glacier import Dataset, Pipeline, compute
from glacier.compilation import MultiCloudCompiler
from glacier.storage import ObjectStorage
from glacier_aws import AWSCompiler
from glacier_aws.storage import S3
from glacier_gcp import GCPCompiler
from glacier_gcp.storage import GCS

events = Dataset(
    "events",
    storage=S3(bucket="example-clickstream", storage_class="INTELLIGENT_TIERING"),
    format="json",
    expected_size="500 GB",
)
visits = Dataset("visits", storage=ObjectStorage(access_pattern="infrequent"), expected_size="40 kB")
board = Dataset("board", storage=GCS(bucket="example-dashboards"), expected_size="4 kB")

Events = Annotated[list[dict[str, str]], events]
Visits = Annotated[dict[str, int], visits]
Board = Annotated[list[str], board]

pipeline = Pipeline("clicks")

aws, gcp = AWSCompiler(region="us-east-1"), GCPCompiler(region="us-east4")
careless = MultiCloudCompiler({"aws": aws, "gcp": gcp}, default_provider="gcp")
careful = MultiCloudCompiler({"aws": aws, "gcp": gcp}, default_provider="aws")


@pipeline.task(compute=compute.serverless(memory=4096, timeout=540), expected_duration=400)
def reduce(rows: Events) -> Visits:
    """Visits of each page: much goes in, little comes out."""
    pages: dict[str, int] = {}
    for row in rows:
        pages[row["page"]] = pages.get(row["page"], 0) + 1
    return pages


@pipeline.task(expected_duration=2)
def rank(pages: Visits) -> Board:
    """The pages, most visited first."""
    return [f"{count} {page}" for page, count in sorted(pages.items(), key=lambda item: (-item[1], item[0]))]
