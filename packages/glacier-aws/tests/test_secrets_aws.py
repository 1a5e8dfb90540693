"""Secrets on AWS: who may read which, by which way, and how a value is put there."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from glacier import Dataset, Pipeline, compute
from glacier.compilation import Compiled
from glacier.infra import Concat, Json, Node, Ref
from glacier.secrets import Secret
from glacier.storage import Cache
from glacier.testing.cases import with_secrets
from glacier_aws import AWSCompiler


@pytest.fixture(scope="module")
def compiled() -> Compiled:
    return AWSCompiler(region="eu-west-1").compile(with_secrets())


def nodes(compiled: Compiled) -> dict[str, Node]:
    return {node.id: node for node in compiled.programs["aws"].nodes}


def test_a_secret_is_made_without_a_value(compiled: Compiled) -> None:
    made = nodes(compiled)
    assert {node.type for node in made.values() if "secretsmanager" in node.type} == {"aws.secretsmanager.Secret"}
    assert made["secret_db_password"].inputs == {"description": "db-password, for tasks of the pipeline secrets"}
    assert made["secret_db_password"].options.protect is None, "a password is no data: it goes with the stack"


def test_a_task_may_read_its_secrets_and_no_other(compiled: Compiled) -> None:
    policies: dict[str, Any] = {}
    for node in nodes(compiled).values():
        if "_reads_secret_" in node.id:
            assert node.type == "aws.iam.RolePolicy"
            assert isinstance(node.inputs["policy"], Json)
            policies[node.id] = node.inputs["policy"].value["Statement"]  # type: ignore[call-overload,index]
            assert node.inputs["role"] == Ref(f"{node.id.partition('_')[0]}_role", ("id",))
    assert policies == {
        f"{task}_reads_secret_{name}": [
            {
                "Effect": "Allow",
                "Action": ["secretsmanager:GetSecretValue"],
                "Resource": [Ref(f"secret_{name}", ("arn",))],
            }
        ]
        for task, name in (("sign", "db_password"), ("sign", "signing_key"), ("deliver", "db_password"))
    }


def test_a_task_in_the_network_has_a_way_to_it() -> None:
    def services(pipeline: Pipeline) -> list[str]:
        made = nodes(AWSCompiler().compile(pipeline)).values()
        return [str(node.inputs["service_name"]) for node in made if node.type == "aws.ec2.VpcEndpoint"]

    def one(storage: Cache | None, *, secret: bool) -> Pipeline:
        pipeline, kept = Pipeline("one"), Dataset("kept", storage=storage)

        def plain(value: kept) -> None: ...  # type: ignore[valid-type]

        def given(value: kept, key: Annotated[str, Secret("key")]) -> None: ...  # type: ignore[valid-type]

        pipeline.task(name="work")(given if secret else plain)
        return pipeline

    door = "com.amazonaws.us-east-1.secretsmanager"
    assert door in services(one(Cache(), secret=True))
    assert door not in services(one(Cache(), secret=False))
    assert services(one(None, secret=True)) == []


def test_a_container_brings_the_client_and_a_function_has_it(compiled: Compiled) -> None:
    def requires(work: object, *, secret: bool) -> bool:
        pipeline = Pipeline("one")

        def plain() -> None: ...

        def given(key: str = Secret("key")) -> None: ...

        pipeline.task(compute=work, name="work")(given if secret else plain)  # type: ignore[call-overload]
        files = AWSCompiler().compile(pipeline).files
        (text,) = [files[path] for path in files if path.endswith("/requirements.txt") and "/functions/" in path]
        return b"boto3" in text

    assert requires(compute.container(), secret=True)
    assert not requires(compute.container(), secret=False)
    assert not requires(compute.serverless(), secret=True)


def test_the_environment_has_the_arn(compiled: Compiled) -> None:
    environment: Any = nodes(compiled)["sign_function"].inputs["environment"]
    given = {key: value for key, value in environment["variables"].items() if "SECRET" in key}
    assert given == {
        f"GLACIER_SECRET_{name.upper()}": Concat(("aws:", Ref(f"secret_{name}", ("arn",))))
        for name in ("db_password", "signing_key")
    }


def test_the_commands_take_the_value_from_the_shell(compiled: Compiled) -> None:
    (command,) = AWSCompiler.secrets.commands("DB_PASSWORD", "secret_db_password")  # type: ignore[union-attr]
    assert command.startswith('printf %s "$DB_PASSWORD" | aws secretsmanager put-secret-value ')
    assert command.endswith("--secret-string file:///dev/stdin")
    assert command in compiled.files["README.md"].decode()
