"""Google Cloud as configured: its tables of facts, and the module that speaks for each kind of resource."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from glacier.compilation import Compiler
from glacier.errors import reject
from glacier.infra import Statement, Value
from glacier.tables import Tables, matches
from glacier.target import ComputeKind, Secrets, Shared, Site, StorageKind, Trust
from glacier.terms import Unsupported

from glacier_gcp import foundation, secrets, trust, workflow
from glacier_gcp.kinds import cache, container, database, object_storage, queue, serverless
from glacier_gcp.kinds.serverless import ENTRY

HANDLER = '''"""The entry point of every function in this folder; Google Cloud calls ``handler``."""

from glacier.runtime.entry import gcp_handler as handler

__all__ = ["handler"]
'''


@dataclass(frozen=True)
class GCPCompiler(Compiler):
    """Compiles pipelines to Google Cloud, in one region of one project; without ``project``, the stack is told which.

    ``naming_prefix`` stands before every name; ``tags`` become labels of everything that takes labels. Raises
    :class:`~glacier.errors.DeclarationError` for a region that Google Cloud does not have, a project's id or a label
    that cannot be one, and a prefix that no name may begin with.
    """

    provider: ClassVar[str] = "gcp"
    tables: ClassVar[Tables] = Tables("glacier_gcp")
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
    trust: ClassVar[Trust | Unsupported] = trust
    secrets: ClassVar[Secrets | Unsupported] = secrets
    how_to_run: ClassVar[Sequence[str]] = ('gcloud workflows run "$(pulumi stack output workflow)"',)
    egress: ClassVar[Mapping[str, str]] = {
        "storage": "network.egress.internet.gcs",
        "compute": "network.egress.internet.cloud_run",
    }
    builds: ClassVar[bool] = True
    entry: ClassVar[Mapping[str, str]] = {ENTRY: HANDLER}
    packages: ClassVar[Sequence[str]] = ("functions-framework==3.10.2",)
    tools: ClassVar[Mapping[str, str]] = {
        "gcp.Provider": "the [gcloud CLI](https://cloud.google.com/sdk/docs/install), signed in: it starts the workflow"
        " and builds images; in a new project, `gcloud services enable serviceusage.googleapis.com"
        " cloudresourcemanager.googleapis.com`",
        "gcp.projects.IAMCustomRole": "the right to make roles in the project (Role Administrator)",
        # cloud.google.com/iam/docs/manage-workload-identity-pools-providers (organization policy constraints)
        "gcp.iam.WorkloadIdentityPoolProvider": "an organization whose policy lets the project believe other clouds:"
        " where it sets `iam.workloadIdentityPoolProviders`, this allows `https://sts.amazonaws.com` for AWS and the"
        " tenant's issuer for Azure, and `iam.workloadIdentityPoolAwsAccounts` the AWS account",
    }

    project: str | None = None
    region: str = "us-central1"

    def __post_init__(self) -> None:
        Compiler.__post_init__(self)
        if self.naming_prefix and not self.naming_prefix[0].isalpha():
            reject(
                "name", f"naming_prefix={self.naming_prefix!r} does not begin with a letter", help="'team-1', not '1'"
            )
        self._fits("project", self.project or "example-project")
        for key, value in (self.tags or {}).items():
            self._fits("label", key)
            self._fits("value", value)

    def _fits(self, what: str, text: str) -> None:
        """Refuse a text that the table of limits does not let be a project's id, a label or a label's value."""
        rule = self.tables.limits["Project", what]
        if rule.pattern is not None and not matches(rule.pattern, text):
            reject(what, f"{text!r} cannot be a {what} on Google Cloud", help=rule.help)

    def preamble(self, site: Site) -> Iterator[Statement]:
        """The provider, tied to the project and the region."""
        inputs: dict[str, Value] = {
            "project": foundation.project(site),
            "region": self.region,
            "default_labels": foundation.labels(site),
            "add_pulumi_attribution_label": False,
        }
        yield site.node("gcp.Provider", "provider", inputs)

    def workflow(self, stages: Sequence[Sequence[Any]], site: Site) -> Iterator[Statement]:
        """A workflow that runs the tasks in order."""
        return workflow.emit(stages, site)
