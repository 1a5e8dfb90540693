"""What the cloud that a task runs in says of it, made out for one other cloud and for a short time.

Google Cloud and Azure give tokens to whoever runs as an identity. AWS proves its roles to Google Cloud by a request
for the caller's identity, which the task signs and Google sends; and to Azure by a token of its own, which an account
must have switched on. On AWS this takes botocore, which Lambda brings along.

cloud.google.com/run/docs/securing/service-identity (identity tokens),
learn.microsoft.com/azure/app-service/overview-managed-identity,
cloud.google.com/iam/docs/workload-identity-federation-with-other-clouds (the signed request),
docs.aws.amazon.com/STS/latest/APIReference/API_GetWebIdentityToken.html
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from glacier.runtime import endpoints
from glacier.runtime.libraries import library
from glacier.runtime.problems import Problem
from glacier.runtime.tokens import managed

NAMES: Mapping[str, str] = {"aws": "AWS", "gcp": "Google Cloud", "azure": "Azure"}
# By what each cloud sets in the environment of what it runs: docs.aws.amazon.com/lambda/latest/dg/
# configuration-envvars.html, …/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-fargate.html,
# cloud.google.com/run/docs/container-contract, and the page on managed identities above.
_SIGNS: Mapping[str, tuple[str, ...]] = {
    "aws": ("AWS_LAMBDA_FUNCTION_NAME", "ECS_CONTAINER_METADATA_URI_V4"),
    "gcp": ("K_SERVICE", "CLOUD_RUN_JOB"),
    "azure": ("IDENTITY_ENDPOINT",),
}
_EXCHANGE = "api://AzureADTokenExchange"  # the one audience that Azure takes
_SECONDS = 300  # for which AWS's own token is asked to hold: the most that the trust program allows
_VERSION = "2011-06-15"  # of AWS's token service

JWT = "urn:ietf:params:oauth:token-type:jwt"
SIGNED_REQUEST = "urn:ietf:params:aws:token-type:aws4_request"


class Proof:
    """Who a task is, as its cloud says it: ``text`` is the secret, ``what`` describes it, ``kind`` is its type."""

    __slots__ = ("kind", "text", "what")

    def __init__(self, what: str, text: str, kind: str = JWT) -> None:
        self.what, self.text, self.kind = what, text, kind

    def __repr__(self) -> str:
        return f"<{self.what}>"


def home() -> str:
    """The cloud that this runs in; raises :class:`~glacier.runtime.problems.Problem` when it is none."""
    for cloud, signs in _SIGNS.items():
        if any(os.environ.get(sign) for sign in signs):
            return cloud
    raise Problem(
        "this task comes from another cloud, whose word for it is needed, and runs in none: there is no "
        + ", ".join(sign for signs in _SIGNS.values() for sign in signs),
        "run it where it was compiled for; here, give the address of a storage that needs no guest: file:///FOLDER",
    )


def prove(cloud: str, host: str, known: Mapping[str, str]) -> Proof:
    """What a cloud says to a host of the task that asks; ``known`` is what stands in the storage's address.

    Raises :class:`~glacier.runtime.endpoints.Denied` when the cloud gives nothing, and
    :class:`~glacier.runtime.problems.Problem` when something is missing here.
    """
    maker = _PROOFS.get((cloud, host))
    if maker is None:
        raise Problem(
            f"this task is on {NAMES[cloud]} already, and its storage's address is one for guests",
            "compile again, and deploy all programs",
        )
    return maker(known)


def wanted(known: Mapping[str, str], name: str) -> str:
    """What must stand in an address."""
    try:
        return known[name]
    except KeyError:
        raise Problem(
            f"the storage's address has no {name}=, without which nobody is let in from another cloud",
            "compile again, and deploy all programs",
        ) from None


def _google(audience: str) -> Proof:
    query = urlencode({"audience": audience, "format": "full"})
    url = f"{endpoints.metadata()}/computeMetadata/v1/instance/service-accounts/default/identity?{query}"
    answer = endpoints.ask(url, endpoints.why_plain, headers={"Metadata-Flavor": "Google"})
    token = endpoints.read(url.partition("?")[0], answer, lambda body: body.decode("ascii").strip())
    return Proof(f"the identity token of its service account for {audience}", token)


def _entra(known: Mapping[str, str]) -> Proof:
    audience = wanted(known, "audience")
    return Proof(f"the token of its managed identity for {audience}", managed(audience))


def _signed_request(known: Mapping[str, str]) -> Proof:
    """The provider's name is signed, too: whoever else gets hold of the request cannot use it for another provider."""
    provider = wanted(known, "provider")
    host = f"sts.{_region()}.amazonaws.com"  # Google sends the request itself, so this is nothing to set
    url = f"https://{host}/?Action=GetCallerIdentity&Version={_VERSION}"
    signed = _sign(url, {"host": host, "x-goog-cloud-target-resource": provider}, b"")
    headers = [{"key": _spelt(name), "value": value} for name, value in sorted(signed.items())]
    request = json.dumps({"headers": headers, "method": "POST", "url": url}, separators=(",", ":"))
    return Proof(f"the signed request for its role's identity for {provider}", quote(request, safe=""), SIGNED_REQUEST)


def _spelt(header: str) -> str:
    """A header as Google's own libraries spell it in the request."""
    return header if header == "Authorization" else header.lower()


def _web_identity(known: Mapping[str, str]) -> Proof:
    """AWS's own token; botocore only signs, because a Lambda may bring one that does not know this call yet."""
    url = f"{endpoints.aws(_region())}/"
    form = {
        "Action": "GetWebIdentityToken",
        "Version": _VERSION,
        "Audience.member.1": _EXCHANGE,
        "DurationSeconds": str(_SECONDS),
        "SigningAlgorithm": "RS256",  # the only one that Entra takes
    }
    body = urlencode(form).encode()
    headers = _sign(url, {"Content-Type": "application/x-www-form-urlencoded"}, body)
    answer = endpoints.ask(url, endpoints.why_aws, headers=headers, form=body)
    token = endpoints.read(url, answer, lambda body: endpoints.fields(body)["WebIdentityToken"])
    return Proof(f"the token of its role for {_EXCHANGE}", token)


def _region() -> str:
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if not region:
        raise Problem("there is no AWS_REGION in the environment", "AWS sets it; a container may be given it as env=")
    return region


def _sign(url: str, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
    """The headers of a POST to AWS's token service, signed with the task's own credentials."""
    failing: type[Exception] = library("botocore.exceptions").BotoCoreError
    try:
        # Each time anew: where a function is thawed, its environment has new credentials.
        credentials: Any = library("botocore.session").Session().get_credentials()
    except failing as error:
        raise endpoints.Denied("AWS's credentials", type(error).__name__, str(error), endpoints.PASSING) from None
    if credentials is None:
        raise Problem("AWS gives this task no credentials", "does the function, or the task's definition, have a role?")
    request = library("botocore.awsrequest").AWSRequest(method="POST", url=url, data=body, headers=dict(headers))
    signer = library("botocore.auth").SigV4Auth(credentials.get_frozen_credentials(), "sts", _region())
    signer.add_auth(request)
    return dict(request.headers.items())


_PROOFS: Mapping[tuple[str, str], Callable[[Mapping[str, str]], Proof]] = {
    ("gcp", "aws"): lambda known: _google(wanted(known, "audience")),
    ("gcp", "azure"): lambda known: _google(_EXCHANGE),
    ("azure", "aws"): _entra,
    ("azure", "gcp"): _entra,
    ("aws", "gcp"): _signed_request,
    ("aws", "azure"): _web_identity,
}
