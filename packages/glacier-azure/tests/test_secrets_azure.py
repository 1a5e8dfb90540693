"""Secrets on Azure: a vault for each, which opens for the tasks that are given it, and how a value is put there."""

from __future__ import annotations

import re
from typing import Any

import pytest
from glacier.compilation import Compiled
from glacier.infra import Concat, Node, Ref
from glacier.testing.cases import with_secrets
from glacier_azure import AzureCompiler, roles


@pytest.fixture(scope="module")
def compiled() -> Compiled:
    return AzureCompiler().compile(with_secrets())


def nodes(compiled: Compiled) -> dict[str, Node]:
    return {node.id: node for node in compiled.programs["azure"].nodes}


def test_a_vault_for_each_and_no_secret_in_it(compiled: Compiled) -> None:
    vaults = {name: node for name, node in nodes(compiled).items() if ".keyvault." in node.type}
    assert {name: node.type for name, node in vaults.items()} == {
        "secret_db_password": "azure.keyvault.Vault",
        "secret_signing_key": "azure.keyvault.Vault",
    }
    properties: Any = vaults["secret_db_password"].inputs["properties"]
    assert properties["enable_rbac_authorization"] is True
    assert "access_policies" not in properties


@pytest.mark.parametrize("name", ["s", "sales", "p" + "x" * 99])
def test_a_vaults_name_fits_with_what_pulumi_adds(name: str) -> None:
    """learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftkeyvault."""
    pipeline = with_secrets()
    pipeline.name = name
    vaults = [node.name for node in nodes(AzureCompiler().compile(pipeline)).values() if ".keyvault." in node.type]
    assert len({*vaults}) == 2
    assert all(re.fullmatch(r"[a-z](?!.*--)[a-z0-9-]{1,22}[a-z0-9]", f"{vault}1a2b3c4d") for vault in vaults), vaults


def test_a_task_may_read_its_secrets_and_no_other(compiled: Compiled) -> None:
    made = nodes(compiled)
    role_id = roles._TABLES.raw("roles")["role"]["Key Vault Secrets User"]["id"]
    assert role_id == "4633458b-17de-408a-b874-0445c86b69e6"
    found = {}
    for name, node in made.items():
        role = node.inputs.get("role_definition_id")
        if isinstance(role, Concat) and str(role.parts[-1]).endswith(role_id):
            found[name] = (node.inputs["principal_id"], node.inputs["scope"])
    assert found == {
        f"{task}_reads_secret_{name}": (Ref(f"{task}_identity", ("principal_id",)), Ref(f"secret_{name}", ("id",)))
        for task, name in (("sign", "db_password"), ("sign", "signing_key"), ("deliver", "db_password"))
    }


def test_the_environment_has_the_url(compiled: Compiled) -> None:
    template: Any = nodes(compiled)["deliver_job"].inputs["template"]
    (container,) = template["containers"]
    given = {each["name"]: each["value"] for each in container["env"] if "SECRET" in each["name"]}
    url = Concat(("https://", Ref("secret_db_password", ("name",)), ".vault.azure.net/secrets/db-password"))
    assert given == {"GLACIER_SECRET_DB_PASSWORD": Concat(("azure:", url))}


def test_the_commands_take_the_value_from_the_shell_and_do_not_show_it(compiled: Compiled) -> None:
    *_, command = AzureCompiler.secrets.commands("DB_PASSWORD", "secret_db_password")  # type: ignore[union-attr]
    assert command.startswith('printf %s "$DB_PASSWORD" | az keyvault secret set ')
    assert command.endswith("--file /dev/stdin --encoding utf-8 --output none")
    assert command in compiled.files["README.md"].decode()
