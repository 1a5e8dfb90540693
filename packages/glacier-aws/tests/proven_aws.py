"""Every case on AWS, and its own classes with everything set: what is proven against the real SDKs."""

from __future__ import annotations

from collections.abc import Iterator

from glacier import Dataset, Pipeline
from glacier.compilation import Compiled
from glacier.resource import Resource
from glacier.testing.cases import CASES, on_compute, on_storage
from glacier_aws import AWSCompiler
from glacier_aws.compute import FargateTask, Lambda
from glacier_aws.storage import RDS, S3, SQS, ElastiCache

KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
LAYER = "arn:aws:lambda:us-east-1:123456789012:layer:tools:1"

AWS = AWSCompiler(region="eu-west-1", account_id="123456789012", naming_prefix="Acme", tags={"team": "data"})
PARTICULARS: dict[str, Resource] = {
    "s3-all": S3(
        "example-all", region="us-east-1", prefix="in/", kms_key=KEY, object_lock_enabled=True, lifecycle_days=9
    ),
    "s3-cold": S3(storage_class="DEEP_ARCHIVE", versioning=True, lifecycle_days=900),
    "s3-existing": S3("example-existing", existing=True, kms_key=KEY),
    "rds-all": RDS(
        engine="mysql",
        instance_class="db.m6g.large",
        storage_gb=100,
        identifier="example-books",
        engine_version="8.4.5",
        multi_az=True,
        backup_days=14,
        kms_key=KEY,
    ),
    "elasticache-all": ElastiCache("example-hot", max_gb=10, engine_version="7", snapshot_days=3, kms_key=KEY),
    "sqs-all": SQS("example-jobs.fifo", fifo=True, max_receives=9, visibility_timeout=60, kms_key=KEY),
    "lambda-all": Lambda(layers=[LAYER], reserved_concurrency=2, architecture="arm64", ephemeral_storage=2048),
    "lambda-topic": Lambda(failure_destination="arn:aws:sns:eu-west-1:123456789012:failures", runtime="python3.12"),
    "lambda-nowhere": Lambda(failure_destination="none"),
    "fargate-image": FargateTask(image="public.ecr.aws/docker/library/python:3.13", ephemeral_storage=50),
    "fargate-arm": FargateTask(cpu=2, memory=4096, architecture="arm64"),
}


def far() -> Pipeline:
    """A function inside the network that reads a bucket of another region, into a database."""
    given, rows = (
        Dataset("given", storage=S3("example-far", region="eu-west-1", existing=True)),
        Dataset("rows", storage=RDS()),
    )
    pipeline = Pipeline("far")

    @pipeline.task(compute=Lambda())
    def load(value: given) -> rows:  # type: ignore[valid-type]
        return value

    return pipeline


def everything() -> Iterator[tuple[str, Compiled]]:
    """What is proven, by a name that becomes a folder."""
    for name, case in CASES.items():
        yield f"aws-{name}", AWSCompiler().compile(case())
    for name, resource in PARTICULARS.items():
        make = on_storage if resource.kind in AWS.storage_kinds else on_compute
        yield name, AWS.compile(make(resource))
    yield "aws-far", AWSCompiler().compile(far())
    yield "aws-adopt", AWSCompiler().compile(on_storage(S3("example-adopted")), adopt=True)
