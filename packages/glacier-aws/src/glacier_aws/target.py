"""AWS as configured: its tables of facts, and the module that speaks for each kind of resource."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from glacier.compilation import Compiler
from glacier.infra import Stack, Statement, Value
from glacier.tables import Tables
from glacier.target import ComputeKind, Secrets, Shared, Site, StorageKind, Trust
from glacier.terms import Door, Unsupported

from glacier_aws import foundation, secrets, trust, workflow
from glacier_aws.kinds import cache, container, database, object_storage, queue, serverless

HANDLER = '''"""The entry point of every function in this folder; AWS Lambda calls ``handler``."""

from glacier.runtime.entry import aws_handler as handler

__all__ = ["handler"]
'''


@dataclass(frozen=True)
class AWSCompiler(Compiler):
    """Compiles pipelines to Amazon Web Services, in one region and, if given, one account only.

    ``naming_prefix`` stands before every name; ``tags`` are put on everything that takes tags. Raises
    :class:`~glacier.errors.DeclarationError` for a region that AWS does not have.
    """

    provider: ClassVar[str] = "aws"
    tables: ClassVar[Tables] = Tables("glacier_aws")
    storage_kinds: ClassVar[Mapping[str, StorageKind | Unsupported]] = {
        "object_storage": object_storage,
        "database": database,
        "cache": cache,
        "queue": queue,
    }
    compute_kinds: ClassVar[Mapping[str, ComputeKind | Unsupported]] = {
        "serverless": serverless,
        "container": container,
    }
    shared_parts: ClassVar[Mapping[str, Shared]] = foundation.PARTS
    confined: ClassVar[frozenset[str]] = frozenset({"serverless"})  # containers have public addresses of their own
    doors: ClassVar[Mapping[str, Door]] = foundation.DOORS
    trust: ClassVar[Trust | Unsupported] = trust
    secrets: ClassVar[Secrets | Unsupported] = secrets
    how_to_run: ClassVar[Sequence[str]] = (
        'aws stepfunctions start-execution --state-machine-arn "$(pulumi stack output workflow)"',
    )
    sign_in: ClassVar[str] = "aws ecr get-login-password | docker login --username AWS --password-stdin REGISTRY"
    brings: ClassVar[Mapping[str, Sequence[str]]] = {"serverless": ("boto3", "botocore")}
    tools: ClassVar[Mapping[str, str]] = {
        "aws.ecr.Repository": "Docker, or another builder of images: AWS builds none when deploying",
    }
    entry: ClassVar[Mapping[str, str]] = {"handler.py": HANDLER}

    region: str = "us-east-1"
    account_id: str | None = None

    def preamble(self, site: Site) -> Iterator[Statement]:
        """The provider, tied to the region and, if known, to the account."""
        tags: dict[str, Value] = {
            "glacier:pipeline": site.draft.pipeline,
            "glacier:stack": Stack(),
            **(self.tags or {}),
        }
        inputs: dict[str, Value] = {"region": self.region, "default_tags": {"tags": tags}}
        if self.account_id is not None:
            inputs["allowed_account_ids"] = [self.account_id]
        yield site.node("aws.Provider", "provider", inputs)

    def workflow(self, stages: Sequence[Sequence[Any]], site: Site) -> Iterator[Statement]:
        """A state machine that runs the tasks in order."""
        return workflow.emit(stages, site)
