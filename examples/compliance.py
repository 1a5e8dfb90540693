"""Records that must be kept: AWS's own classes where the rules are strict, generic ones everywhere else."""

from typing import Annotated

from glacier import Dataset, Pipeline
from glacier_aws import AWSCompiler
from glacier_aws.compute import Lambda
from glacier_aws.storage import S3

KEY = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"

ledger = Dataset("ledger", storage=S3(bucket="example-ledger-2024", prefix="exports/", existing=True), format="csv")
sealed = Dataset("sealed", storage=S3(bucket="example-sealed-records", object_lock_enabled=True, kms_key=KEY))
digest = Dataset("digest")

Ledger = Annotated[list[dict[str, str]], ledger]
Sealed = Annotated[list[dict[str, str]], sealed]
Digest = Annotated[dict[str, int], digest]

pipeline = Pipeline("compliance")
compiler = AWSCompiler(region="eu-central-1", account_id="123456789012", tags={"team": "records"})


@pipeline.task(compute=Lambda(memory=2048, architecture="arm64", reserved_concurrency=1, log_retention_days=365))
def seal(rows: Ledger) -> Sealed:
    """Keep what is final."""
    return [row for row in rows if row["state"] == "final"]


@pipeline.task
def count(rows: Sealed) -> Digest:
    """How many records each account has."""
    accounts: dict[str, int] = {}
    for row in rows:
        accounts[row["account"]] = accounts.get(row["account"], 0) + 1
    return accounts
