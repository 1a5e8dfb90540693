"""Pipelines over several clouds that more than one test uses."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Annotated, Any

from glacier import Dataset, Pipeline
from glacier.compilation import Compiled, Compiler, MultiCloudCompiler
from glacier.errors import CrossProviderTransferWarning
from glacier.resource import Resource
from glacier.secrets import Secret
from glacier_aws import AWSCompiler
from glacier_aws.compute import FargateTask, Lambda
from glacier_aws.storage import RDS, S3
from glacier_azure import AzureCompiler
from glacier_azure.compute import AzureFunction, ContainerAppJob
from glacier_azure.storage import BlobStorage, PostgresFlexible
from glacier_gcp import GCPCompiler
from glacier_gcp.compute import CloudFunction, CloudRunJob
from glacier_gcp.storage import GCS, CloudSQL

COMPILERS: Mapping[str, type[Compiler]] = {"aws": AWSCompiler, "gcp": GCPCompiler, "azure": AzureCompiler}
BUCKETS: Mapping[str, type[Resource]] = {"aws": S3, "gcp": GCS, "azure": BlobStorage}
DATABASES: Mapping[str, type[Resource]] = {"aws": RDS, "gcp": CloudSQL, "azure": PostgresFlexible}
FUNCTIONS: Mapping[str, type[Resource]] = {"aws": Lambda, "gcp": CloudFunction, "azure": AzureFunction}
JOBS: Mapping[str, type[Resource]] = {"aws": FargateTask, "gcp": CloudRunJob, "azure": ContainerAppJob}
# Two hosts of one provider; the one that is called like it is there only in a part of them.
PLACES: Mapping[str, Mapping[str, str]] = {
    "aws": {"aws": "us-east-1", "aws-eu": "eu-west-1"},
    "gcp": {"us": "us-central1", "eu": "europe-west4"},
    "azure": {"us": "eastus2", "eu": "westeurope"},
}
PAIRS = [(one, other) for one in COMPILERS for other in COMPILERS if one != other]


def compiler(*clouds: str, **settings: Any) -> MultiCloudCompiler:
    """A compiler for some clouds, each with its defaults."""
    return MultiCloudCompiler({cloud: COMPILERS[cloud]() for cloud in clouds}, **settings)


def quietly(made: MultiCloudCompiler | Compiler, pipeline: Pipeline) -> Compiled:
    """What a pipeline compiles to, without the Python warning that something crosses."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CrossProviderTransferWarning)
        return made.compile(pipeline)


def visit(home: str, host: str, *, works: Mapping[str, type[Resource]] = FUNCTIONS) -> Pipeline:
    """A task on one cloud that reads and writes on another."""
    given, made = Dataset("given", storage=BUCKETS[host]()), Dataset("made", storage=BUCKETS[host]())
    pipeline = Pipeline(f"guest on {host}")

    @pipeline.task(compute=works[home]())
    def work(value: given) -> made:  # type: ignore[valid-type]
        return value

    return pipeline


def doubled(home: str, host: str) -> Compiled:
    """A task of one cloud that reads and writes on another, whose provider is there twice: in two regions."""
    hosts = {name: COMPILERS[host](**{COMPILERS[host].place_field: place}) for name, place in PLACES[host].items()}
    first, second = PLACES[host].values()
    given, made = Dataset("given", storage=_bucket(host, first)), Dataset("made", storage=_bucket(host, second))
    pipeline = Pipeline("doubled")

    @pipeline.task(compute=FUNCTIONS[home]())
    def work(value: given) -> made:  # type: ignore[valid-type]
        return value

    return quietly(MultiCloudCompiler({home: COMPILERS[home](), **hosts}), pipeline)


def _bucket(host: str, place: str) -> Resource:
    """A bucket there, where buckets say where they are; Blob Storage goes to the first of its hosts."""
    field = BUCKETS[host].placed_by
    return BUCKETS[host](**{field: place} if field else {})


def export(home: str, host: str, *, works: Mapping[str, type[Resource]] = FUNCTIONS) -> Pipeline:
    """A task that is inside the network of one cloud because of a database there, and writes on another cloud."""
    rows, made = Dataset("rows", storage=DATABASES[home]()), Dataset("made", storage=BUCKETS[host]())
    pipeline = Pipeline(f"export to {host}")

    @pipeline.task(compute=works[home]())
    def carry(value: rows) -> made:  # type: ignore[valid-type]
        return value

    return pipeline


def round_trip() -> Pipeline:
    """Each cloud reads what the one before wrote, and the first reads what the last wrote."""
    clouds = ("aws", "gcp", "azure", "aws")
    kept = [Dataset(f"d{number}", storage=BUCKETS[cloud]()) for number, cloud in enumerate(clouds)]
    pipeline = Pipeline("round trip")

    @pipeline.task(compute=CloudFunction())
    def one(value: kept[0]) -> kept[1]:  # type: ignore[valid-type]
        return value

    @pipeline.task(compute=AzureFunction())
    def two(value: kept[1]) -> kept[2]:  # type: ignore[valid-type]
        return value

    @pipeline.task(compute=Lambda())
    def three(value: kept[2]) -> kept[3]:  # type: ignore[valid-type]
        return value

    return pipeline


def keys() -> Pipeline:
    """A task on each cloud that is given the same secret, and reads what the one before wrote; one has another, too."""
    first, second, third = (Dataset(f"part {number}", storage=S3()) for number in range(3))
    pipeline = Pipeline("keys")

    @pipeline.task(compute=CloudFunction())
    def one(value: first, key: Annotated[str, Secret("api key")]) -> second:  # type: ignore[valid-type]
        return value

    @pipeline.task(compute=ContainerAppJob())
    def two(value: second, key: str = Secret("api key"), other: str = Secret("other")) -> third:  # type: ignore[valid-type]
        return value

    @pipeline.task(compute=FargateTask())
    def three(value: third, key: str = Secret("api key")) -> None:  # type: ignore[valid-type]
        return None

    return pipeline
