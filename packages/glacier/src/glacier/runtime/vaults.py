"""Asks a cloud for the value of a secret, by the reference that a task's environment holds.

===================================================  ===================================================
``aws:ARN``                                          a secret of AWS Secrets Manager
``gcp:projects/PROJECT/secrets/NAME``                the latest version of a secret of Secret Manager
``azure:https://VAULT.vault.azure.net/secrets/NAME``  the latest version of a secret of Azure Key Vault
===================================================  ===================================================
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

from glacier.runtime import endpoints
from glacier.runtime.endpoints import Denied
from glacier.runtime.libraries import library
from glacier.runtime.problems import Problem
from glacier.runtime.tokens import ACCESS, azure_token, google_token
from glacier.runtime.warm import warm

T = TypeVar("T")

_NOT_FOUND = 404
_PUT = 'put its value in place: the deployment guide, README.md, has the commands under "Put the secrets in place"'


def fetch(reference: str) -> str:
    """A secret's value; raises :class:`~glacier.runtime.problems.Problem` for one that is not set, or not to be had."""
    value = held(reference)
    if not value:
        raise Problem("is not set", _PUT)
    return value


def held(reference: str) -> str:
    """The same, which is empty where none is set."""
    cloud, _, place = reference.partition(":")
    fetcher = _FETCHERS.get(cloud)
    if fetcher is None:
        # What was given may be the value itself, so it is not in the message.
        known = ", ".join(f"{name}:…" for name in _FETCHERS)
        raise Problem("has an address that nothing here opens", f"an address begins with one of {known}")
    return fetcher(place)


def _aws(arn: str) -> str:
    """docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html."""
    parts = arn.split(":")
    errors = library("botocore.exceptions")
    client = warm(library("boto3").client, "secretsmanager", region_name=parts[3] if len(parts) > 3 else None)
    try:
        answer = client.get_secret_value(SecretId=arn)
    except client.exceptions.ResourceNotFoundException:  # there is no value yet, or no secret
        return ""
    except (errors.ClientError, errors.BotoCoreError) as error:
        raise Problem(f"cannot be read: {error}", ACCESS) from None
    if "SecretString" not in answer:
        raise Problem("holds bytes, and a secret is text", _PUT)
    return str(answer["SecretString"])


def _gcp(name: str) -> str:
    """cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets.versions/access."""
    url = f"https://secretmanager.googleapis.com/v1/{name}/versions/latest:access"
    value = _asked(url, google_token, lambda body: base64.b64decode(endpoints.text(body, "payload", "data"))) or b""
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise Problem("holds bytes, and a secret is text", _PUT) from None


def _azure(url: str) -> str:
    """learn.microsoft.com/rest/api/keyvault/secrets/get-secret/get-secret."""
    token = partial(azure_token, "https://vault.azure.net")
    return _asked(f"{url}?api-version=7.4", token, lambda body: endpoints.text(body, "value")) or ""


def _asked(url: str, token: Callable[[], str], reader: Callable[[bytes], T]) -> T | None:
    """What a reader makes of a vault's answer; ``None`` where there is no value yet, or no secret."""
    try:
        headers = {"Authorization": f"Bearer {token()}"}
        answer = endpoints.again(lambda: endpoints.ask(url, endpoints.why_oauth, headers=headers))
        return endpoints.read(url.partition("?")[0], answer, reader, "secret")
    except Denied as denied:
        if denied.status == _NOT_FOUND:
            return None
        raise Problem(f"cannot be read: {denied}", denied.what_to_do(ACCESS)) from None
    except Problem as problem:
        raise Problem(f"cannot be read: {problem.message}", problem.help) from None


_FETCHERS: Mapping[str, Callable[[str], str]] = {"aws": _aws, "gcp": _gcp, "azure": _azure}
