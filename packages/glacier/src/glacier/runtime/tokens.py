"""Who a task is, as Google Cloud and Azure say it: tokens, asked for when they are needed and kept nowhere.

They are plain requests to an address that only the task itself can reach.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import urlencode

from glacier.runtime import endpoints
from glacier.runtime.endpoints import Denied, Why
from glacier.runtime.problems import NEW, Problem

ACCESS = f"does the task's identity have this access? {NEW}"
_ELSEWHERE = "this runs only in its own cloud"
_SECONDS = 30  # that a cloud may take to answer


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
        what_to_do = ACCESS if error.code < 500 else endpoints.AGAIN
        raise Problem(f"{address} answered {error.code}: {said}", what_to_do) from None
    except OSError as error:
        raise Problem(f"{address} cannot be reached: {error}", _ELSEWHERE) from error


def google_token() -> str:
    """The token of the service account a task runs as (cloud.google.com/compute/docs/access/authenticate-workloads)."""
    url = f"{endpoints.metadata()}/computeMetadata/v1/instance/service-accounts/default/token"
    return _patiently(lambda: _given(url, {"Metadata-Flavor": "Google"}, endpoints.why_plain))


def azure_token(resource: str) -> str:
    """The token of a task's managed identity (learn.microsoft.com/azure/app-service/overview-managed-identity)."""
    return _patiently(lambda: managed(resource))


def managed(resource: str) -> str:
    """The same, asked for once; raises :class:`~glacier.runtime.endpoints.Denied`."""
    url, headers = _identity(resource)
    return _given(url, headers, endpoints.why_oauth)


def _given(url: str, headers: Mapping[str, str], why: Callable[[bytes], Why]) -> str:
    answer = endpoints.ask(url, why, headers=headers)
    return endpoints.read(url.partition("?")[0], answer, lambda body: endpoints.text(body, "access_token"))


def _patiently(give: Callable[[], str]) -> str:
    try:
        return endpoints.again(give)
    except Denied as denied:
        raise Problem(str(denied), denied.what_to_do(ACCESS) if denied.status else _ELSEWHERE) from None


def _identity(resource: str) -> tuple[str, dict[str, str]]:
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
