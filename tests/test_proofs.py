"""Every case and every example, for every cloud that has them, against the real SDKs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType

import pytest
from glacier.compilation import Compiled
from glacier.testing.cases import CASES, on_compute, on_storage
from glacier_aws import AWSCompiler
from glacier_aws.compute import FargateTask, Lambda
from glacier_aws.storage import S3

KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
LAYER = "arn:aws:lambda:us-east-1:123456789012:layer:tools:1"

AWS = AWSCompiler(region="eu-west-1", account_id="123456789012", naming_prefix="Acme", tags={"team": "data"})
PARTICULARS = {
    "s3-all": S3(
        "example-all", region="us-east-1", prefix="in/", kms_key=KEY, object_lock_enabled=True, lifecycle_days=9
    ),
    "s3-cold": S3(storage_class="DEEP_ARCHIVE", versioning=True, lifecycle_days=900),
    "s3-existing": S3("example-existing", existing=True, kms_key=KEY),
    "lambda-all": Lambda(layers=[LAYER], reserved_concurrency=2, architecture="arm64", ephemeral_storage=2048),
    "lambda-topic": Lambda(failure_destination="arn:aws:sns:eu-west-1:123456789012:failures", runtime="python3.12"),
    "fargate-image": FargateTask(image="public.ecr.aws/docker/library/python:3.13", ephemeral_storage=50),
}


def everything(examples: Mapping[str, ModuleType]) -> Iterator[tuple[str, Compiled]]:
    """What is proven, by a name that becomes a folder."""
    for name, case in CASES.items():
        yield f"aws-{name}", AWSCompiler().compile(case())
    for name, module in examples.items():
        yield f"example-{name}", getattr(module, "compiler", AWSCompiler()).compile(module.pipeline)
    for name, resource in PARTICULARS.items():
        make = on_storage if resource.kind == "object_storage" else on_compute
        yield name, AWS.compile(make(resource))
    yield "aws-adopt", AWSCompiler().compile(on_storage(S3("example-adopted")), adopt=True)


@pytest.mark.slow
def test_generated_programs_are_right(examples: Mapping[str, ModuleType], tmp_path: Path) -> None:
    # Imported here, since it brings Pulumi, which the quick loop does without.
    from glacier.testing.proofs import prove

    compiled = dict(everything(examples))
    assert len(compiled) > 20
    problems = prove(compiled, tmp_path)
    assert not problems, "\n".join(problems[:40])
