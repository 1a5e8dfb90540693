"""Lets a task into another cloud: what its own cloud says of it is exchanged for credentials that hold for an hour.

The host believes exactly this task because the trust program says so; nothing is stored. Credentials are kept until
they are about to end, for all storages that a task has there, and are then exchanged anew.

docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html,
cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token,
learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow (with a federated credential)
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from glacier.runtime import endpoints
from glacier.runtime.endpoints import Denied
from glacier.runtime.problems import NEW, Problem
from glacier.runtime.proofs import NAMES, Proof, home, prove, wanted

# obstore asks again when less than this is left (four minutes for Google Cloud, five for the others).
_MARGIN = timedelta(minutes=5)
_HOLDS = 3600  # seconds that a role is taken for: the longest that the trust program allows

_HOSTS: Mapping[str, str] = {"s3": "aws", "gs": "gcp", "az": "azure"}
_TRUST = f"deploy the program trust, which says who is let in, after all others: pulumi up in its folder; {NEW}"
_ON = "switch it on, once in an account: aws iam enable-outbound-web-identity-federation"
_DISABLED = "OutboundWebIdentityFederationDisabledException"


def passport(scheme: str, known: Mapping[str, str], options: Mapping[str, str]) -> Passport:
    """The passport of this task for the storages of one kind; one that is there already is used again.

    ``known`` is what a guest must know, from the storage's address; ``options`` is what else stands there.
    """
    told = {**known, "region": options.get("region", "us-east-1")} if scheme == "s3" else known
    return _passport(_HOSTS[scheme], tuple(sorted(told.items())))


@cache
def _passport(host: str, known: tuple[tuple[str, str], ...]) -> Passport:
    return Passport(host, dict(known))


class Passport:
    """What obstore calls for credentials; whoever comes while they are being asked for waits for the same ones."""

    def __init__(self, host: str, known: Mapping[str, str]) -> None:
        self._host, self._known = host, known
        self._lock = threading.Lock()
        self._kept: dict[str, Any] | None = None
        self._renew = datetime.min.replace(tzinfo=UTC)

    def __repr__(self) -> str:
        return f"<a passport for {NAMES[self._host]}>"

    def __call__(self) -> dict[str, Any]:
        """Credentials in obstore's form; raises :class:`~glacier.runtime.problems.Problem` when there are none."""
        with self._lock:
            now = datetime.now(UTC)
            if self._kept is None or now >= self._renew:
                self._kept = self._exchange()
                ends: datetime = self._kept["expires_at"]
                # What is given for less than ten minutes is used for half of that, and not asked for at every request.
                self._renew = ends - min(_MARGIN, (ends - now) / 2)
            return dict(self._kept)

    def _exchange(self) -> dict[str, Any]:
        cloud = home()
        proof: Proof | None = None

        def exchange() -> dict[str, Any]:
            nonlocal proof
            proof = None
            proof = prove(cloud, self._host, self._known)  # each time: it may have been too old
            return _EXCHANGES[self._host](cloud, proof, self._known)

        try:
            return endpoints.again(exchange)
        except Denied as denied:
            raise _problem(cloud, self._host, self._known, proof, denied) from None


def _problem(cloud: str, host: str, known: Mapping[str, str], proof: Proof | None, denied: Denied) -> Problem:
    """What was shown to whom, and what they said; never the proof itself."""
    what_to_do = denied.what_to_do(_ON if denied.code == _DISABLED else _TRUST)
    if proof is None:
        return Problem(f"{NAMES[cloud]} does not say to {NAMES[host]} who this task is: {denied}", what_to_do)
    becoming = known.get("role") or known.get("provider") or known.get("client")
    return Problem(
        f"{NAMES[host]} does not let this task in as {becoming}: {denied.endpoint} was shown {proof.what}, which "
        f"{NAMES[cloud]} gave, and {denied.answer}",
        what_to_do,
    )


def _role(cloud: str, proof: Proof, known: Mapping[str, str]) -> dict[str, Any]:
    """Temporary keys of a role of AWS, by a request that is not signed: the token says it all."""
    url = f"{endpoints.aws(known['region'])}/"
    form = {
        "Action": "AssumeRoleWithWebIdentity",
        "Version": "2011-06-15",
        "RoleArn": wanted(known, "role"),
        "RoleSessionName": f"glacier-from-{cloud}",
        "DurationSeconds": str(_HOLDS),
        "WebIdentityToken": proof.text,
    }
    return endpoints.read(url, endpoints.ask(url, endpoints.why_aws, form=form), _keys)


def _keys(body: bytes) -> dict[str, Any]:
    found = endpoints.fields(body)
    return {
        "access_key_id": found["AccessKeyId"],
        "secret_access_key": found["SecretAccessKey"],
        "token": found["SessionToken"],
        "expires_at": endpoints.instant(found["Expiration"]),
    }


def _federated(cloud: str, proof: Proof, known: Mapping[str, str]) -> dict[str, Any]:
    """A token of Google's for the guest itself: no service account stands in between."""
    url = f"{endpoints.google()}/v1/token"
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "audience": wanted(known, "provider"),
        "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "scope": "https://www.googleapis.com/auth/devstorage.read_write",
        "subject_token_type": proof.kind,
        "subject_token": proof.text,
    }
    return _bearer(url, form)


def _entra(cloud: str, proof: Proof, known: Mapping[str, str]) -> dict[str, Any]:
    """A token of Entra's for an identity that believes the guest."""
    url = f"{endpoints.entra()}/{wanted(known, 'tenant')}/oauth2/v2.0/token"
    form = {
        "grant_type": "client_credentials",
        "client_id": wanted(known, "client"),
        "scope": "https://storage.azure.com/.default",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": proof.text,
    }
    return _bearer(url, form)


def _bearer(url: str, form: Mapping[str, str]) -> dict[str, Any]:
    asked = datetime.now(UTC)

    def token(body: bytes) -> dict[str, Any]:
        ends = asked + timedelta(seconds=int(json.loads(body)["expires_in"]))
        return {"token": endpoints.text(body, "access_token"), "expires_at": ends}

    return endpoints.read(url, endpoints.ask(url, endpoints.why_oauth, form=form), token)


_EXCHANGES: Mapping[str, Callable[[str, Proof, Mapping[str, str]], dict[str, Any]]] = {
    "aws": _role,
    "gcp": _federated,
    "azure": _entra,
}
