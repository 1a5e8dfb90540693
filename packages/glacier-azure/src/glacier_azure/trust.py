"""Keyless trust between Azure and other clouds: an identity for each guest, with a credential that is not a secret.

A guest has a user-assigned identity here, which believes one subject of one issuer: a service account by its unique id,
or a role of AWS by its ARN. Outwards, a task shows a token of Entra's that is made out for this pipeline's own
application, which only tasks that were assigned to it get: a token for anything else could be used for that elsewhere.

learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations,
learn.microsoft.com/entra/identity-platform/access-token-claims-reference (tokens of version 1)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from glacier.infra import Concat, Statement, Value
from glacier.target import Site
from glacier.terms import Made, Principal

from glacier_azure.foundation import identity

_EXCHANGE = "api://AzureADTokenExchange"  # the one audience that a federated credential takes
_GOOGLE = "https://accounts.google.com"
_ANY_ROLE = "00000000-0000-0000-0000-000000000000"  # an application without roles of its own has this one


def claims(site: Site, to: str) -> Mapping[str, Value]:
    """For whom the tokens are made out, in which tenant."""
    egress = site.shared("egress", _egress)
    return {
        "audience": Concat(("api://", egress["application"]["client_id"])),
        "tenant": site.shared("subscription")["client"]["tenant_id"],
        "application": egress["principal"]["object_id"],
    }


def passport(who: Principal, to: str, site: Site) -> Iterator[Made]:
    """That a task may have such tokens; without an assignment Entra gives none."""
    yield site.node(
        "azuread.AppRoleAssignment",
        "passport",
        {
            "app_role_id": _ANY_ROLE,
            "principal_object_id": who.subject,
            "resource_object_id": who.claims["application"],
        },
        comment=f"{who.owner} may show other clouds who it is.",
    )


def keys(guest: Principal, site: Site) -> Iterator[Made]:
    """The identity that the guest becomes: Azure assigns its id, which the guest must know."""
    site.shared("subscription")
    yield identity(site)


def words(guest: Principal, site: Site) -> Mapping[str, Value]:
    """The identity to become, and in which tenant."""
    return {"tenant": site.shared("subscription")["client"]["tenant_id"], "client": site.ref("identity", "client_id")}


def admit(guest: Principal, site: Site, home: Site) -> Iterator[Made]:
    """That one subject of one issuer may become the identity."""
    yield site.node(
        "azure.managedidentity.FederatedIdentityCredential",
        "credential",
        {
            "resource_group_name": home.shared("resources")["group"]["name"],
            "resource_name_": home.ref("identity", "name"),
            "federated_identity_credential_resource_name": "guest",
            "issuer": _GOOGLE if guest.provider == "gcp" else guest.claims["issuer"],
            "subject": guest.subject,
            "audiences": [_EXCHANGE],
        },
        comment=f"{guest.owner} of {guest.provider}, and nobody else, may become this identity.",
    )


def principal(guest: Principal, site: Site, home: Site) -> Principal:
    """The identity."""
    who = home.ref("identity", "principal_id")
    return Principal(provider="azure", owner=site.owner, id=who, subject=who)


def _egress(site: Site) -> Iterator[Statement]:
    application = site.node(
        "azuread.Application",
        "application",
        {
            "display_name": site.name("azuread.Application"),
            "sign_in_audience": "AzureADMyOrg",
            # Version 1: its audience is the address below, and AWS and Google Cloud have taken it for years.
            "api": {"requested_access_token_version": 1},
        },
        comment="For whom the tokens are made out that tasks show to other clouds: an application that does nothing.",
    )
    yield application
    yield site.node(
        "azuread.ApplicationIdentifierUri",
        "address",
        {"application_id": application["id"], "identifier_uri": Concat(("api://", application["client_id"]))},
    )
    yield site.node(
        "azuread.ServicePrincipal",
        "principal",
        {"client_id": application["client_id"], "app_role_assignment_required": True},
    )
