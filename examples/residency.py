"""Residency: patients' data stays in the EU, and so does all that is made of it, until it is released.

Averages over many people may leave: ``averages`` is released, so that the US may read it. Take ``residency="any"``
away, and compiling fails with the way that leads from ``patients`` to the task in the US.
"""

from typing import Annotated

from glacier import Dataset, Pipeline
from glacier.compilation import MultiCloudCompiler
from glacier_aws import AWSCompiler
from glacier_aws.compute import Lambda
from glacier_aws.storage import S3
from glacier_gcp import GCPCompiler
from glacier_gcp.compute import CloudFunction
from glacier_gcp.storage import GCS

patients = Dataset("patients", storage=GCS(bucket="example-patients"), format="csv", residency="eu")
averages = Dataset("averages", storage=GCS(bucket="example-averages"), residency="any")
study = Dataset("study", storage=S3(bucket="example-study-results"))

Patients = Annotated[list[dict[str, str]], patients]
Averages = Annotated[dict[str, float], averages]
Study = Annotated[str, study]

pipeline = Pipeline("study")
compiler = MultiCloudCompiler({"gcp": GCPCompiler(region="europe-west3"), "aws": AWSCompiler(region="us-east-1")})


@pipeline.task(compute=CloudFunction(memory=1024))
def anonymize(rows: Patients) -> Averages:
    """The mean of each group of at least two."""
    groups: dict[str, list[float]] = {}
    for row in rows:
        groups.setdefault(row["group"], []).append(float(row["value"]))
    return {group: sum(values) / len(values) for group, values in groups.items() if len(values) > 1}


@pipeline.task(compute=Lambda(memory=512))
def compare(means: Averages) -> Study:
    """The group with the highest mean."""
    return max(means, key=lambda group: means[group])
