"""Asks a cloud for the value of a secret, by the reference that a task's environment holds.

===================================================  ===================================================
``aws:ARN``                                          a secret of AWS Secrets Manager
``gcp:projects/PROJECT/secrets/NAME``                the latest version of a secret of Secret Manager
``azure:https://VAULT.vault.azure.net/secrets/NAME``  the latest version of a secret of Azure Key Vault
===================================================  ===================================================
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from functools import partial

from glacier.runtime.libraries import library
from glacier.runtime.problems import Problem
from glacier.runtime.tokens import Refused, azure_token, call, google_token
from glacier.runtime.warm import warm

_NOT_FOUND = 404
_PUT = 'put its value in place: the deployment guide, README.md, has the commands under "Put the secrets in place"'


def fetch(reference: str) -> str:
    """A secret's value; raises :class:`~glacier.runtime.problems.Problem` for one that is not set, or not to be had."""
    cloud, _, place = reference.partition(":")
    fetcher = _FETCHERS.get(cloud)
    if fetcher is None:
        # What was given may be the value itself, so it is not in the message.
        known = ", ".join(f"{name}:…" for name in _FETCHERS)
        raise Problem("has an address that nothing here opens", f"an address begins with one of {known}")
    value = fetcher(place)
    if not value:
        raise Problem("is not set", _PUT)
    return value


def _aws(arn: str) -> str:
    """docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html."""
    parts = arn.split(":")
    errors = library("botocore.exceptions")
    client = warm(library("boto3").client, "secretsmanager", region_name=parts[3] if len(parts) > 3 else None)
    try:
        answer = client.get_secret_value(SecretId=arn)
    except client.exceptions.ResourceNotFoundException:  # there is no value yet, or no secret
        raise Problem("is not set", _PUT) from None
    except (errors.ClientError, errors.BotoCoreError) as error:
        raise _unreadable(str(error)) from None
    if "SecretString" not in answer:
        raise Problem("holds bytes, and a secret is text", _PUT)
    return str(answer["SecretString"])


def _gcp(name: str) -> str:
    """cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets.versions/access."""
    url = f"https://secretmanager.googleapis.com/v1/{name}/versions/latest:access"
    held = base64.b64decode(json.loads(_asked(url, google_token))["payload"]["data"])
    try:
        return held.decode()
    except UnicodeDecodeError:
        raise Problem("holds bytes, and a secret is text", _PUT) from None


def _azure(url: str) -> str:
    """learn.microsoft.com/rest/api/keyvault/secrets/get-secret/get-secret."""
    return str(json.loads(_asked(f"{url}?api-version=7.4", partial(azure_token, "https://vault.azure.net")))["value"])


def _asked(url: str, token: Callable[[], str]) -> bytes:
    try:
        headers = {"Authorization": f"Bearer {token()}"}
    except Problem as problem:
        raise _unreadable(problem.message) from None
    try:
        return call("GET", url, headers=headers).body
    except Problem as problem:
        if isinstance(problem, Refused) and problem.status == _NOT_FOUND:
            raise Problem("is not set", _PUT) from None
        raise _unreadable(problem.message) from None


def _unreadable(why: str) -> Problem:
    return Problem(f"cannot be read: {why}", "does the task's identity have this access?")


_FETCHERS: Mapping[str, Callable[[str], str]] = {"aws": _aws, "gcp": _gcp, "azure": _azure}
