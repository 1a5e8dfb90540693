"""Every mistake a generated program could make, planted, and seen."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from glacier.testing.run import Run, run_program
from glacier.testing.wire import UNKNOWN

pytestmark = pytest.mark.slow

PASSWORD = "correct horse battery"

HEAD = """\
import json

import pulumi
import pulumi_aws as aws

import overrides

config = pulumi.Config()
keep_data = config.get_bool("keep_data")
pulumi.runtime.register_stack_transformation(overrides.transform)
provider = aws.Provider("aws", region="eu-west-1", default_tags=aws.ProviderDefaultTagsArgs(tags={"team": "ice"}))
opts = pulumi.ResourceOptions(provider=provider)
raw = aws.s3.Bucket(
    "raw",
    tags={"stack": pulumi.get_stack()},
    opts=pulumi.ResourceOptions(provider=provider, protect=keep_data, retain_on_delete=True, ignore_changes=["tags"]),
)
"""

CLEAN = """\
identity = aws.get_caller_identity_output(opts=pulumi.InvokeOutputOptions(provider=provider))
zones = aws.get_availability_zones_output(state="available", opts=pulumi.InvokeOutputOptions(provider=provider))
region = aws.get_region_output(opts=pulumi.InvokeOutputOptions(provider=provider))
partition = aws.get_partition_output()
versioning = aws.s3.BucketVersioning(
    "raw",
    bucket=raw.bucket,
    versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
    opts=opts,
)
trust = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}},
    ],
}
role = aws.iam.Role("clean", assume_role_policy=pulumi.Output.json_dumps(trust), opts=opts)
function = aws.lambda_.Function(
    "clean",
    role=role.arn,
    runtime="python3.13",
    handler="main.handler",
    code=pulumi.FileArchive("functions/clean"),
    memory_size=512,
    environment=aws.lambda_.FunctionEnvironmentArgs(
        variables={"ZONE": zones.names[2], "WHERE": pulumi.Output.concat(raw.arn, "/", identity.account_id)}
    ),
    opts=pulumi.ResourceOptions(provider=provider, depends_on=[versioning]),
)
gcp = pulumi.StackReference("gcp", stack_name=f"{pulumi.get_organization()}/demo-gcp/{pulumi.get_stack()}")
aws.ssm.Parameter("other", type="String", value=gcp.require_output("account"), opts=opts)
aws.ssm.Parameter("secret", type="SecureString", value=config.require_secret("password"), opts=opts)
aws.ssm.Parameter("where", type="String", value=pulumi.Output.concat(region.region, partition.partition), opts=opts)
pulumi.export("bucket", raw.bucket)
pulumi.export("password", config.require_secret("password"))
"""

PROJECT = """\
name: demo
runtime: python
config:
  keep_data: {type: boolean, default: true}
  password: {type: string, secret: true}
"""

OVERRIDES = "def transform(args):\n    return None\n"


def project(root: Path, body: str, overrides: str = OVERRIDES) -> Path:
    (root / "functions" / "clean").mkdir(parents=True)
    (root / "functions" / "clean" / "main.py").write_text("def handler(event, context): ...\n")
    (root / "__main__.py").write_text(HEAD + body)
    (root / "overrides.py").write_text(overrides)
    (root / "Pulumi.yaml").write_text(PROJECT)
    return root


def run(root: Path, body: str, *, preview: bool = False, overrides: str = OVERRIDES) -> Run:
    return run_program(
        project(root, body, overrides),
        config={"password": PASSWORD},
        preview=preview,
        stack_outputs={"gcp": {"account": "sa@demo.iam"}},
    )


@pytest.mark.parametrize("preview", [False, True])
def test_a_sound_program_has_no_problems(tmp_path: Path, preview: bool) -> None:
    assert run(tmp_path, CLEAN, preview=preview).problems == ()


def test_what_an_update_records(tmp_path: Path) -> None:
    found = run(tmp_path, CLEAN)
    by_name = {(one.path, one.name): one for one in found.resources}
    function = by_name["pulumi_aws.lambda_.Function", "clean"]
    assert function.type == "aws:lambda/function:Function"
    assert function.inputs == {
        "role": "arn:aws:iam::123456789012:role/clean",
        "runtime": "python3.13",
        "handler": "main.handler",
        "code": ("archive", "functions/clean"),
        "memory_size": 512,
        "environment": {"variables": {"ZONE": "us-east-1c", "WHERE": "arn:aws:s3:::raw/123456789012"}},
    }
    assert isinstance(function.inputs["memory_size"], int)
    provider = by_name["pulumi_aws.Provider", "aws"]
    assert provider.inputs["default_tags"] == {"tags": {"team": "ice"}}
    assert function.options.provider == provider.urn
    assert function.options.depends_on == {by_name["pulumi_aws.s3.BucketVersioning", "raw"].urn}
    assert by_name["pulumi_aws.iam.Role", "clean"].urn in function.options.dependencies
    raw = by_name["pulumi_aws.s3.Bucket", "raw"]
    assert (raw.options.protect, raw.options.retain_on_delete, raw.options.ignore_changes) == (True, True, ("tags",))
    assert raw.inputs == {"tags": {"stack": "dev"}}
    assert raw.id == "raw_id"
    secret = by_name["pulumi_aws.ssm.Parameter", "secret"]
    assert (secret.inputs["value"], secret.secrets) == (PASSWORD, {("value",)})
    assert by_name["pulumi_aws.ssm.Parameter", "other"].inputs["value"] == "sa@demo.iam"
    assert found.outputs == {"bucket": "raw_bucket", "password": PASSWORD}
    assert found.secret_outputs == {("password",)}


def test_what_a_preview_does_not_know(tmp_path: Path) -> None:
    found = run(tmp_path, CLEAN, preview=True)
    function = next(one for one in found.resources if one.path == "pulumi_aws.lambda_.Function")
    assert function.id is UNKNOWN
    assert function.inputs["role"] is UNKNOWN
    assert function.inputs["environment"] == {"variables": {"ZONE": "us-east-1c", "WHERE": UNKNOWN}}
    assert function.outputs["memory_size"] == 512
    assert found.outputs["bucket"] is UNKNOWN


VERSIONING = "BucketVersioningVersioningConfigurationArgs"
PLANTED = {
    "an unknown argument": ('aws.s3.Bucket("b", bukket="x")', "unexpected keyword argument 'bukket'"),
    "a missing argument": ('aws.s3.BucketPolicy("b", bucket="x")', "Missing required property 'policy'"),
    "a missing nested argument": (f"aws.s3.{VERSIONING}()", "missing 1 required keyword-only argument: 'status'"),
    "an unknown key in a dict": (
        'aws.s3.BucketVersioning("b", bucket="x", versioning_configuration={"status": "Enabled", "mfa_delet": "x"})',
        "versioning_configuration.mfa_delet: there is no such key; 'mfa_delete' is",
    ),
    "a missing key in a dict": (
        'aws.s3.BucketVersioning("b", bucket="x", versioning_configuration={"mfa_delete": "Disabled"})',
        "versioning_configuration.status: is required",
    ),
    "a missing key in a list of dicts": (
        'aws.s3.BucketOwnershipControls("b", bucket="x", rule={})',
        "rule.object_ownership: is required",
    ),
    "text for an int": ('aws.sqs.Queue("b", delay_seconds="5")', "delay_seconds: str '5' where int is wanted"),
    "an int for text": ('aws.s3.Bucket("b", bucket=5)', "bucket: int 5 where str is wanted"),
    "an int for a bool": ('aws.s3.Bucket("b", force_destroy=1)', "force_destroy: int 1 where bool is wanted"),
    "a bool for an int": ('aws.sqs.Queue("b", delay_seconds=True)', "delay_seconds: bool True where int is wanted"),
    "a fraction for an int": ('aws.sqs.Queue("b", delay_seconds=1.5)', "delay_seconds: float 1.5 where int is wanted"),
    "text for a list": (
        'aws.lambda_.Function("b", role="r", architectures="arm64")',
        "architectures: str 'arm64' where a list is wanted",
    ),
    "an int in a list of text": (
        'aws.lambda_.Function("b", role="r", architectures=["arm64", 1])',
        "architectures[1]: int 1 where str is wanted",
    ),
    "an int in a mapping of text": ('aws.s3.Bucket("b", tags={"n": 1})', "tags['n']: int 1 where str is wanted"),
    "text for an archive": (
        'aws.lambda_.Function("b", role="r", code="functions")',
        "code: str 'functions' where an archive is wanted",
    ),
    "a bad value of an open enum": (
        'aws.lambda_.Function("b", role="r", runtime="python3.133")',
        "runtime: 'python3.133' is no Runtime; 'python3.13' is",
    ),
    "a deprecated argument": ('aws.s3.Bucket("b", acl="private")', "acl: acl is deprecated. Use the s3.BucketAcl"),
    "a deprecated nested argument": (
        'aws.s3.BucketLifecycleConfiguration("b", bucket="x", rules=[{"id": "a", "status": "Enabled", "prefix": "p"}])',
        "rules[0].prefix: ",
    ),
    "a deprecated resource": ('aws.s3.BucketV2("b")', "BucketV2 is deprecated"),
    "a name that is taken": ('aws.s3.Bucket("raw")', "aws:s3/bucket:Bucket 'raw': its name is taken"),
    "an output in a text": ('aws.s3.Bucket("b", bucket=f"{raw.bucket}-2")', "Calling __str__ on an Output[T]"),
    "an output in json.dumps": ('json.dumps({"a": raw.arn})', "Object of type Output is not JSON serializable"),
    "an unknown attribute": ("raw.nothing", "has no attribute 'nothing'"),
    "an archive that is not there": (
        'aws.lambda_.Function("b", role="r", code=pulumi.FileArchive("functions/dirty"))',
        "code: functions/dirty does not exist",
    ),
    "an archive with a file that is not there": (
        'aws.lambda_.Function("b", role="r", code=pulumi.AssetArchive({"a.py": pulumi.FileAsset("no.py")}))',
        "no.py does not exist",
    ),
    "a secret exported in the clear": (
        'pulumi.export("p", config.require("password"))',
        "output p: exports a secret in the clear",
    ),
    "a secret in a plain property": (
        'aws.s3.Bucket("b", tags={"p": pulumi.Output.unsecret(config.require_secret("password"))})',
        "tags.p: holds a secret in the clear",
    ),
    "a secret inside a longer text": (
        'aws.ssm.Parameter("b", type="String", value="x", description="p=" + config.require("password"))',
        "description: holds a secret in the clear",
    ),
    "a provider's bad list": (
        'aws.Provider("b", allowed_account_ids=[1])',
        "allowed_account_ids[0]: int 1 where str is wanted",
    ),
    "a setting that is not there": ('config.require("nothing")', "Missing required configuration variable"),
    "an unknown stack": (
        'pulumi.StackReference("azure", stack_name="o/p/dev")',
        "the run was given no outputs of that stack",
    ),
    "another stack's unknown output": (
        'aws.s3.Bucket("b", bucket=pulumi.StackReference("gcp").require_output("nothing"))',
        "KeyError: 'nothing'",
    ),
    "an error in an apply": ('pulumi.export("x", raw.bucket.apply(lambda b: b.nothing))', "has no attribute 'nothing'"),
    "no program at all": ("raise SystemExit(3)", "SystemExit: 3"),
    "a syntax error": ("def (", "SyntaxError"),
}


@pytest.mark.parametrize("mistake", PLANTED)
def test_a_planted_mistake_is_seen(tmp_path: Path, mistake: str) -> None:
    body, wanted = PLANTED[mistake]
    problems = run(tmp_path, body + "\n").problems
    assert any(wanted in problem for problem in problems), problems


def test_a_mistake_that_only_a_preview_shows(tmp_path: Path) -> None:
    body = "if pulumi.runtime.is_dry_run():\n    raw.nothing\n"
    assert run(tmp_path / "update", body).problems == ()
    assert run(tmp_path / "preview", body, preview=True).problems != ()


def test_a_problem_says_the_line(tmp_path: Path) -> None:
    (problem,) = run(tmp_path, 'aws.s3.Bucket("b", bukket="x")\n').problems
    assert problem.startswith(f"__main__.py:{HEAD.count(chr(10)) + 1}: TypeError: ")


def test_overrides_change_the_program(tmp_path: Path) -> None:
    overrides = """\
import pulumi

def transform(args):
    if args.type_ == "aws:s3/bucket:Bucket":
        return pulumi.ResourceTransformationResult({**args.props, "bucket": "mine"}, args.opts)
"""
    found = run(tmp_path, CLEAN, overrides=overrides)
    assert found.problems == ()
    assert found.outputs["bucket"] == "mine"


def test_programs_do_not_see_each_other(tmp_path: Path) -> None:
    before = (Path.cwd(), list(sys.path), dict(os.environ), sys.modules.get("overrides"))
    first = run(tmp_path / "one", 'pulumi.export("x", overrides.MARK)\n', overrides=OVERRIDES + "MARK = 'one'\n")
    second = run(tmp_path / "two", 'pulumi.export("x", overrides.MARK)\n', overrides=OVERRIDES + "MARK = 'two'\n")
    assert (first.outputs["x"], second.outputs["x"]) == ("one", "two")
    assert (Path.cwd(), list(sys.path), dict(os.environ), sys.modules.get("overrides")) == before
    assert len(second.resources) == 2


def test_default_settings_are_those_of_the_project(tmp_path: Path) -> None:
    body = 'pulumi.export("keep", keep_data)\n'
    assert run(tmp_path / "a", body).outputs["keep"] is True
    off = run_program(project(tmp_path / "b", body), config={"keep_data": "false"})
    assert off.outputs["keep"] is False


def test_an_existing_resource_is_read(tmp_path: Path) -> None:
    found = run(tmp_path, 'pulumi.export("x", aws.s3.Bucket.get("theirs", "their-bucket").arn)\n')
    theirs = next(one for one in found.resources if one.name == "theirs")
    assert (found.problems, theirs.read, theirs.id) == ((), True, "their-bucket")
    assert found.outputs["x"] == "arn:aws:s3:::theirs"
