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
import random
import re
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple, TypeVar
from urllib.parse import urlencode

from glacier.runtime import logs
from glacier.runtime.problems import Problem

T = TypeVar("T")

AGAIN = "run it again, and look whether the task's network lets it out"
_SECONDS = 10  # that an endpoint may take to answer

# How often it is worth asking. A refusal stays one; what is passing lasts seconds; what was made just now is known
# everywhere after a minute or two, mostly (``problems.NEW``). A cloud answers alike for trust that is not there and for
# trust that is not there *yet*, so each answer that says of what the trust program makes that it is missing, or that it
# believes somebody else, is waited for; one that says that what was shown is itself no good is not.
ONCE, PASSING, NOT_YET = 1, 5, 8
_WAITS = (1, 2, 4, 8, 15, 30, 30)  # seconds between one try and the next; as many as the most tries, less one

# No such role, one that believes somebody else, or a policy that does not allow the call; no such provider, or one for
# other audiences: docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html, …/CommonErrors.html
_AWS = {
    **dict.fromkeys(("AccessDenied", "InvalidIdentityToken"), NOT_YET),
    **dict.fromkeys(("Throttling", "ThrottlingException", "RequestThrottled"), PASSING),
    **dict.fromkeys(("IDPCommunicationError", "ServiceUnavailable"), PASSING),
}
# No federated credential with this issuer, audience or subject; no such identity; no application to make a token out
# for, or none that the task was assigned to. And an assertion whose time has passed or not come, which a clock or a
# slow network does. learn.microsoft.com/entra/identity-platform/reference-error-codes
_ENTRA = {
    **dict.fromkeys(("70021", "700211", "700212", "700213", "700016", "500011", "501051"), NOT_YET),
    "700024": PASSING,
}
# No such provider, or one whose condition is for somebody else
# (cloud.google.com/iam/docs/troubleshooting-workload-identity-federation).
_OAUTH = {
    **dict.fromkeys(("invalid_target", "unauthorized_client"), NOT_YET),
    **dict.fromkeys(("temporarily_unavailable", "server_error"), PASSING),
}

_AADSTS = re.compile(r"AADSTS(\d+)")

# What may be part of a token: a signature, a JWT, or a run of characters that is longer than any name.
_SECRET = re.compile(r"(?<=Signature=)\w+|eyJ[\w-]+(\.[\w-]+)*|[A-Za-z0-9+/=_%-]{80,}")
_LONGEST = 300  # characters of an answer that are told


class Denied(Exception):
    """An endpoint gives nothing: which, its word for why, what it said, and how often it is worth asking.

    ``status`` is HTTP's number, 0 when there was no answer; ``asked`` is how often it was.
    """

    def __init__(self, endpoint: str, code: str, said: str, tries: int, status: int = 0) -> None:
        self.endpoint, self.tries, self.status, self.asked = endpoint, tries, status, 1
        self.code, self.said = _SECRET.sub("…", code)[:_LONGEST], _SECRET.sub("…", said)[:_LONGEST]
        super().__init__(endpoint, self.code, self.said)

    @property
    def answer(self) -> str:
        """What it answered, and how often."""
        said = f"{self.code}: {self.said}" if self.said else self.code
        return f"answered {said} ({self.asked} times)" if self.asked > 1 else f"answered {said}"

    def __str__(self) -> str:
        return f"{self.endpoint} {self.answer}"

    def what_to_do(self, otherwise: str) -> str:
        """To run it again, if this may pass, and else what only those know who have asked."""
        return AGAIN if self.tries == PASSING else otherwise


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


def again(work: Callable[[], T]) -> T:
    """What is given by some work that asks, which is done as often as it is worth; raises the last :class:`Denied`.

    The log says of each wait why it is: a task may have less time than that.
    """
    for asked, wait in enumerate((*_WAITS, 0), start=1):
        try:
            return work()
        except Denied as denied:
            denied.asked = asked
            if asked >= denied.tries:
                raise
            seconds = wait * random.uniform(0.7, 1.0)  # not all tasks of a stage at once
            logs.current().event("waiting", level="warning", reason=str(denied), seconds=seconds)
        time.sleep(seconds)
    raise AssertionError("the last try either succeeds or raises")


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
        raise Denied(endpoint, reason.code or str(error.code), reason.said, tries, error.code) from None
    except (OSError, http.client.HTTPException) as error:
        raise Denied(endpoint, "no answer", str(error), PASSING) from None


def why_aws(body: bytes) -> Why:
    """The reason in an answer of AWS's."""
    found = fields(body)
    code = found.get("Code", "")
    return Why(code, found.get("Message", _text(body)), _AWS.get(code, ONCE))


def why_oauth(body: bytes) -> Why:
    """The reason in an answer of Google's or Azure's (RFC 6749, section 5.2); Entra has numbers, too."""
    whole = _text(body)
    tries = max([ONCE, *(_ENTRA.get(number, ONCE) for number in _AADSTS.findall(whole))])
    try:
        found = json.loads(body)
        code, said = found["error"], found.get("error_description", "")
        if isinstance(code, Mapping):  # their other form: {"error": {"status": …, "code": …, "message": …}}
            code, said = code.get("status") or code.get("code", ""), code.get("message", "")
        tries = max(tries, _OAUTH.get(code, ONCE))
    except (ValueError, LookupError, TypeError, AttributeError):
        return Why("", whole, tries)
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


def read(endpoint: str, body: bytes, reader: Callable[[bytes], T], what: str = "token") -> T:
    """What a reader makes of an answer; raises :class:`Problem`, which does not show it, when it is something else."""
    try:
        return reader(body)
    except (ValueError, LookupError, TypeError) as error:
        raise Problem(
            f"{endpoint} answered with something that is no {what}: {type(error).__name__}",
            "is this the endpoint itself, and not a proxy before it?",
        ) from None


def text(body: bytes, *names: str) -> str:
    """A text in an answer that is JSON, by the names that lead there."""
    found = json.loads(body)
    for name in names:
        found = found[name]
    if not isinstance(found, str):
        raise TypeError(f"{names[-1]} is no text")
    return found


def instant(text: str) -> datetime:
    """A time with its zone; raises ``ValueError`` for one without."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("no time zone")
    return found
