"""AWS keeps the contract of every provider."""

from __future__ import annotations

from glacier.testing.cases import on_compute
from glacier.testing.contract import ProviderContract
from glacier_aws import AWSCompiler
from glacier_aws.compute import FargateTask, Lambda
from glacier_aws.storage import RDS, S3, SQS, ElastiCache

KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
LAYER = "arn:aws:lambda:us-east-1:123456789012:layer:tools:1"


class TestAWS(ProviderContract):
    compiler = AWSCompiler()
    changes = {
        (S3, "bucket"): "example-bucket-1",
        (S3, "region"): "eu-west-1",
        (S3, "prefix"): "in/",
        (S3, "storage_class"): "GLACIER_IR",
        (S3, "versioning"): True,
        (S3, "kms_key"): KEY,
        (S3, "object_lock_enabled"): True,
        (S3, "existing"): True,
        (S3, "encryption"): False,
        (S3, "lifecycle_days"): 90,
        (Lambda, "memory"): 2048,
        (Lambda, "timeout"): 60,
        (Lambda, "layers"): [LAYER],
        (Lambda, "reserved_concurrency"): 5,
        (Lambda, "architecture"): "arm64",
        (Lambda, "ephemeral_storage"): 1024,
        (Lambda, "runtime"): "python3.12",
        (Lambda, "env"): {"MODE": "fast"},
        (Lambda, "requirements"): ["tabulate==0.9.0"],
        (Lambda, "log_retention_days"): 90,
        (Lambda, "failure_destination"): "none",
        (FargateTask, "cpu"): 2.0,
        (FargateTask, "memory"): 8192,
        (FargateTask, "image"): "public.ecr.aws/docker/library/python:3.13",
        (FargateTask, "timeout"): 60,
        (FargateTask, "env"): {"MODE": "fast"},
        (FargateTask, "requirements"): ["tabulate==0.9.0"],
        (FargateTask, "architecture"): "arm64",
        (FargateTask, "ephemeral_storage"): 50,
        (FargateTask, "log_retention_days"): 90,
        (RDS, "engine"): "mysql",
        (RDS, "instance_class"): "db.m6g.large",
        (RDS, "storage_gb"): 100,
        (RDS, "identifier"): "example-books",
        (RDS, "engine_version"): "16",
        (RDS, "multi_az"): True,
        (RDS, "backup_days"): 14,
        (RDS, "database"): "books",
        (RDS, "kms_key"): KEY,
        (RDS, "authority"): "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n",
        (ElastiCache, "name"): "example-hot",
        (ElastiCache, "max_gb"): 10,
        (ElastiCache, "engine_version"): "7",
        (ElastiCache, "snapshot_days"): 3,
        (ElastiCache, "kms_key"): KEY,
        (SQS, "name"): "example-jobs",
        (SQS, "fifo"): True,
        (SQS, "max_receives"): 9,
        (SQS, "visibility_timeout"): 60,
        (SQS, "retention_days"): 9,
        (SQS, "kms_key"): KEY,
    }
    complete = {(S3, "existing"): {"bucket": "example-bucket-1"}}

    def test_settings_that_lambda_keeps_for_itself(self) -> None:
        for name in ("AWS_REGION", "LAMBDA_TASK_ROOT", "_HANDLER", "A", "A-B"):
            (said,) = self.compiler.plan(on_compute(Lambda(env={name: "x"}))).diagnostics
            assert said.message.startswith(f"Lambda.env: {name!r} ")
        assert not self.compiler.plan(on_compute(Lambda(env={"MODE": "x", "B2": "y"}))).diagnostics
