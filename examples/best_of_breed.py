"""Best of breed: orders arrive on AWS, are scored on Google Cloud, and are reported on Azure, where people work."""

from typing import Annotated

from glacier import Dataset, Pipeline
from glacier.compilation import MultiCloudCompiler
from glacier_aws import AWSCompiler
from glacier_aws.compute import Lambda
from glacier_aws.storage import S3
from glacier_azure import AzureCompiler
from glacier_azure.compute import AzureFunction
from glacier_azure.storage import BlobStorage
from glacier_gcp import GCPCompiler
from glacier_gcp.compute import CloudFunction
from glacier_gcp.storage import GCS

orders = Dataset("orders", storage=S3(storage_class="STANDARD_IA"), format="csv", expected_size="300 MB")
scores = Dataset("scores", storage=GCS(), expected_size="20 MB")
report = Dataset("report", storage=BlobStorage(tier="Cool"), format="text", expected_size="10 kB")

Orders = Annotated[list[dict[str, str]], orders]
Scores = Annotated[dict[str, float], scores]
Report = Annotated[str, report]

pipeline = Pipeline("best of breed")
compiler = MultiCloudCompiler(
    {
        "aws": AWSCompiler(region="eu-central-1"),
        "gcp": GCPCompiler(region="europe-west3"),
        "azure": AzureCompiler(location="germanywestcentral"),
    }
)


@pipeline.task(compute=Lambda(memory=512, architecture="arm64"))
def receive() -> Orders:
    """Orders of a day (made up)."""
    return [{"customer": f"c{number % 3}", "amount": str(10 * number)} for number in range(9)]


@pipeline.task(compute=CloudFunction(memory=1024), retries=1)
def score(rows: Orders) -> Scores:
    """What each customer is worth."""
    worth: dict[str, float] = {}
    for row in rows:
        worth[row["customer"]] = worth.get(row["customer"], 0) + float(row["amount"])
    return worth


@pipeline.task(compute=AzureFunction(memory=2048))
def write(worth: Scores) -> Report:
    """The best customers first."""
    rows = sorted(worth.items(), key=lambda item: -item[1])
    return "\n".join(f"{customer}: {value:g}" for customer, value in rows) + "\n"
