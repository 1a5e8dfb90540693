"""The roles that a generated AWS program declares, on an emulator that evaluates policies.

Each task's role can do what its annotations say, and is refused everything else that is tried.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from e2e import lake
from e2e.deployed import Deployed, deploy, is_allowed
from e2e.rehearsed import rehearse
from glacier.runtime.manifest import Manifest, Place
from glacier_aws import AWSCompiler
from servers import clouds
from servers.running import Server

TASKS = {task.name: task for task in lake.pipeline.tasks}


@pytest.fixture(scope="session")
def deployed(ministack: Server, aws: Any, tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    account = aws("sts", ministack).get_caller_identity()["Account"]
    compiled = AWSCompiler().compile(lake.pipeline)
    return deploy(rehearse(compiled, "aws", tmp_path_factory.mktemp("lake"), account), ministack, aws)


@pytest.fixture(scope="session")
def places(deployed: Deployed, ministack: Server, aws: Any) -> dict[str, tuple[str, str]]:
    """The bucket and the folder of every dataset, each with an object in it."""
    manifest = Manifest.from_json((deployed.rehearsed.code / "manifest.json").read_text())
    found = {name: (bucket_of(deployed, place), place.path) for name, place in manifest.places.items()}
    assert len({bucket for bucket, _ in found.values()}) == 3
    for bucket, folder in found.values():
        for key in (f"{folder}data.json", f"{folder.rstrip('/')}-other/data.json", "elsewhere/data.json"):
            aws("s3", ministack).put_object(Bucket=bucket, Key=key, Body=b"1")
    return found


def bucket_of(deployed: Deployed, place: Place) -> str:
    names = [each.name for each in deployed.rehearsed.of("aws:s3/bucket:Bucket")]
    (name,) = [name for name in names if name.endswith(f"-{place.store}")]
    return name


@pytest.fixture(params=TASKS)
def task(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def client(deployed: Deployed, task: str) -> Any:
    """A client of S3 that signs as the task's role."""
    return as_role(deployed, task, "s3")


def as_role(deployed: Deployed, task: str, service: str) -> Any:
    known = {"endpoint_url": deployed.server.url, "region_name": clouds.REGION}
    return boto3.client(service, **known, **deployed.session(deployed.role_of(task)))


def reads_and_writes(task: str) -> tuple[set[str], set[str]]:
    """What a task's annotations say."""
    declared = TASKS[task]
    return {each.name for each in declared.inputs.values()}, {each.name for each in declared.outputs}


def test_objects(client: Any, task: str, places: dict[str, tuple[str, str]]) -> None:
    """Reading, writing and listing are allowed for the datasets that the annotations name, and for no other."""
    reads, writes = reads_and_writes(task)
    key = {name: {"Bucket": bucket, "Key": f"{folder}data.json"} for name, (bucket, folder) in places.items()}
    prefix = {name: {"Bucket": bucket, "Prefix": folder} for name, (bucket, folder) in places.items()}
    assert {name for name in places if is_allowed(client.get_object, **key[name])} == reads
    assert {name for name in places if is_allowed(client.head_object, **key[name])} == reads
    assert {name for name in places if is_allowed(client.list_objects_v2, **prefix[name])} == reads
    below = {name: {"Bucket": bucket, "Prefix": f"{folder}day=1/"} for name, (bucket, folder) in places.items()}
    assert {name for name in places if is_allowed(client.list_objects_v2, **below[name])} == reads
    assert {name for name in places if is_allowed(client.put_object, Body=b"1", **key[name])} == writes


def test_nothing_is_deleted(client: Any, places: dict[str, tuple[str, str]]) -> None:
    for bucket, folder in places.values():
        assert not is_allowed(client.delete_object, Bucket=bucket, Key=f"{folder}data.json")
        assert not is_allowed(client.delete_bucket, Bucket=bucket)


def test_no_other_folder_of_a_bucket(client: Any, places: dict[str, tuple[str, str]]) -> None:
    """Not even one whose name begins like a dataset's."""
    for bucket, folder in places.values():
        for other in (f"{folder.rstrip('/')}-other/", "elsewhere/", ""):
            assert not is_allowed(client.get_object, Bucket=bucket, Key=f"{other}data.json")
            assert not is_allowed(client.put_object, Bucket=bucket, Key=f"{other}data.json", Body=b"2")
            assert not is_allowed(client.list_objects_v2, Bucket=bucket, Prefix=other)
        assert not is_allowed(client.list_objects_v2, Bucket=bucket)


def test_no_setting_of_a_bucket(client: Any, places: dict[str, tuple[str, str]]) -> None:
    for bucket, folder in places.values():
        assert not is_allowed(client.get_bucket_policy, Bucket=bucket)
        assert not is_allowed(client.put_bucket_policy, Bucket=bucket, Policy="{}")
        assert not is_allowed(client.put_bucket_versioning, Bucket=bucket, VersioningConfiguration={})
        assert not is_allowed(client.put_object_acl, Bucket=bucket, Key=f"{folder}data.json", ACL="public-read")
    assert not is_allowed(client.list_buckets)
    assert not is_allowed(client.create_bucket, Bucket="glacier-new")


def test_an_upload_in_parts(client: Any, task: str, places: dict[str, tuple[str, str]]) -> None:
    """May be begun, completed and given up where the task may write, and nowhere else."""
    _, writes = reads_and_writes(task)
    for name, (bucket, folder) in places.items():
        target = {"Bucket": bucket, "Key": f"{folder}parts.bin"}
        assert is_allowed(client.create_multipart_upload, **target) == (name in writes)
        if name in writes:
            for end in (client.abort_multipart_upload, finished(client)):
                upload = client.create_multipart_upload(**target)["UploadId"]
                assert is_allowed(end, UploadId=upload, **target)


def finished(client: Any) -> Callable[..., Any]:
    def finish(**upload: str) -> None:
        tag = client.upload_part(**upload, PartNumber=1, Body=b"1")["ETag"]
        client.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": tag}]})

    return finish


def test_calls_that_fail_are_kept_in_the_pipelines_own_queue(deployed: Deployed, task: str, aws: Any) -> None:
    sqs = as_role(deployed, task, "sqs")
    (failures,) = deployed.rehearsed.of("aws:sqs/queue:Queue")
    urls = [aws("sqs", deployed.server).create_queue(QueueName=name)["QueueUrl"] for name in (failures.name, "other")]
    assert [is_allowed(sqs.send_message, QueueUrl=url, MessageBody="1") for url in urls] == [True, False]
    assert not is_allowed(sqs.receive_message, QueueUrl=urls[0])


@pytest.fixture(scope="session")
def administrator(ministack: Server, aws: Any) -> Callable[[str], Any]:
    """Makes clients of somebody whose own policy allows everything; the emulator never refuses the root."""
    iam, everything = aws("iam", ministack), {"Effect": "Allow", "Action": "*", "Resource": "*"}
    iam.create_user(UserName="administrator")
    document = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    iam.put_user_policy(UserName="administrator", PolicyName="everything", PolicyDocument=document)
    key = iam.create_access_key(UserName="administrator")["AccessKey"]
    signed = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    return lambda service: boto3.client(service, endpoint_url=ministack.url, region_name=clouds.REGION, **signed)


def test_only_lambda_may_be_the_role(
    deployed: Deployed, aws: Any, administrator: Callable[[str], Any], task: str
) -> None:
    """With the trust that the program declares, and nothing added."""
    name = deployed.role_of(task).rpartition("/")[2]
    (role,) = [each for each in deployed.rehearsed.of("aws:iam/role:Role") if each.name == name]
    trust = role.inputs["assume_role_policy"]
    made = aws("iam", deployed.server).create_role(RoleName=f"{name}-alone", AssumeRolePolicyDocument=trust)["Role"][
        "Arn"
    ]
    assert not is_allowed(administrator("sts").assume_role, RoleArn=made, RoleSessionName="task")


def test_only_over_tls(
    deployed: Deployed, places: dict[str, tuple[str, str]], administrator: Callable[[str], Any]
) -> None:
    """The bucket's policy refuses whoever comes over plain HTTP, as everybody does here."""
    s3 = administrator("s3")
    bucket, _ = places["secret"]
    (policy,) = [
        each.inputs["policy"]
        for each in deployed.rehearsed.of("aws:s3/bucketPolicy:BucketPolicy")
        if each.inputs["bucket"] == bucket
    ]
    s3.create_bucket(Bucket="glacier-tls")
    assert is_allowed(s3.put_object, Bucket="glacier-tls", Key="a", Body=b"1")
    s3.put_bucket_policy(Bucket="glacier-tls", Policy=policy.replace(bucket, "glacier-tls"))
    assert not is_allowed(s3.put_object, Bucket="glacier-tls", Key="b", Body=b"1")
    assert not is_allowed(s3.get_object, Bucket="glacier-tls", Key="a")
