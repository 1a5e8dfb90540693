"""Azure as configured: its tables of facts, and the module that speaks for each kind of resource."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from glacier.compilation import Compiler
from glacier.infra import Statement, Value
from glacier.tables import Tables
from glacier.target import ComputeKind, Secrets, Shared, Site, StorageKind, Trust
from glacier.terms import Unsupported

from glacier_azure import foundation, secrets, trust, workflow
from glacier_azure.kinds import cache, container, database, document, object_storage, queue, serverless

FUNCTION_APP = '''"""The entry point of every function in this folder: Azure calls it for each message in its queue.

A message is ``{"task": …, "run": …, "answer": URL}``. What raises is tried again, as often as the app's settings say,
and is then put into the second queue; either way the workflow that waits at ``answer`` hears how it ended.
"""

import json
import logging
import time
import urllib.error
import urllib.request

import azure.functions as func
from glacier.runtime.entry import azure_main

app = func.FunctionApp()


@app.function_name("task")
@app.queue_trigger(arg_name="message", queue_name="calls", connection="AzureWebJobsStorage")
def task(message: func.QueueMessage) -> None:
    """Run the task."""
    call = message.get_json()
    answer = call.pop("answer", None)
    azure_main(call)
    report(answer, "Succeeded")


@app.function_name("failed")
@app.queue_trigger(arg_name="message", queue_name="calls-poison", connection="AzureWebJobsStorage")
def failed(message: func.QueueMessage) -> None:
    """Say that every try has failed."""
    report(message.get_json().get("answer"), "Failed")


def report(answer: str | None, status: str) -> None:
    """Tell the workflow, and tell it again rather than run the task again.

    One that has been stopped meanwhile does not listen, which is no failure.
    """
    if answer is None:
        return
    body = json.dumps({"status": status}).encode()
    request = urllib.request.Request(answer, body, {"Content-Type": "application/json"})
    for pause in (1, 10, 60, None):
        try:
            urllib.request.urlopen(request, timeout=60).close()
            return
        except OSError as error:
            if isinstance(error, urllib.error.HTTPError) and error.code < 500:
                logging.warning("the workflow does not wait any more: %s", error)
                return
            if pause is None:
                raise
        time.sleep(pause)
'''

# One task at a time on an instance, since its memory is one task's. How often a call is tried, and for how long, is a
# setting of each app. The bundle is what makes queues known to a host that runs Python.
HOST = """{
  "version": "2.0",
  "extensions": {"queues": {"batchSize": 1, "newBatchThreshold": 0}},
  "extensionBundle": {"id": "Microsoft.Azure.Functions.ExtensionBundle", "version": "[4.*, 5.0.0)"}
}
"""


@dataclass(frozen=True)
class AzureCompiler(Compiler):
    """Compiles pipelines to Microsoft Azure, in one location and, if given, one subscription only.

    ``naming_prefix`` stands before every name; ``tags`` are put on everything that takes tags. Without
    ``subscription_id`` it is the one that whoever deploys has chosen (``az account set``). Raises
    :class:`~glacier.errors.DeclarationError` for a location that Azure does not have.
    """

    provider: ClassVar[str] = "azure"
    place_field: ClassVar[str] = "location"
    tables: ClassVar[Tables] = Tables("glacier_azure")
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
    more_kinds: ClassVar[Sequence[StorageKind | ComputeKind]] = (document,)
    shared_parts: ClassVar[Mapping[str, Shared]] = foundation.PARTS
    trust: ClassVar[Trust | Unsupported] = trust
    secrets: ClassVar[Secrets | Unsupported] = secrets
    how_to_run: ClassVar[Sequence[str]] = (
        'az rest --method post --url "$(pulumi stack output workflow)/triggers/start/run?api-version=2019-05-01"',
    )
    entry: ClassVar[Mapping[str, str]] = {"function_app.py": FUNCTION_APP, "host.json": HOST}
    packages: ClassVar[Sequence[str]] = (  # from 2.0 on it wants Python 3.13
        'azure-functions==1.26.0; python_version < "3.13"',
        'azure-functions==2.3.0; python_version >= "3.13"',
    )
    packages_go: ClassVar[str] = ".python_packages/lib/site-packages"
    tools: ClassVar[Mapping[str, str]] = {
        "command.local.Command": "the [Azure CLI](https://learn.microsoft.com/cli/azure/install-azure-cli), signed in"
        " (`az login`), and `python3`: code is published, and images are built, with them",
        "azure.authorization.RoleAssignment": "the right to assign roles in the subscription (Owner, or Contributor"
        " together with Role Based Access Control Administrator)",
        "azuread.Application": "the right to register applications in the tenant (Application Developer)",
    }

    location: str = "eastus"
    subscription_id: str | None = None

    def preamble(self, site: Site) -> Iterator[Statement]:
        """The provider, tied to the location and, if known, to the subscription."""
        inputs: dict[str, Value] = {"location": self.location, "subscription_id": self.subscription_id}
        yield site.node("azure.Provider", "provider", inputs)

    def workflow(self, stages: Sequence[Sequence[Any]], site: Site) -> Iterator[Statement]:
        """A Logic App that runs the tasks in order."""
        return workflow.emit(stages, site)
