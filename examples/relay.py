"""Relay: measurements go from AWS to Google Cloud, from there to Azure, and back: each cloud works on the last one's.

No key is stored anywhere. ``glacier compile examples/relay.py`` writes three programs, and a fourth, ``trust``: all
that one cloud may do in another.
"""

from collections.abc import Iterable
from typing import Annotated, Any

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

measured = Dataset("measured", storage=S3(), format="csv")
valid = Dataset("valid", storage=GCS(), format="json")
means = Dataset("means", storage=BlobStorage(), format="json")
report = Dataset("report", storage=S3(), format="json")

pipeline = Pipeline("relay")
compiler = MultiCloudCompiler({"aws": AWSCompiler(), "gcp": GCPCompiler(), "azure": AzureCompiler()})


@pipeline.task(compute=CloudFunction())
def check(rows: Annotated[Iterable[dict[str, str]], measured]) -> Annotated[list[dict[str, Any]], valid]:
    """Rows with a number, as numbers."""
    return [{"city": row["city"], "degrees": float(row["degrees"])} for row in rows if row["degrees"]]


@pipeline.task(compute=AzureFunction())
def average(rows: Annotated[list[dict[str, Any]], valid]) -> Annotated[dict[str, float], means]:
    """The mean of each city."""
    by_city: dict[str, list[float]] = {}
    for row in rows:
        by_city.setdefault(row["city"], []).append(row["degrees"])
    return {city: round(sum(found) / len(found), 3) for city, found in by_city.items()}


@pipeline.task(compute=Lambda())
def rank(found: Annotated[dict[str, float], means]) -> Annotated[list[tuple[str, float]], report]:
    """The warmest city first."""
    return sorted(found.items(), key=lambda each: -each[1])
