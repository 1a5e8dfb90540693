"""Secrets on Google Cloud: who may read which, where they are, and how a value is put there."""

from __future__ import annotations

from typing import Any

import pytest
from glacier.compilation import Compiled
from glacier.infra import Concat, Ref
from glacier.testing.cases import with_secrets
from glacier_gcp import GCPCompiler
from looking import nodes, said


@pytest.fixture(scope="module")
def compiled() -> Compiled:
    return GCPCompiler(region="europe-west1").compile(with_secrets())


def test_a_secret_is_made_without_a_version_in_the_region(compiled: Compiled) -> None:
    assert not nodes(compiled, "gcp.secretmanager.SecretVersion")
    secrets = {node.id: node for node in nodes(compiled, "gcp.secretmanager.Secret")}
    assert list(secrets) == ["secret_db_password", "secret_signing_key"]
    secret = secrets["secret_db_password"]
    assert said(secret.inputs["secret_id"]) == "secrets-secret-db-password-?"
    assert secret.inputs["replication"] == {"user_managed": {"replicas": [{"location": "europe-west1"}]}}
    assert secret.options.depends_on == (Ref("secretmanager_api_service"),)


def test_a_task_may_read_its_secrets_and_no_other(compiled: Compiled) -> None:
    members = {node.id: node.inputs for node in nodes(compiled, "gcp.secretmanager.SecretIamMember")}
    assert members == {
        f"{task}_reads_secret_{name}": {
            "secret_id": Ref(f"secret_{name}", ("id",)),
            "role": "roles/secretmanager.secretAccessor",
            "member": Ref(f"{task}_account", ("member",)),
        }
        for task, name in (("sign", "db_password"), ("sign", "signing_key"), ("deliver", "db_password"))
    }


def test_the_environment_has_its_name(compiled: Compiled) -> None:
    (function,) = nodes(compiled, "gcp.cloudfunctionsv2.Function")
    service: Any = function.inputs["service_config"]
    given = {key: value for key, value in service["environment_variables"].items() if "SECRET" in key}
    assert given == {
        f"GLACIER_SECRET_{name.upper()}": Concat(("gcp:", Ref(f"secret_{name}", ("id",))))
        for name in ("db_password", "signing_key")
    }


def test_the_commands_take_the_value_from_the_shell(compiled: Compiled) -> None:
    (command,) = GCPCompiler.secrets.commands("DB_PASSWORD", "secret_db_password")  # type: ignore[union-attr]
    assert command.startswith('printf %s "$DB_PASSWORD" | gcloud secrets versions add ')
    assert command.endswith(" --data-file=-")
    assert command in compiled.files["README.md"].decode()
