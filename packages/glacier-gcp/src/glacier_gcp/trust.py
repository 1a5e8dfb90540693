"""Keyless trust between Google Cloud and other clouds: a pool, and in it a provider for each guest.

A provider maps one task of one cloud to one subject, and lets nobody else in: for AWS the signed request by which a
role says who it is, for Azure a token of Entra's. Grants are given to the subject itself, never to the pool. Outwards,
every service account has an identity token from the metadata server, so nothing is needed here.

For thirty days the id of a deleted pool or provider is nobody's. Each has characters of its own, which live as long as
its crossing is declared: a new crossing has new ids, as does one that is let in again by another ``guests``.

cloud.google.com/iam/docs/workload-identity-federation, …/iam/docs/workload-identity-federation-with-other-clouds,
…/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools.providers (``state``: no id is used twice)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from glacier.infra import Concat, Options, Statement, Value
from glacier.naming import fit
from glacier.target import Site
from glacier.terms import GUESTS, RANDOM, Made, Principal

from glacier_gcp.foundation import apis

_LONGEST = 32  # characters of a pool's id, of a provider's, and of what is shown for either
_ISSUER = "https://sts.windows.net/"  # Entra's, for tokens of version 1


def claims(site: Site, to: str) -> Mapping[str, Value]:
    """Nothing more: a service account's unique id says it all."""
    return {}


def passport(who: Principal, to: str, site: Site) -> Iterator[Made]:
    """Nothing: the metadata server gives a task tokens of its own account only."""
    yield from ()


def keys(guest: Principal, site: Site) -> Iterator[Made]:
    """The pool that the guests of this pipeline are in, since its name holds the project's number; and the guest's id.

    One that is believed in another way is another one: a provider cannot go from AWS to Entra, nor come back so soon.
    """
    site.shared("guests", _pool)
    yield site.random("id", keepers={"guests": GUESTS, "from": guest.provider})


def words(guest: Principal, site: Site) -> Mapping[str, Value]:
    """The provider that believes the guest, and for whom a token of Entra's must be made out."""
    pool = site.shared("guests", _pool)["pool"]
    provider = Concat(("//iam.googleapis.com/", pool["name"], "/providers/", _provider_id(site)))
    return {"provider": provider} | ({"audience": guest.claims["audience"]} if guest.provider == "azure" else {})


def admit(guest: Principal, site: Site, home: Site) -> Iterator[Made]:
    """A provider that believes one guest, by what cannot be taken over: a role of one account, an identity's id."""
    pool = home.shared("guests", _pool)["pool"]
    inputs: dict[str, Value] = {
        "workload_identity_pool_id": pool["workload_identity_pool_id"],
        "workload_identity_pool_provider_id": _provider_id(home),
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
    own = site.random("id")
    yield own
    yield site.node(
        "gcp.iam.WorkloadIdentityPool",
        "pool",
        {
            "workload_identity_pool_id": _id(f"guests-of-{site.pipeline}", own["result"]),
            "display_name": fit(f"{site.pipeline} guests", _LONGEST),
        },
        main=True,
        options=Options(depends_on=apis(site, "iam")),
        comment="Tasks of other clouds that have something to do here; the trust program says which.",
    )


def _provider_id(home: Site) -> Concat:
    return _id(f"guest-{home.owner}", home.ref("id", "result"))


def _id(what: str, own: Value) -> Concat:
    """An id, four to 32 characters. It begins with a word of ours: what begins with ``gcp-`` is Google's own.

    www.pulumi.com/registry/packages/gcp/api-docs/iam/workloadidentitypoolprovider
    """
    return Concat((f"{fit(what, _LONGEST - 1 - RANDOM)}-", own))
