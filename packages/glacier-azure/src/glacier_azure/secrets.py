"""Secrets on Azure: a key vault for each, made empty, which only the tasks that are given the secret may read.

A secret of a vault cannot be made without a value, and one that is not there yet can be granted to nobody; an empty
vault can, and costs nothing (azure.microsoft.com/pricing/details/key-vault). So a vault is what holds one secret.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from glacier.infra import Concat, Enum, Value
from glacier.target import Site
from glacier.terms import Grant, Made, Meter

from glacier_azure.foundation import resource
from glacier_azure.roles import grant_role

_RUN = 1e-4  # of ten thousand requests, in which Azure counts

DOOR = ""  # from inside the network, too, vaults are reached

# learn.microsoft.com/azure/role-based-access-control/troubleshooting (role assignment changes are not being detected)
NOTE = (
    "the role that lets you put a value there is new, and may take ten minutes to work. When the value is refused"
    " (`ForbiddenByRbac`), wait, and run the same commands again."
)


def emit(name: str, site: Site) -> Iterator[Made]:
    """The vault, opened by roles only; one that is deleted can be brought back for ninety days.

    learn.microsoft.com/azure/key-vault/general/rbac-guide, …/general/soft-delete-overview
    """
    yield resource(
        site,
        "azure.keyvault.Vault",
        "",
        {
            "properties": {
                "tenant_id": site.shared("subscription")["client"]["tenant_id"],
                "sku": {"family": "A", "name": Enum("azure.keyvault.SkuName", "standard")},
                "enable_rbac_authorization": True,
                "enable_soft_delete": True,
            }
        },
        main=True,
    )


def reference(name: str, site: Site) -> Value:
    """The secret's URL in its vault, whose latest version is read."""
    return Concat(("https://", site.ref("", "name"), f".vault.azure.net/secrets/{name}"))


def grant(grant: Grant, site: Site) -> Iterator[Made]:
    """Reading what is in the vault, which is this secret."""
    yield grant_role(site, grant, "Key Vault Secrets User", site.ref("", "id"))


def commands(variable: str, output: str) -> Sequence[str]:
    """Whoever puts a value into a vault needs the right to, even who made it; a new right takes a while.

    learn.microsoft.com/cli/azure/keyvault/secret#az-keyvault-secret-set, which without ``--output none`` shows the
    value.
    """
    return (
        f"vault=$(pulumi stack output {output} | cut -d/ -f3 | cut -d. -f1)",
        'az role assignment create --role "Key Vault Secrets Officer"'
        ' --assignee "$(az ad signed-in-user show --query id --output tsv)"'
        ' --scope "$(az keyvault show --name "$vault" --query id --output tsv)"',
        f'printf %s "${variable}" | az keyvault secret set --id "$(pulumi stack output {output})"'
        " --file /dev/stdin --encoding utf-8 --output none",
    )


def meters() -> Iterator[Meter]:
    """Asking for it once, in each run; a vault itself costs nothing."""
    yield Meter(item="secrets.access", quantity=_RUN, per="run")
