"""Those who say who a task is, with real keys, and the checks by which others believe them.

Tokens are RS256; who checks one has only the issuer's JWKS. Requests to AWS are checked by Signature Version 4,
written down here once more so that it is not the signer that checks itself.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

FAULTS = ("signature", "expiry", "audience", "subject", "issuer")


class Refusal(Exception):
    """What is shown is not believed: which of the faults it has."""

    def __init__(self, fault: str, said: str = "") -> None:
        self.fault, self.said = fault, said or f"the {fault} is not right"
        super().__init__(self.said)


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Issuer:
    """Signs tokens by its own key, whose public half anybody may have."""

    def __init__(self, url: str, kid: str = "1") -> None:
        self.url, self.kid = url, kid
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def jwks(self) -> str:
        numbers = self.key.public_key().public_numbers()
        n, e = (_encoded(each.to_bytes((each.bit_length() + 7) // 8)) for each in (numbers.n, numbers.e))
        return json.dumps({"keys": [{"kty": "RSA", "alg": "RS256", "use": "sig", "kid": self.kid, "n": n, "e": e}]})

    def token(self, **claims: Any) -> str:
        now = int(time.time())
        full = {"iss": self.url, "iat": now, "nbf": now, "exp": now + 300, **claims}
        head = {"alg": "RS256", "kid": self.kid, "typ": "JWT"}
        text = ".".join(_encoded(json.dumps(part).encode()) for part in (head, full))
        return f"{text}.{_encoded(self.key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def faulty(issuer: Issuer, other: Issuer, fault: str | None, claims: Mapping[str, Any]) -> str:
    """A token with one fault; ``other`` is an issuer that nobody here believes, and whose keys have the same name."""
    match fault:
        case "signature":
            return other.token(**{"iss": issuer.url, **claims})
        case "expiry":
            return issuer.token(**claims, exp=int(time.time()) - 600)
        case "audience":
            return issuer.token(**{**claims, "aud": "somebody-else"})
        case "subject":
            return issuer.token(**{**claims, "sub": "somebody-else"})
        case "issuer":
            return other.token(**claims)
    return issuer.token(**claims)


def believed(token: str, known: Mapping[str, str], audience: str, subject: str, skew: int = 0) -> dict[str, Any]:
    """A token's claims, for a verifier that knows issuers by their URL and their JWKS; raises :class:`Refusal`."""
    head_text, claims_text, signature = token.split(".")
    head, claims = json.loads(_decoded(head_text)), json.loads(_decoded(claims_text))
    if claims["iss"] not in known:
        raise Refusal("issuer", f"no provider for {claims['iss']}")
    keys = {key["kid"]: key for key in json.loads(known[claims["iss"]])["keys"] if key["alg"] == "RS256"}
    if head["alg"] != "RS256" or head["kid"] not in keys:
        raise Refusal("signature")
    n, e = (int.from_bytes(_decoded(keys[head["kid"]][name])) for name in ("n", "e"))
    try:
        rsa.RSAPublicNumbers(e, n).public_key().verify(
            _decoded(signature), f"{head_text}.{claims_text}".encode(), padding.PKCS1v15(), hashes.SHA256()
        )
    except InvalidSignature:
        raise Refusal("signature") from None
    if not claims["nbf"] - 60 <= time.time() <= claims["exp"] + skew:
        raise Refusal("expiry")
    if claims["aud"] != audience:
        raise Refusal("audience")
    if claims["sub"] != subject:
        raise Refusal("subject")
    return dict(claims)


class Keys(NamedTuple):
    """Temporary keys of AWS's, and whose they are."""

    access_key: str
    secret_key: str
    session_token: str
    arn: str


class Request(NamedTuple):
    """A request as it arrives, headers in small letters."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


def signer(request: Request, known: Mapping[str, Keys], service: str, oldest: int = 900) -> Keys:
    """Whose keys signed a request (Signature Version 4); raises :class:`Refusal`."""
    scheme, _, rest = request.headers["authorization"].partition(" ")
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    access_key, date, region, named, last = parts["Credential"].split("/")
    keys = known.get(access_key)
    if keys is None or scheme != "AWS4-HMAC-SHA256" or (named, last) != (service, "aws4_request"):
        raise Refusal("issuer", "no such keys")
    names = parts["SignedHeaders"].split(";")
    if not {"host", "x-amz-date", "x-amz-security-token"} <= set(names):
        raise Refusal("signature", "not enough is signed")
    if request.headers["x-amz-security-token"] != keys.session_token:
        raise Refusal("signature", "another session")
    split = urlsplit(request.url)
    query = "&".join(sorted(f"{quote(k, safe='')}={quote(v, safe='')}" for k, v in parse_qsl(split.query)))
    headers = "".join(f"{name}:{request.headers[name].strip()}\n" for name in names)
    payload = request.headers.get("x-amz-content-sha256", hashlib.sha256(request.body).hexdigest())
    canonical = "\n".join((request.method, split.path or "/", query, headers, ";".join(names), payload))
    when = request.headers["x-amz-date"]
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    text = "\n".join((scheme, when, f"{date}/{region}/{service}/aws4_request", hashed))
    key = f"AWS4{keys.secret_key}".encode()
    for part in (date, region, service, "aws4_request", text):
        key = hmac.digest(key, part.encode(), "sha256")
    if not hmac.compare_digest(key.hex(), parts["Signature"]):
        raise Refusal("signature")
    sent = time.strptime(when, "%Y%m%dT%H%M%SZ")
    if not when.startswith(date) or abs(time.time() - _seconds(sent)) > oldest:
        raise Refusal("expiry")
    return keys


def _seconds(when: time.struct_time) -> float:
    import calendar

    return calendar.timegm(when)
