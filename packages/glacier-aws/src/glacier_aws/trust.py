"""Keyless trust between AWS and other clouds: a role for each guest, and what AWS says of its own tasks.

Google's identity tokens are believed without a provider of their own, and making one breaks it; a token's audience is
``oaud`` and its subject the service account's unique id, which nobody can take over as they could an address. Entra's
are believed through an OpenID provider, of which an account has one per tenant: it is no stack's, and looked up here.
Outwards, Google Cloud believes a signed request for the caller's identity, and Azure a token of AWS's own (outbound web
identity federation), which an account must have switched on.

aws.amazon.com/blogs/security/access-aws-using-a-google-cloud-platform-native-workload-identity,
docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html (accounts.google.com:oaud),
docs.aws.amazon.com/IAM/latest/APIReference/API_AddClientIDToOpenIDConnectProvider.html,
docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_outbound.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from glacier.infra import Concat, Json, Lookup, Options, Stack, Value
from glacier.naming import fit
from glacier.target import Site
from glacier.terms import RANDOM, Made, Principal

from glacier_aws.policy import document, inline, statement

_GOOGLE = "accounts.google.com"
_ENTRA = "sts.windows.net/"  # tokens of version 1, whose issuer ends in the tenant and a slash
_EXCHANGE = "api://AzureADTokenExchange"  # the one audience that Azure takes
_SECONDS = 300  # how long a token that AWS gives out may hold
_LONGEST = 3600  # seconds for which a guest may stay before it shows its papers again
_ROLE = 64  # characters of a role's name (docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html)


def claims(site: Site, to: str) -> Mapping[str, Value]:
    """The account and the role's name for Google Cloud; for Azure, who says so."""
    if to == "azure":
        return {"issuer": site.shared("outbound")["federation"]["issuer_identifier"]}
    return {"account": site.shared("account")["identity"]["account_id"], "role": site.ref("role", "name")}


def passport(who: Principal, to: str, site: Site) -> Iterator[Made]:
    """That a task may ask AWS for a token, for Azure alone and for a short time; Google Cloud needs none.

    ``ForAllValues`` alone would hold for a request without any audience, hence ``Null``.
    """
    if to != "azure":
        return
    yield inline(
        site,
        "passport",
        who.id,
        statement(
            ["sts:GetWebIdentityToken"],
            ["*"],  # the token is about the caller itself: there is no resource to name
            {
                "ForAllValues:StringEquals": {"sts:IdentityTokenAudience": [_EXCHANGE]},
                "Null": {"sts:IdentityTokenAudience": "false"},
                "NumericLessThanEquals": {"sts:DurationSeconds": str(_SECONDS)},
                "StringEquals": {"sts:SigningAlgorithm": "RS256"},
            },
        ),
    )


def keys(guest: Principal, site: Site) -> Iterator[Made]:
    """The account's number and the end of a role's name, so that a role's ARN is known before it is there."""
    site.shared("account")
    site.shared("suffix")
    yield from ()


def words(guest: Principal, site: Site) -> Mapping[str, Value]:
    """The role to become, and for whom the guest's token must be made out."""
    account = site.shared("account")["identity"]["account_id"]
    return {
        "role": Concat(("arn:aws:iam::", account, ":role/", *_name(site))),
        "audience": _audience(guest, site),
    }


def admit(guest: Principal, site: Site, home: Site) -> Iterator[Made]:
    """A role that one guest may become: its subject and its audience are pinned, never an issuer alone."""
    if guest.provider == "azure":
        tenant = _tenant(guest, site, home)
        yield tenant
        believed: Value = _entra(guest, tenant)
    else:
        believed = _google(guest, site)
    yield site.node(
        "aws.iam.Role",
        "role",
        {
            "name": Concat(_name(home)),
            "assume_role_policy": believed,
            "max_session_duration": _LONGEST,
        },
        options=Options(delete_before_replace=True),
        comment=f"What {guest.owner} becomes when it comes here from {guest.provider}.",
    )


def principal(guest: Principal, site: Site, home: Site) -> Principal:
    """The role."""
    return Principal(provider="aws", owner=site.owner, id=site.ref("role", "id"), subject=site.ref("role", "arn"))


def _google(guest: Principal, site: Site) -> Json:
    made_out: Value = {f"{_GOOGLE}:oaud": _audience(guest, site), f"{_GOOGLE}:sub": guest.subject}
    return document(
        {
            "Effect": "Allow",
            "Principal": {"Federated": _GOOGLE},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": made_out},
        }
    )


def _entra(guest: Principal, tenant: Lookup) -> Concat:
    """The same for Entra, as text: the tenant stands in the names of the conditions, and is known when deploying."""
    known: dict[str, Value] = {
        "(provider)": tenant["arn"],
        "(tenant)": guest.claims["tenant"],
        "(audience)": guest.claims["audience"],
        "(subject)": guest.subject,
    }
    tokens = f"{_ENTRA}(tenant)/"
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Federated": "(provider)"},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {"StringEquals": {f"{tokens}:aud": "(audience)", f"{tokens}:sub": "(subject)"}},
            }
        ],
    }
    return Concat(tuple(known.get(part, part) for part in re.split(r"(\(\w+\))", json.dumps(policy))))


def _tenant(guest: Principal, site: Site, home: Site) -> Lookup:
    """What makes an account believe a tenant; of several stacks each adds an audience, and takes none away."""
    issuer = (_ENTRA, guest.claims["tenant"], "/")
    arn = Concat(("arn:aws:iam::", home.shared("account")["identity"]["account_id"], ":oidc-provider/", *issuer))
    audience = guest.claims["audience"]
    known: tuple[Value, ...] = (
        'aws iam add-client-id-to-open-id-connect-provider \\\n  --client-id "',
        audience,
        '" \\\n  --open-id-connect-provider-arn "',
        arn,
        '" ||\n  aws iam create-open-id-connect-provider \\\n  --client-id-list "',
        audience,
        '" \\\n  --url "https://',
        *issuer,
        '"',
    )
    return site.lookup(
        "aws.iam.get_open_id_connect_provider_output",
        "tenant",
        {"arn": arn},
        beforehand=Concat(known),
        comment="An account has one such provider per tenant, for every stack: the README says how to make it.",
    )


def _name(home: Site) -> tuple[Value, ...]:
    """A role's name is chosen, and ends in its stack's own characters, so that no two stacks share one."""
    return (f"{fit(f'{home.pipeline}-{home.owner}', _ROLE - 1 - RANDOM)}-", home.shared("suffix")["text"]["result"])


def _audience(guest: Principal, site: Site) -> Value:
    """For whom a guest's token must be made out: for this pipeline on AWS, and for nobody else."""
    if guest.provider == "azure":
        return guest.claims["audience"]
    return Concat((f"{site.pipeline}-on-aws-", Stack()))
