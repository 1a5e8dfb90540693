"""A generated AWS program made real on an emulator that checks policies: buckets, roles, and what each role may do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from e2e.rehearsed import Rehearsed
from servers import clouds
from servers.running import Server

REFUSED = frozenset({"AccessDenied", "AccessDeniedException", "403"})


@dataclass(frozen=True)
class Deployed:
    """A program whose buckets and roles exist, each under its name in the program."""

    rehearsed: Rehearsed
    server: Server
    client: Callable[[str, Server], Any]

    def role_of(self, task: str) -> str:
        """The role that a task's function is given."""
        for each in self.rehearsed.of("aws:lambda/function:Function"):
            if each.inputs["environment"]["variables"]["GLACIER_TASK"] == task:
                return str(each.inputs["role"])
        raise KeyError(task)

    def session(self, role: str) -> dict[str, str]:
        """Keys for a role, as the arguments of a client."""
        sts = self.client("sts", self.server)
        made = sts.assume_role(RoleArn=role, RoleSessionName="task")["Credentials"]
        return {
            "aws_access_key_id": made["AccessKeyId"],
            "aws_secret_access_key": made["SecretAccessKey"],
            "aws_session_token": made["SessionToken"],
        }

    def credentials(self, role: str) -> dict[str, str]:
        """What Lambda puts into the environment of a function that has this role."""
        return clouds.aws_environment(self.server.url, *self.session(role).values())

    def address(self) -> dict[str, str]:
        """What a function must be told beside its keys to find the emulator."""
        known = clouds.aws_environment(self.server.url)
        return {name: known[name] for name in ("AWS_ENDPOINT_URL", "AWS_ALLOW_HTTP")}

    def empty(self, bucket: str) -> None:
        """Remove every object of a bucket, and every version of it."""
        s3 = self.client("s3", self.server)
        found = s3.list_object_versions(Bucket=bucket)
        for each in (*found.get("Versions", ()), *found.get("DeleteMarkers", ())):
            s3.delete_object(Bucket=bucket, Key=each["Key"], VersionId=each["VersionId"])

    def count(self, bucket: str) -> int:
        """How many objects a bucket holds."""
        return int(self.client("s3", self.server).list_objects_v2(Bucket=bucket)["KeyCount"])


def deploy(rehearsed: Rehearsed, server: Server, client: Callable[[str, Server], Any]) -> Deployed:
    """Make the buckets, roles and policies of a program.

    Bucket policies are left out: they refuse whatever does not come over TLS, and the emulator is reached without it.
    Everything that says who may be a role is kept, and the account itself is added, which plays Lambda's part here.
    What a whole account has beforehand is made as the guide says it.
    """
    s3, iam, account = client("s3", server), client("iam", server), client("sts", server).get_caller_identity()
    for bucket in rehearsed.of("aws:s3/bucket:Bucket"):
        s3.create_bucket(Bucket=bucket.name)
    providers: dict[str, str] = {}
    for believed, audience in tenants(rehearsed):
        url = f"https://{believed.partition(':oidc-provider/')[2]}"
        made = iam.create_open_id_connect_provider(Url=url, ClientIDList=[audience], ThumbprintList=["0" * 40])
        providers[believed] = made["OpenIDConnectProviderArn"]
    for role in rehearsed.of("aws:iam/role:Role"):
        trust = json.loads(_understood(role.inputs["assume_role_policy"], providers))
        ours = {"Effect": "Allow", "Principal": {"AWS": account["Account"]}, "Action": "sts:AssumeRole"}
        trust["Statement"].append(ours)
        iam.create_role(RoleName=role.name, AssumeRolePolicyDocument=json.dumps(trust))
    for policy in rehearsed.of("aws:iam/rolePolicy:RolePolicy"):
        document = policy.inputs["policy"]
        iam.put_role_policy(RoleName=policy.inputs["role"], PolicyName=policy.name, PolicyDocument=document)
    return Deployed(rehearsed, server, client)


def tenants(rehearsed: Rehearsed) -> Iterator[tuple[str, str]]:
    """The providers that the program asks for, and for whom tokens are made out that its role believes."""
    roles = [each.inputs["assume_role_policy"] for each in rehearsed.of("aws:iam/role:Role")]
    for asked in rehearsed.of("pulumi_aws.iam.get_open_id_connect_provider"):
        (policy,) = [json.loads(each) for each in roles if asked.inputs["arn"] in each]
        conditions = policy["Statement"][0]["Condition"]["StringEquals"]
        yield asked.inputs["arn"], next(value for key, value in conditions.items() if key.endswith(":aud"))


def _understood(trust: str, providers: Mapping[str, str]) -> str:
    """Who may be a role, in the words of the emulator, which are not all AWS's.

    AWS calls the audience of Google's tokens ``oaud``
    (docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif), and keeps
    the slash at the end of an issuer; the emulator knows neither.
    """
    for mocked, real in providers.items():
        trust = trust.replace(mocked, real.rstrip("/"))
    return trust.replace("accounts.google.com:oaud", "accounts.google.com:aud").replace("/:", ":")


def is_allowed(call: Callable[..., Any], **arguments: Any) -> bool:
    """Whether a call is carried out; anything that is neither done nor refused is an error."""
    try:
        call(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] in REFUSED:
            return False
        raise
    return True
