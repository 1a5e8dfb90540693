"""Who a task is, as its cloud says it: tokens and passwords, asked for when they are needed and kept nowhere.

Google's and Azure's are plain requests to an address that only the task itself can reach; AWS's go through boto3,
which Lambda brings along.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

from glacier.runtime import endpoints
from glacier.runtime.libraries import library
from glacier.runtime.problems import Problem

_SECONDS = 30  # that a cloud may take to answer
_TOKEN_SECONDS = 900  # the longest that ElastiCache takes a token for


class Refused(Problem):
    """A cloud answered that it does not do it; ``status`` is the number by which HTTP says why."""

    def __init__(self, message: str, help: str, status: int) -> None:  # noqa: A002 - the word the user reads
        super().__init__(message, help)
        self.status = status


class Answer(NamedTuple):
    """What a cloud answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def call(
    method: str, url: str, *, headers: Mapping[str, str] | None = None, body: object = None, timeout: int = _SECONDS
) -> Answer:
    """One request, whose body is JSON; raises :class:`~glacier.runtime.problems.Problem` unless it succeeds."""
    import urllib.error
    import urllib.request  # with TLS and all: a third of the time that importing the runtime takes

    data = None if body is None else json.dumps(body).encode()
    sent = {"Content-Type": "application/json", **(headers or {})}
    request = urllib.request.Request(url, data=data, headers=sent, method=method)
    address = url.partition("?")[0]
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:
            return Answer(response.status, dict(response.headers.items()), response.read())
    except urllib.error.HTTPError as error:
        with error:
            said = error.read(500).decode(errors="replace")
        raise Refused(
            f"{address} answered {error.code}: {said}", "does the task's identity have this access?", error.code
        ) from None
    except OSError as error:
        raise Problem(f"{address} cannot be reached: {error}", "this runs only in its own cloud") from error


def google_token() -> str:
    """The token of the service account a task runs as (cloud.google.com/compute/docs/access/authenticate-workloads)."""
    url = f"{endpoints.metadata()}/computeMetadata/v1/instance/service-accounts/default/token"
    answer = call("GET", url, headers={"Metadata-Flavor": "Google"})
    return str(json.loads(answer.body)["access_token"])


def azure_token(resource: str) -> str:
    """The token of a task's managed identity (learn.microsoft.com/azure/app-service/overview-managed-identity)."""
    url, headers = azure_request(resource)
    return str(json.loads(call("GET", url, headers=headers).body)["access_token"])


def azure_request(resource: str) -> tuple[str, dict[str, str]]:
    """The address and the headers by which a task's managed identity is asked for a token."""
    try:
        endpoint, header = os.environ["IDENTITY_ENDPOINT"], os.environ["IDENTITY_HEADER"]
    except KeyError as missing:
        raise Problem(
            f"there is no {missing} in the environment", "a managed identity is there only in Azure"
        ) from None
    asked = {"resource": resource, "api-version": "2019-08-01"}
    if client := os.environ.get("AZURE_CLIENT_ID"):
        asked["client_id"] = client
    return f"{endpoint}?{urlencode(asked)}", {"X-IDENTITY-HEADER": header}


def user_and_password(options: Mapping[str, str]) -> tuple[str | None, str | None]:
    """Who signs in to a database, by what its address says: ``secret=``, ``gcp_secret=`` or ``auth=entra``."""
    if arn := options.get("secret"):
        region = arn.split(":")[3]
        client = library("boto3").client("secretsmanager", region_name=region)
        return _pair(client.get_secret_value(SecretId=arn)["SecretString"])
    if name := options.get("gcp_secret"):
        url = f"https://secretmanager.googleapis.com/v1/{name}/versions/latest:access"
        answer = call("GET", url, headers={"Authorization": f"Bearer {google_token()}"})
        return _pair(base64.b64decode(json.loads(answer.body)["payload"]["data"]))
    if options.get("auth") == "entra":
        return os.environ.get("GLACIER_IDENTITY"), azure_token("https://ossrdbms-aad.database.windows.net")
    return None, None


def _pair(secret: str | bytes) -> tuple[str, str]:
    found: dict[str, Any] = json.loads(secret)
    return str(found["username"]), str(found["password"])


def cache_user(options: Mapping[str, str], task: str, verb: str) -> tuple[str | None, str | None]:
    """Who signs in to a cache for ``"reads"`` or ``"writes"``, and with what in place of a password."""
    if "cache" in options:
        slug = "-".join("".join(c if c.isascii() and c.isalnum() else " " for c in task.lower()).split())
        user = f"{options['users']}-{verb}-{hashlib.sha256(slug.encode()).hexdigest()[:12]}"
        return user, _elasticache_token(options["cache"], options["region"], user)
    if options.get("iam") == "gcp":
        return None, google_token()
    if options.get("auth") == "entra":
        return os.environ.get("GLACIER_PRINCIPAL"), azure_token("https://redis.azure.com")
    return None, None


def _elasticache_token(cache: str, region: str, user: str) -> str:
    """A signed request that is never sent (docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth-iam.html)."""
    session = library("boto3").Session()
    signer = library("botocore.signers").RequestSigner(
        library("botocore.model").ServiceId("elasticache"),
        region,
        "elasticache",
        "v4",
        session.get_credentials(),
        session.events,
    )
    query = urlencode({"Action": "connect", "User": user, "ResourceType": "ServerlessCache"})
    request = {"method": "GET", "url": f"https://{cache}/?{query}", "body": {}, "headers": {}, "context": {}}
    url: str = signer.generate_presigned_url(
        request, operation_name="connect", expires_in=_TOKEN_SECONDS, region_name=region
    )
    return url.removeprefix("https://")
