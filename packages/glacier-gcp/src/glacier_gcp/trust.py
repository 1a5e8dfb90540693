"""Keyless trust between Google Cloud and other clouds: a pool, and in it a provider for each guest.

A provider maps one task of one cloud to one subject, and lets nobody else in: for AWS the signed request by which a
role says who it is, for Azure a token of Entra's. Grants are given to the subject itself, never to the pool. Outwards,
every service account has an identity token from the metadata server, so nothing is needed here.

cloud.google.com/iam/docs/workload-identity-federation, …/iam/docs/workload-identity-federation-with-other-clouds
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from glacier.infra import Concat, Options, Statement, Value
from glacier.naming import fit
from glacier.target import Made, Principal, Site

from glacier_gcp.foundation import apis, unique

_LONGEST = 32  # characters of a provider's id
_ISSUER = "https://sts.windows.net/"  # Entra's, for tokens of version 1


def claims(site: Site, to: str) -> Mapping[str, Value]:
    """Nothing more: a service account's unique id says it all."""
    return {}


def passport(who: Principal, to: str, site: Site) -> Iterator[Made]:
    """Nothing: the metadata server gives a task tokens of its own account only."""
    yield from ()


def keys(guest: Principal, site: Site) -> Iterator[Made]:
    """The pool that the guests of this pipeline are in; its name holds the project's number."""
    site.shared("guests", _pool)
    yield from ()


def words(guest: Principal, site: Site) -> Mapping[str, Value]:
    """The provider that believes the guest, and for whom a token of Entra's must be made out."""
    pool = site.shared("guests", _pool)["pool"]
    provider = Concat(("//iam.googleapis.com/", pool["name"], f"/providers/{_id(site)}"))
    return {"provider": provider} | ({"audience": guest.claims["audience"]} if guest.provider == "azure" else {})


def admit(guest: Principal, site: Site, home: Site) -> Iterator[Made]:
    """A provider that believes one guest, by what cannot be taken over: a role of one account, an identity's id."""
    pool = home.shared("guests", _pool)["pool"]
    inputs: dict[str, Value] = {
        "workload_identity_pool_id": pool["workload_identity_pool_id"],
        "workload_identity_pool_provider_id": _id(site),
        "display_name": fit(site.owner, _LONGEST),
    }
    if guest.provider == "aws":
        account, role = guest.claims["account"], guest.claims["role"]
        # The slash behind the role keeps out roles whose names only begin like it.
        arn = ("assertion.arn.startsWith('arn:aws:sts::", account, ":assumed-role/", role, "/')")
        inputs |= {
            "aws": {"account_id": account},
            # Not the whole ARN: with a session's name it can be longer than the 127 characters a subject may have.
            "attribute_mapping": {"google.subject": "'aws::' + assertion.arn.extract('assumed-role/{role}/')"},
            "attribute_condition": Concat(arn),
        }
    else:
        tenant = guest.claims["tenant"]
        who = ("assertion.tid == '", tenant, "' && assertion.sub == '", guest.subject, "'")
        inputs |= {
            "oidc": {
                "issuer_uri": Concat((_ISSUER, tenant, "/")),
                "allowed_audiences": [guest.claims["audience"]],
            },
            "attribute_mapping": {"google.subject": "'azure::' + assertion.sub"},
            "attribute_condition": Concat(who),
        }
    yield site.node(
        "gcp.iam.WorkloadIdentityPoolProvider",
        "provider",
        inputs,
        options=Options(depends_on=apis(site, "sts")),
        comment=f"Believes that {guest.owner} is who {guest.provider} says it is, and nobody else.",
    )


def principal(guest: Principal, site: Site, home: Site) -> Principal:
    """The one subject that the provider makes of the guest."""
    pool = home.shared("guests", _pool)["pool"]
    subject: tuple[Value, ...] = (
        ("aws::", guest.claims["role"]) if guest.provider == "aws" else ("azure::", guest.subject)
    )
    member = Concat(("principal://iam.googleapis.com/", pool["name"], "/subject/", *subject))
    return Principal(provider="gcp", owner=site.owner, id=member, subject=member)


def _pool(site: Site) -> Iterator[Statement]:
    yield site.node(
        "gcp.iam.WorkloadIdentityPool",
        "pool",
        {
            "workload_identity_pool_id": unique(site, "gcp.iam.WorkloadIdentityPool"),
            "display_name": fit(f"{site.pipeline} guests", _LONGEST),
        },
        main=True,
        options=Options(depends_on=apis(site, "iam")),
        comment="Tasks of other clouds that have something to do here; the trust program says which.",
    )


def _id(site: Site) -> str:
    """A provider's id, four to 32 characters (the documentation of the provider's own resource)."""
    return fit(site.owner, _LONGEST)
