"""Three clouds on one loopback port: what each says of its tasks, whom each lets in, and one object store each.

This is our reading of the clouds' protocols (see the pages that ``glacier.runtime.proofs`` and
``glacier.runtime.passports`` name), not the clouds themselves: it checks what they are documented to check.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from issuers import Issuer, Keys, Refusal, Request, believed, faulty, signer

TENANT = "11111111-2222-3333-4444-555555555555"
EXCHANGE = "api://AzureADTokenExchange"
GOOGLE, ENTRA = Issuer("https://accounts.google.com"), Issuer(f"https://sts.windows.net/{TENANT}/")
AWS, NOBODY = Issuer("https://0a1b2c3d.tokens.sts.global.api.aws"), Issuer("https://issuer.example")
JWKS = {each.url: each.jwks() for each in (GOOGLE, ENTRA, AWS)}
_SCOPE = "https://www.googleapis.com/auth/devstorage.read_write"

Answer = tuple[int, str]


class Trust:
    """What the trust programs say, for one task of each cloud; a test may change any of it."""

    account, role = "123456789012", "work-role"
    unique_id, principal, application = "108765432109876543210", "0f0f0f0f-principal", "api://0a0a0a0a-application"
    audience = "orders-on-aws-dev"  # of Google's tokens, on AWS
    role_arn = "arn:aws:iam::123456789012:role/orders-work-from-other-dev"
    provider = "//iam.googleapis.com/projects/987654321/locations/global/workloadIdentityPools/guests/providers/work"
    client = "0c0c0c0c-client"

    @property
    def arn(self) -> str:
        """The task's own role on AWS, as a federated credential has it."""
        return f"arn:aws:iam::{self.account}:role/{self.role}"


class Clouds:
    """A server on loopback; ``fault`` is what is wrong with whatever a task's own cloud says of it."""

    def __init__(self, home: str, host: str) -> None:
        self.home, self.host, self.trust = home, host, Trust()
        self.fault: str | None = None
        self.passes = False  # whether that is right from the next time on
        self.life = 3600  # seconds for which credentials are given
        self.outbound = True  # whether AWS gives out tokens of its own
        self.first: deque[Answer] = deque()  # what the exchange answers before it does its work
        self.counts: Counter[str] = Counter()
        self.secrets: list[str] = []  # everything that nobody may ever read
        self.given: dict[str, Keys] = {}  # by access key
        self.bearer: str | None = None  # the one token that is good; the one before is not
        self.objects: dict[str, bytes] = {}
        self.own = self.keys(f"arn:aws:sts::{self.trust.account}:assumed-role/{self.trust.role}/work")
        handler = type("Handler", (_Handler,), {"clouds": self})
        self.server = _Server(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def keys(self, arn: str) -> Keys:
        made = Keys(f"ASIA{secrets.token_hex(8).upper()}", secrets.token_hex(20), secrets.token_urlsafe(200), arn)
        self.secrets += made[1:3]
        self.given[made.access_key] = made
        return made

    def token(self, issuer: Issuer, **claims: Any) -> str:
        made = faulty(issuer, NOBODY, self.fault, claims)
        self.fault = None if self.passes else self.fault
        self.secrets += [made, made.rpartition(".")[2]]
        return made

    def environment(self) -> dict[str, str]:
        """What a task sees of its cloud, and where the others are."""
        own = {
            "aws": {
                "AWS_LAMBDA_FUNCTION_NAME": "work",
                "AWS_REGION": "eu-west-1",
                "AWS_ACCESS_KEY_ID": self.own.access_key,
                "AWS_SECRET_ACCESS_KEY": self.own.secret_key,
                "AWS_SESSION_TOKEN": self.own.session_token,
            },
            "gcp": {"K_SERVICE": "work"},
            "azure": {
                "IDENTITY_ENDPOINT": f"{self.url}/msi",
                "IDENTITY_HEADER": "h-e-a-d-e-r",
                "AZURE_CLIENT_ID": "me",
            },
        }[self.home]
        return own | {
            "AWS_ENDPOINT_URL_STS": self.url,
            "AZURE_AUTHORITY_HOST": self.url,
            "GCE_METADATA_HOST": self.url.removeprefix("http://"),
            "GLACIER_GOOGLE_STS": self.url,
            "AWS_ENDPOINT": self.url,
            "AWS_ALLOW_HTTP": "true",
            "GOOGLE_BASE_URL": self.url,
            "GOOGLE_ALLOW_HTTP": "true",
            "AZURE_STORAGE_ENDPOINT": self.url,
            "AZURE_ALLOW_HTTP": "true",
            "NO_PROXY": "127.0.0.1",
        }

    def address(self) -> str:
        """The address of a storage on the host, as the compiler writes it for a guest from home."""
        trust = self.trust
        audience = trust.application if self.home == "azure" else trust.audience
        return {
            "aws": f"s3://box/in?region=us-east-1&role={trust.role_arn}&audience={audience}",
            "gcp": f"gs://box/in?provider={trust.provider}" + (f"&audience={audience}" * (self.home == "azure")),
            "azure": f"az://account/box/in?tier=Cool&tenant={TENANT}&client={trust.client}",
        }[self.host]

    # What a task's own cloud says of it

    def identity(self, request: Request) -> Answer:
        """Google's metadata server."""
        query = dict(parse_qsl(urlsplit(request.url).query))
        if request.headers.get("metadata-flavor") != "Google" or query.get("format") != "full":
            return 403, "Missing header"
        return 200, self.token(GOOGLE, aud=query["audience"], sub=self.trust.unique_id, azp=self.trust.unique_id)

    def managed(self, request: Request) -> Answer:
        """Azure's identities; only for the application that the identity was assigned to."""
        query = dict(parse_qsl(urlsplit(request.url).query))
        if request.headers.get("x-identity-header") != "h-e-a-d-e-r" or query.get("client_id") != "me":
            return 401, "{}"
        if query["resource"] != self.trust.application or query["api-version"] != "2019-08-01":
            return 400, json.dumps({"error": "invalid_resource", "error_description": "AADSTS500011: no such resource"})
        token = self.token(ENTRA, aud=query["resource"], sub=self.trust.principal, tid=TENANT, ver="1.0")
        return 200, json.dumps({"access_token": token, "expires_on": str(int(time.time()) + 300)})

    def web_identity(self, request: Request, form: Mapping[str, str]) -> Answer:
        """AWS's own tokens, as far as the policy of the trust program allows them."""
        keys = signer(request, {self.own.access_key: self.own}, "sts")
        if not self.outbound:
            return 403, _xml_error("OutboundWebIdentityFederationDisabledException", "It is not enabled")
        audiences = [value for name, value in form.items() if name.startswith("Audience.member.")]
        if audiences != [EXCHANGE] or int(form["DurationSeconds"]) > 300 or form["SigningAlgorithm"] != "RS256":
            return 403, _xml_error("AccessDenied", "is not authorized to perform: sts:GetWebIdentityToken")
        account, name = keys.arn.split(":")[4], keys.arn.split("/")[1]
        token = self.token(AWS, aud=EXCHANGE, sub=f"arn:aws:iam::{account}:role/{name}", jti=secrets.token_hex(8))
        return 200, _xml("GetWebIdentityToken", {"WebIdentityToken": token, "Expiration": _instant(300)})

    # Whom a host lets in

    def assume(self, form: Mapping[str, str]) -> Answer:
        """AWS: a role that believes one subject of one issuer."""
        trust = self.trust
        google = self.home == "gcp"
        issuer, subject = (GOOGLE, trust.unique_id) if google else (ENTRA, trust.principal)
        try:
            if form["RoleArn"] != trust.role_arn or int(form["DurationSeconds"]) > 3600:
                raise Refusal("subject")
            audience = trust.audience if google else trust.application
            known = {issuer.url: JWKS[issuer.url]}
            believed(form["WebIdentityToken"], known, audience, subject, skew=300)
        except Refusal as refusal:
            code = {"expiry": "ExpiredTokenException", "subject": "AccessDenied"}.get(
                refusal.fault, "AccessDenied" if google and refusal.fault == "audience" else "InvalidIdentityToken"
            )
            return 403 if code == "AccessDenied" else 400, _xml_error(code, refusal.said)
        keys = self.keys(trust.role_arn)
        self.bearer = keys.access_key
        fields = {
            "AccessKeyId": keys.access_key,
            "SecretAccessKey": keys.secret_key,
            "SessionToken": keys.session_token,
            "Expiration": _instant(self.life),
        }
        user = {"Arn": f"{trust.role_arn}/x", "AssumedRoleId": "AROA1:x"}
        inside = {"Audience": "x", "AssumedRoleUser": _elements(user), "Credentials": _elements(fields)}
        return 200, _xml("AssumeRoleWithWebIdentity", {**inside, "Provider": issuer.url})

    def federate(self, form: Mapping[str, str]) -> Answer:
        """Google: a provider that believes one role of one account, or one identity of one tenant."""
        grant, kind = "urn:ietf:params:oauth:grant-type:token-exchange", "urn:ietf:params:oauth:token-type:access_token"
        if form["grant_type"] != grant or form["requested_token_type"] != kind or form["scope"] != _SCOPE:
            return 400, json.dumps({"error": "invalid_request"})
        if form["audience"] != self.trust.provider:
            return 400, json.dumps({"error": "invalid_target", "error_description": "no such provider"})
        try:
            self._federated(form)
        except Refusal as refusal:
            error = "unauthorized_client" if refusal.fault == "subject" else "invalid_grant"  # the provider's condition
            return 400, json.dumps({"error": error, "error_description": refusal.said})
        return 200, self._bearer(token_type="Bearer", issued_token_type=kind)

    def _federated(self, form: Mapping[str, str]) -> None:
        if self.home == "azure" and form["subject_token_type"] == "urn:ietf:params:oauth:token-type:jwt":
            known = {ENTRA.url: JWKS[ENTRA.url]}
            claims = believed(form["subject_token"], known, self.trust.application, self.trust.principal)
            if claims["tid"] != TENANT:
                raise Refusal("subject")
        elif self.home == "aws" and form["subject_token_type"] == "urn:ietf:params:aws:token-type:aws4_request":
            text = unquote(form["subject_token"])
            if quote(text, safe="") != form["subject_token"]:
                raise Refusal("signature", "AWS request has invalid format")
            self._caller(json.loads(text), form["audience"])
        else:
            raise Refusal("issuer", "the provider takes nothing of this kind")

    def _caller(self, sent: Mapping[str, Any], audience: str) -> None:
        """What AWS would say to the request that a task signed, and what the provider's condition says to that."""
        headers = {each["key"].lower(): each["value"] for each in sent["headers"]}
        self.secrets += [headers["authorization"].rpartition("Signature=")[2]]
        asked = f"https://{headers['host']}?Action=GetCallerIdentity&Version=2011-06-15"
        if sent["url"].replace("/?", "?") != asked:  # Google's own libraries leave the slash out
            raise Refusal("issuer", "this is no request for the caller's identity")
        if headers["host"] != "sts.eu-west-1.amazonaws.com":
            raise Refusal("issuer", "this host is not AWS's")
        if headers["x-goog-cloud-target-resource"] != audience:
            raise Refusal("audience")
        keys = signer(Request(sent["method"], sent["url"], headers, b""), self.given, "sts")
        if keys.arn.split(":")[4] != self.trust.account:
            raise Refusal("issuer", "another account")
        if not keys.arn.partition(":assumed-role/")[2].startswith(f"{self.trust.role}/"):
            raise Refusal("subject")

    def entra(self, tenant: str, form: Mapping[str, str]) -> Answer:
        """Entra: an identity with a federated credential for one subject of one issuer."""
        kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        asked = (tenant, form["client_id"], form["scope"], form["grant_type"], form["client_assertion_type"])
        if asked != (TENANT, self.trust.client, "https://storage.azure.com/.default", "client_credentials", kind):
            return 400, _entra_error(700016)
        google = self.home == "gcp"
        issuer, subject = (GOOGLE, self.trust.unique_id) if google else (AWS, self.trust.arn)
        try:
            believed(form["client_assertion"], {issuer.url: JWKS[issuer.url]}, EXCHANGE, subject)
        except Refusal as refusal:
            codes = {"issuer": 700211, "audience": 700212, "subject": 700213, "expiry": 700024, "signature": 700027}
            return 401, _entra_error(codes[refusal.fault])
        return 200, self._bearer(token_type="Bearer")

    def _bearer(self, **more: str) -> str:
        self.bearer = secrets.token_urlsafe(60)
        self.secrets.append(self.bearer)
        return json.dumps({"access_token": self.bearer, "expires_in": self.life, **more})

    # What is behind the door

    def storage(self, request: Request) -> Answer:
        """One object store, for the newest credentials only."""
        if self.host == "aws":
            try:
                allowed = signer(request, self.given, "s3").access_key == self.bearer
            except Refusal:
                allowed = False
        else:
            allowed = request.headers.get("authorization") == f"Bearer {self.bearer}"
        path = unquote(urlsplit(request.url).path).removeprefix("/")
        if not allowed or self.bearer is None:
            return 403, "who are you?"
        if request.method == "PUT":
            self.objects[path] = request.body
            return 201 if self.host == "azure" else 200, ""
        return (200, self.objects[path].decode()) if path in self.objects else (404, "")

    def answer(self, request: Request) -> Answer:
        split = urlsplit(request.url)
        form = dict(parse_qsl(request.body.decode())) if request.method == "POST" else {}
        if split.path.startswith("/computeMetadata/") and split.path.endswith("/service-accounts/default/identity"):
            return self._counted("proof", lambda: self.identity(request))
        if split.path == "/msi":
            return self._counted("proof", lambda: self.managed(request))
        if form.get("Action") == "GetWebIdentityToken":
            return self._counted("proof", lambda: self.web_identity(request, form))
        if form.get("Action") == "AssumeRoleWithWebIdentity":
            return self._counted("exchange", lambda: self.assume(form))
        if request.method == "POST" and split.path == "/v1/token":
            return self._counted("exchange", lambda: self.federate(form))
        if request.method == "POST" and split.path.endswith("/oauth2/v2.0/token"):
            return self._counted("exchange", lambda: self.entra(split.path.split("/")[1], form))
        return self._counted("storage", lambda: self.storage(request))

    def _counted(self, what: str, work: Callable[[], Answer]) -> Answer:
        self.counts[what] += 1
        return self.first.popleft() if what == "exchange" and self.first else work()


class _Server(ThreadingHTTPServer):
    request_queue_size = 64  # with fewer, who comes at the same time is made to wait for a second


class _Handler(BaseHTTPRequestHandler):
    clouds: Clouds
    protocol_version = "HTTP/1.1"

    def _serve(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        status, text = self.clouds.answer(Request(self.command, self.path, headers, body))
        data = text.encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), "ETag": '"1"', "Last-Modified": _date()}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = _serve  # noqa: N815 - the server's own names

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


def _date() -> str:
    return datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")


def _instant(seconds: int) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


_NAMESPACE = 'xmlns="https://sts.amazonaws.com/doc/2011-06-15/"'


def _xml(action: str, values: Mapping[str, str]) -> str:
    return f"<{action}Response {_NAMESPACE}><{action}Result>{_elements(values)}</{action}Result></{action}Response>"


def _elements(values: Mapping[str, str]) -> str:
    return "".join(f"<{name}>{value}</{name}>" for name, value in values.items())


def _xml_error(code: str, said: str) -> str:
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{said}</Message></Error>"
    return f"<ErrorResponse {_NAMESPACE}>{error}<RequestId>1</RequestId></ErrorResponse>"


def _entra_error(number: int) -> str:
    said = f"AADSTS{number}: our reading of it. \r\nTrace ID: 1\r\nTimestamp: now"
    return json.dumps({"error": "invalid_client", "error_description": said, "error_codes": [number]})
