"""Tasks on other clouds that work on AWS, with no key: the generated trust, the runtime, and what the role may do.

The task runs from its exported folder, with the environment that its program gives it. It asks its cloud who it is,
takes the role that the trust program made for it, and reads and writes as that role.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from e2e import guest
from e2e.deployed import Deployed, deploy, is_allowed, tenants
from e2e.homes import reached
from e2e.identities import identities, token
from e2e.rehearsed import rehearse
from glacier.runtime.manifest import Manifest
from glacier.runtime.stores import open_store
from mixes import compiler, quietly
from servers import clouds
from servers.installing import install
from servers.running import Server

GOOGLE = "https://accounts.google.com"
CALL = """
import json, sys
sys.path[:0] = [".", ".python_packages/lib/site-packages"]
from glacier.runtime.entry import run_here
print(json.dumps(run_here(None, "one")))
"""
IMPATIENT = CALL.replace("print(", "from glacier.runtime import endpoints; endpoints._WAITS = (0,) * 7\nprint(")


class Guest:
    """A task of another cloud, and what AWS must believe of it."""

    def __init__(self, home: str, deployed: Deployed) -> None:
        self.home, self.deployed = home, deployed
        (self.environment,) = deployed.rehearsed.environments().values()
        self.role = self.environment["GLACIER_STORE_MADE"].partition("role=")[2].partition("&")[0]
        self.audience = self.environment["GLACIER_STORE_MADE"].partition("audience=")[2].partition("&")[0]
        name = self.role.rpartition("/")[2]
        (role,) = [each for each in deployed.rehearsed.of("aws:iam/role:Role") if each.name == name]
        (trusted,) = json.loads(role.inputs["assume_role_policy"])["Statement"]
        conditions = trusted["Condition"]["StringEquals"]
        (self.subject,) = [value for key, value in conditions.items() if key.endswith(":sub")]
        entra = (f"https://{believed.partition(':oidc-provider/')[2]}" for believed, _ in tenants(deployed.rehearsed))
        self.issuer = GOOGLE if home == "gcp" else next(entra)

    def asking(self, subject: str | None = None, audience: str | None = None) -> AbstractContextManager[str]:
        """Its cloud's server, at which it learns who it is."""
        return identities(self.issuer, subject or self.subject, audience)

    def run(self, server: str, call: str = CALL) -> subprocess.CompletedProcess[str]:
        """The task, once, as its function runs it."""
        url = self.deployed.server.url
        aws = {"AWS_ENDPOINT_URL": url, "AWS_ENDPOINT_URL_STS": url, "AWS_ALLOW_HTTP": "true"}
        here = {"K_SERVICE": "double", "GCE_METADATA_HOST": server}
        if self.home == "azure":
            here = {"IDENTITY_ENDPOINT": f"http://{server}/msi/token", "IDENTITY_HEADER": "secret"}
        given = {"PATH": os.environ["PATH"], **self.environment, **here, **aws}
        command = [str(install("lambda-runtime") / "bin" / "python"), "-I", "-c", call]
        return subprocess.run(
            command, cwd=self.deployed.rehearsed.code, env=given, capture_output=True, text=True, timeout=120
        )

    def assumed(self, **claims: str) -> dict[str, str]:
        """Keys for the role, got with a token that says this."""
        known = {"endpoint_url": self.deployed.server.url, "region_name": clouds.REGION}
        sts = boto3.client("sts", config=Config(signature_version=UNSIGNED), **known)
        said = {"iss": self.issuer, "sub": self.subject, "aud": self.audience, "azp": self.subject, **claims}
        made = sts.assume_role_with_web_identity(
            RoleArn=self.role, RoleSessionName="task", WebIdentityToken=token(said)
        )["Credentials"]
        return {
            "aws_access_key_id": made["AccessKeyId"],
            "aws_secret_access_key": made["SecretAccessKey"],
            "aws_session_token": made["SessionToken"],
        }


@pytest.fixture(scope="session", params=["gcp", "azure"])
def visitor(
    request: pytest.FixtureRequest, ministack: Server, aws: Any, tmp_path_factory: pytest.TempPathFactory
) -> Guest:
    home = request.param
    pipeline = guest.from_google if home == "gcp" else guest.from_azure
    account = aws("sts", ministack).get_caller_identity()["Account"]
    compiled = quietly(compiler("aws", home), pipeline)
    rehearsed = rehearse(compiled, home, tmp_path_factory.mktemp(f"guest-{home}"), account)
    return Guest(home, deploy(rehearsed, ministack, aws))


@pytest.fixture
def s3(visitor: Guest, aws: Any) -> Any:
    """A client of the root's, with an object to read for the task and none that it has written."""
    client = aws("s3", visitor.deployed.server)
    for bucket in buckets(visitor).values():
        visitor.deployed.empty(bucket)
    client.put_object(Bucket=buckets(visitor)["given"], Key="given/data.json", Body=b"21")
    return client


def buckets(visitor: Guest) -> Mapping[str, str]:
    names = [each.name for each in visitor.deployed.rehearsed.of("aws:s3/bucket:Bucket")]
    return {name.rpartition("-")[2]: name for name in names}


def test_the_task_gets_in(visitor: Guest, s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with visitor.asking() as server:
        done = visitor.run(server)
    assert done.returncode == 0, done.stderr
    assert list(json.loads(done.stdout.splitlines()[-1])["outputs"]) == ["made"]
    reached(clouds.aws_environment(visitor.deployed.server.url), monkeypatch)
    place = Manifest.from_json((visitor.deployed.rehearsed.code / "manifest.json").read_text()).places["made"]
    store = open_store(f"s3://{buckets(visitor)['made']}/?region={clouds.REGION}")
    assert store.read(place, int) == 21 * (2 if visitor.home == "gcp" else 3)


def test_another_task_does_not(visitor: Guest, s3: Any) -> None:
    """One of the same cloud, that asks for the same role, and asks again for as long as its trust might be new."""
    with visitor.asking(subject="somebody-else") as server:
        done = visitor.run(server, IMPATIENT)
    assert done.returncode != 0
    assert "TaskError" in done.stderr
    assert "(8 times)" in done.stderr
    assert visitor.deployed.count(buckets(visitor)["made"]) == 0


@pytest.mark.parametrize("claim", ["iss", "sub", "aud"])
def test_a_token_that_says_something_else(visitor: Guest, claim: str) -> None:
    assert visitor.assumed()
    with pytest.raises(ClientError) as caught:
        visitor.assumed(**{claim: "https://example.com"})
    assert caught.value.response["Error"]["Code"] in ("AccessDenied", "InvalidIdentityToken")


def test_what_the_guest_may_do(visitor: Guest, s3: Any) -> None:
    known = {"endpoint_url": visitor.deployed.server.url, "region_name": clouds.REGION}
    client: Any = boto3.client("s3", **known, **visitor.assumed())
    given, made = buckets(visitor)["given"], buckets(visitor)["made"]
    s3.put_object(Bucket=made, Key="made/data.json", Body=b"1")
    calls = {
        "read": lambda bucket, folder: client.get_object(Bucket=bucket, Key=f"{folder}/data.json"),
        "list": lambda bucket, folder: client.list_objects_v2(Bucket=bucket, Prefix=f"{folder}/"),
        "write": lambda bucket, folder: client.put_object(Bucket=bucket, Key=f"{folder}/data.json", Body=b"1"),
        "delete": lambda bucket, folder: client.delete_object(Bucket=bucket, Key=f"{folder}/data.json"),
    }
    places = ((given, "given"), (made, "made"), (given, "other"), (made, "other"))
    allowed = {
        (verb, folder)
        for bucket, folder in places
        for verb, call in calls.items()
        if is_allowed(call, bucket=bucket, folder=folder)
    }
    assert allowed == {("read", "given"), ("list", "given"), ("write", "made")}


def test_the_code_brings_what_it_needs(visitor: Guest) -> None:
    """Nothing of the folder is missing where only the folder is: the packages of its providers are in it, too."""
    code: Path = visitor.deployed.rehearsed.code
    assert (code / "e2e" / "guest.py").is_file()
    assert {"glacier", "glacier_aws"} <= {path.name for path in code.iterdir()}
