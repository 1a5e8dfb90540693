"""The endpoints that are plain requests, most of which give out tokens: where they are, and what their answers mean.

Where they are can be set, for a private endpoint or a test; all but Glacier's own are the variables of the
clouds' libraries.

========================  ==============================================  ==========================================
variable                  of                                              otherwise
========================  ==============================================  ==========================================
``AWS_ENDPOINT_URL_STS``  AWS's token service                             ``https://sts.REGION.amazonaws.com``
``AZURE_AUTHORITY_HOST``  Entra                                           ``https://login.microsoftonline.com``
``GCE_METADATA_HOST``     Google's metadata server, ``HOST`` or           ``metadata.google.internal``
                          ``HOST:PORT``
``IDENTITY_ENDPOINT``     Azure's identities; Azure sets it
``GLACIER_GOOGLE_STS``    Google's token service                          ``https://sts.googleapis.com``
``PUBSUB_EMULATOR_HOST``  Pub/Sub, ``HOST:PORT`` without TLS              ``https://pubsub.googleapis.com``
========================  ==============================================  ==========================================

docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html,
learn.microsoft.com/python/api/overview/azure/identity-readme (environment variables),
cloud.google.com/python/docs/reference/google-cloud-core/latest/config (GCE_METADATA_HOST)
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

from glacier.runtime.problems import Problem

_SECONDS = 10  # that an endpoint may take to answer

# How often it is worth asking. A refusal stays one; what is passing lasts seconds; what was made just now is known
# everywhere after a minute or two (learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations).
ONCE, PASSING, NOT_YET = 1, 5, 8

# docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html and …/CommonErrors.html
_AWS_PASSING = {"Throttling", "ThrottlingException", "RequestThrottled", "IDPCommunicationError", "ServiceUnavailable"}
# No federated credential with this issuer, audience or subject: there is none, or it is not known everywhere yet; and
# an assertion whose time has passed or not come, which a clock or a slow network does.
# learn.microsoft.com/entra/identity-platform/reference-error-codes
_ENTRA = {70021: NOT_YET, 700211: NOT_YET, 700212: NOT_YET, 700213: NOT_YET, 700024: PASSING}
# The provider is not there, or not yet; cloud.google.com/iam/docs/troubleshooting-workload-identity-federation
_OAUTH = {"invalid_target": NOT_YET, "temporarily_unavailable": PASSING, "server_error": PASSING}

# What may be part of a token: a signature, a JWT, or a run of characters that is longer than any name.
_SECRET = re.compile(r"(?<=Signature=)\w+|eyJ[\w-]+(\.[\w-]+)*|[A-Za-z0-9+/=_%-]{80,}")
_LONGEST = 300  # characters of an answer that are told


class Denied(Exception):
    """An endpoint gives nothing: which, its word for why, what it said, and how often it is worth asking."""

    def __init__(self, endpoint: str, code: str, said: str, tries: int) -> None:
        self.endpoint, self.tries = endpoint, tries
        self.code, self.said = _SECRET.sub("…", code)[:_LONGEST], _SECRET.sub("…", said)[:_LONGEST]
        super().__init__(f"{endpoint}: {code}: {self.said}")


class Why(NamedTuple):
    """An endpoint's reason: its word, what it said, and how often it is worth asking."""

    code: str
    said: str
    tries: int


def aws(region: str) -> str:
    """AWS's token service in a region; the global one gives no tokens for other clouds."""
    return os.environ.get("AWS_ENDPOINT_URL_STS", f"https://sts.{region}.amazonaws.com").rstrip("/")


def google() -> str:
    """Google's token service."""
    return os.environ.get("GLACIER_GOOGLE_STS", "https://sts.googleapis.com").rstrip("/")


def metadata() -> str:
    """Google's metadata server."""
    return f"http://{os.environ.get('GCE_METADATA_HOST', 'metadata.google.internal')}"


def pubsub() -> str:
    """Pub/Sub, or Google's emulator of it (cloud.google.com/pubsub/docs/emulator)."""
    emulator = os.environ.get("PUBSUB_EMULATOR_HOST")
    return f"http://{emulator}" if emulator else "https://pubsub.googleapis.com"


def entra() -> str:
    """Entra, with its scheme, which the variable may leave out."""
    host = os.environ.get("AZURE_AUTHORITY_HOST", "https://login.microsoftonline.com").rstrip("/")
    return host if "://" in host else f"https://{host}"


def ask(
    url: str,
    why: Callable[[bytes], Why],
    *,
    headers: Mapping[str, str] | None = None,
    form: Mapping[str, str] | bytes | None = None,
) -> bytes:
    """What an endpoint answers to a form, or without one to a GET; raises :class:`Denied` unless it is a success."""
    import http.client
    import urllib.error
    import urllib.request  # with TLS and all: a third of the time that importing the runtime takes

    data = urlencode(form).encode() if isinstance(form, Mapping) else form
    request = urllib.request.Request(url, data=data, headers=dict(headers or {}))
    endpoint = url.partition("?")[0]
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as response:
            answer: bytes = response.read()
            return answer
    except urllib.error.HTTPError as error:
        with error:
            reason = why(error.read(10_000))
        tries = max(PASSING, reason.tries) if error.code >= 500 or error.code in (408, 429) else reason.tries
        raise Denied(endpoint, reason.code or str(error.code), reason.said, tries) from None
    except (OSError, http.client.HTTPException) as error:
        raise Denied(endpoint, "no answer", str(error), PASSING) from None


def why_aws(body: bytes) -> Why:
    """The reason in an answer of AWS's."""
    found = fields(body)
    code = found.get("Code", "")
    return Why(code, found.get("Message", _text(body)), PASSING if code in _AWS_PASSING else ONCE)


def why_oauth(body: bytes) -> Why:
    """The reason in an answer of Google's or Entra's (RFC 6749, section 5.2); Entra has numbers, too."""
    try:
        found = json.loads(body)
        code, said, numbers = found["error"], found.get("error_description", ""), found.get("error_codes", ())
        if isinstance(code, Mapping):  # Google's other form: {"error": {"status": …, "message": …}}
            code, said = code.get("status", ""), code.get("message", "")
        tries = max([_OAUTH.get(code, ONCE), *(_ENTRA.get(number, ONCE) for number in numbers)])
    except (ValueError, LookupError, TypeError, AttributeError):
        return Why("", _text(body), ONCE)
    return Why(str(code), str(said).partition("\r")[0], tries)


def why_plain(body: bytes) -> Why:
    """The text of an answer."""
    return Why("", _text(body), ONCE)


def _text(body: bytes) -> str:
    return " ".join(body.decode(errors="replace").split())


def fields(body: bytes) -> dict[str, str]:
    """The texts of an answer of AWS's by the names of their elements; empty for what is no XML."""
    from xml.etree import ElementTree  # for AWS only

    try:
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError:
        return {}
    return {each.tag.rpartition("}")[2]: (each.text or "").strip() for each in root.iter()}


def read(endpoint: str, body: bytes, reader: Callable[[bytes], Any]) -> Any:
    """What a reader makes of an answer; raises :class:`Problem`, which does not show it, when it is something else."""
    try:
        return reader(body)
    except (ValueError, LookupError, TypeError) as error:
        raise Problem(
            f"{endpoint} answered with something that is no token: {type(error).__name__}",
            "is this the endpoint itself, and not a proxy before it?",
        ) from None


def instant(text: str) -> datetime:
    """A time with its zone; raises ``ValueError`` for one without."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("no time zone")
    return found
