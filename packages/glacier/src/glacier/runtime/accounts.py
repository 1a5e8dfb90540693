"""Who signs in to a database or a cache, and with what: a password that is a secret, or a token in its place.

Google's and Azure's tokens are plain requests; AWS's are signed by boto3, which Lambda brings along.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from urllib.parse import urlencode

from glacier.runtime.libraries import library
from glacier.runtime.problems import Problem
from glacier.runtime.tokens import azure_token, google_token
from glacier.runtime.vaults import held

_TOKEN_SECONDS = 900  # the longest that ElastiCache takes a token for


def user_and_password(options: Mapping[str, str]) -> tuple[str | None, str | None]:
    """Who signs in to a database, by what its address says: ``secret=``, ``gcp_secret=`` or ``auth=entra``."""
    if arn := options.get("secret"):
        return _pair(f"aws:{arn}")
    if name := options.get("gcp_secret"):
        return _pair(f"gcp:{name}")
    if options.get("auth") == "entra":
        return os.environ.get("GLACIER_IDENTITY"), azure_token("https://ossrdbms-aad.database.windows.net")
    return None, None


def _pair(reference: str) -> tuple[str, str]:
    """The user and the password that the database's own program has put into a secret."""
    try:
        found = json.loads(held(reference))
        return str(found["username"]), str(found["password"])
    except Problem as problem:
        raise Problem(f"the database's password {problem.message}", problem.help) from None
    except (ValueError, LookupError, TypeError):
        raise Problem(
            f"the database's password is not set: {reference} holds no user and password",
            "deploy the program that makes the database once more: pulumi up in its folder",
        ) from None


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
