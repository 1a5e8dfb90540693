"""A run is the program it came from: every way in which it might not be, planted, and seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from glacier.infra import (
    Archive,
    Concat,
    Config,
    Json,
    Lookup,
    Node,
    Options,
    Output,
    Program,
    Ref,
    Section,
    Stack,
    check,
)
from glacier.testing.compare import compare
from glacier.testing.run import Run, run_program

pytestmark = pytest.mark.slow

TEXT = """\
import pulumi
import pulumi_aws as aws

config = pulumi.Config()
keep_data = config.get_bool("keep_data")
password = config.require_secret("password")
aws_provider = aws.Provider("aws", region="eu-west-1")
identity = aws.get_caller_identity_output(opts=pulumi.InvokeOutputOptions(provider=aws_provider))
zones = aws.get_availability_zones_output(
    state="available", opts=pulumi.InvokeOutputOptions(provider=aws_provider)
)
raw = aws.s3.Bucket(
    "raw",
    force_destroy=not keep_data,
    tags={"stack": pulumi.get_stack()},
    opts=pulumi.ResourceOptions(
        provider=aws_provider, protect=keep_data, retain_on_delete=keep_data, ignore_changes=["force_destroy"]
    ),
)
clean = aws.lambda_.Function(
    "clean",
    role="arn:aws:iam::123456789012:role/clean",
    runtime="python3.13",
    code=pulumi.FileArchive("functions"),
    memory_size=512,
    layers=["one", "two"],
    environment=aws.lambda_.FunctionEnvironmentArgs(
        variables={"URI": pulumi.Output.concat("s3://", raw.bucket, "/", identity.account_id), "Z": zones.names[1]}
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)
policy = aws.iam.RolePolicy(
    "clean",
    role="clean",
    policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [{"Resource": [raw.arn]}]}),
    opts=pulumi.ResourceOptions(provider=aws_provider, depends_on=[clean]),
)
gcp = pulumi.StackReference("gcp", stack_name=f"{pulumi.get_organization()}/demo-gcp/{pulumi.get_stack()}")
theirs = aws.ssm.Parameter(
    "theirs",
    type="SecureString",
    value=password,
    description=gcp.require_output("account"),
    opts=pulumi.ResourceOptions(provider=aws_provider, parent=raw, import_="theirs", delete_before_replace=True),
)
pulumi.export("bucket", raw.bucket)
pulumi.export("where", pulumi.Output.concat(raw.arn, "/*"))
"""

PROJECT = """\
name: demo
runtime: python
config:
  keep_data: {type: boolean, default: true}
  password: {type: string, secret: true}
"""

KEEP = Config(name="keep_data", type="bool", default=True)
PROVIDER = Ref("aws_provider")
RAW = Node(
    id="raw",
    type="aws.s3.Bucket",
    name="raw",
    inputs={"force_destroy": KEEP.opposite(), "tags": {"stack": Stack()}, "bucket_prefix": None},
    options=Options(provider=PROVIDER, protect=KEEP, retain_on_delete=KEEP, ignore_changes=("force_destroy",)),
)
CLEAN = Node(
    id="clean",
    type="aws.lambda_.Function",
    name="clean",
    inputs={
        "role": "arn:aws:iam::123456789012:role/clean",
        "runtime": "python3.13",
        "code": Archive("functions"),
        "memory_size": 512,
        "layers": ["one", "two"],
        "environment": {
            "variables": {
                "URI": Concat(("s3://", RAW["bucket"], "/", Ref("identity", ("account_id",)))),
                "Z": Ref("zones", ("names", 1)),
            }
        },
    },
    options=Options(provider=PROVIDER),
)
DOCUMENT = {"Version": "2012-10-17", "Statement": [{"Resource": [RAW["arn"]]}]}
POLICY = Node(
    id="policy",
    type="aws.iam.RolePolicy",
    name="clean",
    inputs={"role": "clean", "policy": Json(DOCUMENT)},
    options=Options(provider=PROVIDER, depends_on=(CLEAN.ref,)),
)
THEIRS = Node(
    id="theirs",
    type="aws.ssm.Parameter",
    name="theirs",
    inputs={
        "type": "SecureString",
        "value": Config(name="password", secret=True),
        "description": Ref("account", program="gcp"),
    },
    options=Options(provider=PROVIDER, parent=RAW.ref, import_="theirs", delete_before_replace=True),
)
OUTPUTS = (Output(name="bucket", value=RAW["bucket"]), Output(name="where", value=Concat((RAW["arn"], "/*"))))


def program(*nodes: Node, outputs: tuple[Output, ...] = OUTPUTS) -> Program:
    """The program of the text, with some of its nodes replaced by others of the same id, and others added."""
    statements = {
        "aws_provider": Node(id="aws_provider", type="aws.Provider", name="aws", inputs={"region": "eu-west-1"}),
        "identity": Lookup(id="identity", function="aws.get_caller_identity_output", provider=PROVIDER),
        "zones": Lookup(
            id="zones",
            function="aws.get_availability_zones_output",
            inputs={"state": "available"},
            provider=PROVIDER,
        ),
        **{node.id: node for node in (RAW, CLEAN, POLICY, THEIRS, *nodes)},
    }
    made = Program(
        name="aws", doc="", sections=(Section(title="All", statements=tuple(statements.values())),), outputs=outputs
    )
    check(made)
    return made


def run(root: Path, *, preview: bool = False, text: str = TEXT, **config: str) -> Run:
    (root / "functions").mkdir(parents=True)
    (root / "__main__.py").write_text(text)
    (root / "Pulumi.yaml").write_text(PROJECT)
    return run_program(
        root,
        preview=preview,
        config={"password": "correct horse", **config},
        stack_outputs={"gcp": {"account": "sa@demo"}},
    )


@pytest.fixture(scope="module")
def updated(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run(tmp_path_factory.mktemp("updated") / "aws")


@pytest.mark.parametrize("preview", [False, True])
@pytest.mark.parametrize("keep", ["true", "false"])
def test_a_faithful_program(tmp_path: Path, preview: bool, keep: str) -> None:
    found = run(tmp_path / "aws", preview=preview, keep_data=keep)
    assert found.problems == ()
    assert compare(program(), found) == []


def with_inputs(node: Node, **inputs: object) -> Node:
    return replace(node, inputs={**node.inputs, **inputs})  # type: ignore[arg-type]  # any value, a wrong one too


def with_options(node: Node, change: Callable[[Options], Options]) -> Node:
    return replace(node, options=change(node.options))


TAGS = {"stack": Stack()}
PLANTED = {
    "a resource that is not registered": (replace(RAW, id="more", name="more"), "more: aws.s3.Bucket 'more' is not"),
    "another class": (replace(POLICY, type="aws.iam.UserPolicy"), "pulumi_aws.iam.RolePolicy 'clean' is registered"),
    "another name": (replace(POLICY, name="other"), "policy: aws.iam.RolePolicy 'other' is not registered"),
    "an input that is not there": (with_inputs(RAW, bucket="mine"), "raw.bucket: is not there, and should be 'mine'"),
    "an input too many": (replace(THEIRS, inputs={}), "theirs.type: is 'SecureString', and should not be there"),
    "another text": (with_inputs(CLEAN, runtime="python3.14"), "clean.runtime: is 'python3.13', and should be"),
    "another number": (with_inputs(CLEAN, memory_size=513), "clean.memory_size: is 512, and should be 513"),
    "a setting and not its opposite": (with_inputs(RAW, force_destroy=KEEP), "raw.force_destroy: is False, and should"),
    "a number for a truth value": (with_inputs(RAW, force_destroy=0), "raw.force_destroy: is False, and should be 0"),
    "another key in a mapping": (with_inputs(RAW, tags={**TAGS, "a": "b"}), "raw.tags.a: is not there"),
    "a key too many in a mapping": (with_inputs(RAW, tags={}), "raw.tags.stack: is 'dev', and should not be there"),
    "the project and not the stack": (with_inputs(RAW, tags={"stack": Stack("project")}), "raw.tags.stack: is 'dev'"),
    "another order": (with_inputs(CLEAN, layers=["two", "one"]), "clean.layers[0]: is 'one', and should be 'two'"),
    "a shorter list": (with_inputs(CLEAN, layers=["one"]), "clean.layers: is ['one', 'two'], and should be ['one']"),
    "another folder": (with_inputs(CLEAN, code=Archive("other")), "clean.code: is ('archive', 'functions'), and sho"),
    "another attribute": (
        with_inputs(POLICY, policy=Json({**DOCUMENT, "Statement": [{"Resource": [RAW["bucket"]]}]})),
        "policy.policy.Statement[0].Resource[0]: is 'arn:aws:s3:::raw', and should be 'raw_bucket'",
    ),
    "an attribute that is not there": (
        with_inputs(POLICY, role=RAW["nothing"]),
        "policy.role: is 'clean', and should be '(no nothing of raw)'",
    ),
    "another answer": (
        with_inputs(CLEAN, environment={"variables": {"URI": "x", "Z": Ref("zones", ("names", 0))}}),
        "clean.environment.variables.Z: is 'us-east-1b', and should be 'us-east-1a'",
    ),
    "another document": (
        with_inputs(POLICY, policy=Json({**DOCUMENT, "Version": "x"})),
        "policy.policy.Version: is '2012-10-17', and should be 'x'",
    ),
    "a text that should be a document": (with_inputs(POLICY, role=Json({})), "policy.role: is no JSON document"),
    "another stack's other output": (
        with_inputs(THEIRS, description=Ref("other", program="gcp")),
        "theirs.description: is 'sa@demo', and should be '(no other of gcp)'",
    ),
    "a reference said as text": (with_inputs(POLICY, policy="{}"), "policy: the option depends_on is"),
    "no wait": (with_options(POLICY, lambda o: replace(o, depends_on=())), "policy: the option depends_on is"),
    "another wait": (
        with_options(CLEAN, lambda o: replace(o, depends_on=(RAW.ref, PROVIDER))),
        "clean: the option de",
    ),
    "no protection": (with_options(RAW, lambda o: replace(o, protect=None)), "raw: the option protect is True, and"),
    "no retention": (with_options(RAW, lambda o: replace(o, retain_on_delete=None)), "raw: the option retain_on_dele"),
    "other changes to ignore": (
        with_options(RAW, lambda o: replace(o, ignore_changes=())),
        "the option ignore_chan",
    ),
    "no provider": (with_options(RAW, lambda o: replace(o, provider=None)), "raw: the option provider is"),
    "no parent": (with_options(THEIRS, lambda o: replace(o, parent=None)), "theirs: the option parent is"),
    "no import": (with_options(THEIRS, lambda o: replace(o, import_=None)), "theirs: the option import_ is 'theirs'"),
    "no haste": (with_options(THEIRS, lambda o: replace(o, delete_before_replace=False)), "delete_before_replace is T"),
}


@pytest.mark.parametrize("difference", PLANTED)
def test_a_planted_difference_is_seen(updated: Run, difference: str) -> None:
    node, wanted = PLANTED[difference]
    found = compare(program(node), updated)
    assert any(wanted in one for one in found), found


@pytest.mark.parametrize(
    ("outputs", "wanted"),
    [
        (OUTPUTS[:1], "outputs.where: is 'arn:aws:s3:::raw/*', and should not be there"),
        ((*OUTPUTS, Output(name="x", value=1)), "outputs.x: is not there, and should be 1"),
        ((OUTPUTS[0], replace(OUTPUTS[1], value=RAW["arn"])), "outputs.where: is 'arn:aws:s3:::raw/*', and should be"),
    ],
)
def test_other_outputs_are_seen(updated: Run, outputs: tuple[Output, ...], wanted: str) -> None:
    found = compare(program(outputs=outputs), updated)
    assert len(found) == 1
    assert wanted in found[0]


def test_a_secret_setting_must_be_called_one(updated: Run) -> None:
    found = compare(program(), replace(updated, secret_settings=frozenset()))
    assert found == ["the setting 'password' is a secret, and the project's file does not say so"]


def test_a_preview_in_which_a_reference_is_known_is_seen(tmp_path: Path) -> None:
    text = TEXT.replace('"s3://", raw.bucket, "/"', '"s3://raw_bucket/"')
    found = compare(program(), run(tmp_path / "aws", preview=True, text=text))
    assert any("clean.environment.variables.URI" in one for one in found)
    assert any("clean: the option depends_on is" in one for one in found)
