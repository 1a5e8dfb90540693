"""How an infrastructure program is said in Pulumi's idioms."""

from __future__ import annotations

from dataclasses import replace

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
    Statement,
    Value,
)
from glacier.render import render
from glacier.render.python import COLUMNS

KEEP = Config(name="keep_data", type="bool", default=True, description="Whether data outlives the stack")
BUCKET = Node(id="raw_bucket", type="aws.s3.Bucket", name="sales-raw")


def program(*statements: Statement, outputs: tuple[Output, ...] = (), title: str = "Dataset raw") -> Program:
    return Program(name="p", doc="", sections=(Section(title=title, statements=statements),), outputs=outputs)


def exported(value: Value) -> str:
    """How a value is said, where a bucket is there to refer to."""
    said = render(program(BUCKET, outputs=(Output(name="o", value=value),)))
    return said[said.index('pulumi.export("o", ') + len('pulumi.export("o", ') :].removesuffix(")\n")


def setting(config: Config) -> str:
    """The lines that read a setting."""
    said = render(program(outputs=(Output(name="o", value=config),)))
    paragraph = next(one for one in said.split("\n\n") if one.startswith("config = pulumi.Config()\n"))
    return paragraph.removeprefix("config = pulumi.Config()\n")


def test_a_program_from_top_to_bottom() -> None:
    provider = Node(id="aws_provider", type="aws.Provider", name="sales", inputs={"region": "eu-west-1"})
    bucket = replace(
        BUCKET,
        inputs={"force_destroy": KEEP.opposite()},
        options=Options(protect=KEEP, provider=Ref("aws_provider")),
        comment="raw: written by load.",
    )
    policy = Node(
        id="p", type="aws.s3.BucketPolicy", name="sales-raw", inputs={"policy": Json({"Version": "2012-10-17"})}
    )
    made = Program(
        name="sales-aws",
        doc="The pipeline sales on AWS.",
        sections=(
            Section(title="Provider", statements=(provider,)),
            Section(title="Nothing", statements=()),
            Section(title="Dataset raw", statements=(bucket, policy)),
        ),
        outputs=(Output(name="raw", value=bucket["bucket"]), Output(name="far", value=Ref("x", program="sales-gcp"))),
    )
    assert render(made) == (
        '"""The pipeline sales on AWS."""\n\n'
        "import json\n\n"
        "import pulumi\n"
        "import pulumi_aws as aws\n\n"
        "import overrides\n\n"
        "config = pulumi.Config()\n"
        "# Whether data outlives the stack\n"
        'keep_data = config.get_bool("keep_data") is not False\n\n'
        "sales_gcp_stack = pulumi.StackReference(\n"
        '    "sales-gcp",\n'
        '    stack_name=f"{pulumi.get_organization()}/sales-gcp/{pulumi.get_stack()}",\n'
        ")\n\n"
        "# Your own changes to any resource, before it is created.\n"
        "pulumi.runtime.register_stack_transformation(overrides.transform)\n\n"
        f"# --- Provider {'-' * 73}\n\n"
        'aws_provider = aws.Provider("sales", region="eu-west-1")\n\n'
        f"# --- Dataset raw {'-' * 70}\n\n"
        "# raw: written by load.\n"
        "raw_bucket = aws.s3.Bucket(\n"
        '    "sales-raw",\n'
        "    force_destroy=not keep_data,\n"
        "    opts=pulumi.ResourceOptions(provider=aws_provider, protect=keep_data),\n"
        ")\n\n"
        'aws.s3.BucketPolicy("sales-raw", policy=json.dumps({"Version": "2012-10-17"}))\n\n'
        f"# --- Outputs {'-' * 74}\n\n"
        'pulumi.export("raw", raw_bucket.bucket)\n'
        'pulumi.export("far", sales_gcp_stack.require_output("x"))\n'
    )


def test_a_program_of_nothing_is_still_open_to_the_users_changes() -> None:
    assert render(program()) == (
        "import pulumi\n\nimport overrides\n\n# Your own changes to any resource, before it is created.\n"
        "pulumi.runtime.register_stack_transformation(overrides.transform)\n"
    )


ARN = Ref("raw_bucket", ("arn",))
COUNT = Config(name="count", type="int", default=3)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Ref("raw_bucket"), "raw_bucket"),
        (Ref("raw_bucket", ("rules", 0, "id")), "raw_bucket.rules[0].id"),
        (Concat(()), '""'),
        (Concat(("a", 1, Concat(("b",)))), '"a1b"'),
        (Concat((ARN, "/", "*")), 'pulumi.Output.concat(raw_bucket.arn, "/*")'),
        (Concat(("s3://", Stack(), "-{x}", COUNT)), 'f"s3://{pulumi.get_stack()}-{{x}}{count}"'),
        (Concat((ARN, COUNT)), 'pulumi.Output.concat(raw_bucket.arn, f"{count}")'),
        (
            Concat(("n", Config(name="pin", type="int", secret=True))),
            'pulumi.Output.concat("n", pin.apply(str))',
        ),
        (Concat((Json({}), "!")), 'pulumi.Output.concat(json.dumps({}), "!")'),
        (Json([Stack(), COUNT]), "json.dumps([pulumi.get_stack(), count])"),
        (Json({"a": [ARN]}), 'pulumi.Output.json_dumps({"a": [raw_bucket.arn]})'),
        (Json(Config(name="pin", secret=True)), "pulumi.Output.json_dumps(pin)"),
        (Json(Json(ARN)), "pulumi.Output.json_dumps(pulumi.Output.json_dumps(raw_bucket.arn))"),
        (Stack("organization"), "pulumi.get_organization()"),
        (Stack("project"), "pulumi.get_project()"),
        (Archive("functions/main"), 'pulumi.FileArchive("functions/main")'),
        (Ref("x", program="gcp"), 'gcp_stack.require_output("x")'),
        ({"a": (1, None)}, '{"a": [1, None]}'),
    ],
)
def test_values(value: Value, expected: str) -> None:
    assert exported(value) == expected


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (Config(name="image"), 'image = config.require("image")\n'),
        (Config(name="image", default="app"), 'image = config.get("image") or "app"\n'),
        (Config(name="on", type="bool"), 'on = config.require_bool("on")\n'),
        (Config(name="on", type="bool", default=True), 'on = config.get_bool("on") is not False\n'),
        (Config(name="on", type="bool", default=False), 'on = config.get_bool("on") or False\n'),
        (Config(name="n", type="int"), 'n = config.require_int("n")\n'),
        (Config(name="n", type="int", default=5), 'n = int(config.get("n") or 5)\n'),
        (Config(name="db-pass", secret=True), 'db_pass = config.require_secret("db-pass")\n'),
        (Config(name="n", type="int", secret=True), 'n = config.require_secret_int("n")\n'),
        (Config(name="1x", description="Why."), '# Why.\n_1x = config.require("1x")\n'),
    ],
)
def test_settings(config: Config, expected: str) -> None:
    assert setting(config) + "\n" == expected


@pytest.mark.parametrize(
    "config",
    [Config(name="x", secret=True, default="hush"), Config(name="x", type="bool", secret=True, negate=True)],
)
def test_a_secret_with_a_default_or_an_opposite_is_refused(config: Config) -> None:
    with pytest.raises(AssertionError, match="'x' is secret"):
        render(program(outputs=(Output(name="o", value=config),)))


def test_options_stand_in_one_order() -> None:
    options = Options(
        protect=True,
        retain_on_delete=KEEP,
        depends_on=(Ref("raw_bucket"),),
        ignore_changes=("tags",),
        delete_before_replace=True,
        import_="sales-raw",
        parent=Ref("raw_bucket"),
        provider=Ref("raw_bucket"),
    )
    said = render(program(BUCKET, Node(id="x", type="aws.s3.Bucket", name="x", options=options)))
    assert said.endswith(
        "    opts=pulumi.ResourceOptions(\n"
        "        provider=raw_bucket,\n"
        "        protect=True,\n"
        "        retain_on_delete=keep_data,\n"
        "        depends_on=[raw_bucket],\n"
        '        ignore_changes=["tags"],\n'
        "        delete_before_replace=True,\n"
        '        import_="sales-raw",\n'
        "        parent=raw_bucket,\n"
        "    ),\n)\n"
    )


def test_a_look_up_asks_its_provider() -> None:
    lookup = Lookup(id="me", function="aws.get_caller_identity_output", provider=Ref("raw_bucket"))
    said = render(program(BUCKET, lookup, outputs=(Output(name="o", value=lookup["account_id"]),)))
    assert (
        "me = aws.get_caller_identity_output(\n    opts=pulumi.InvokeOutputOptions(provider=raw_bucket),\n)\n" in said
    )
    assert 'pulumi.export("o", me.account_id)' in said


def test_sdks_are_imported_once_each_under_their_first_word() -> None:
    types = ("random.RandomId", "azure.storage.StorageAccount", "aws.s3.Bucket", "azure.web.WebApp", "pulumi.Custom")
    said = render(program(*(Node(id=f"n{i}", type=one, name="x") for i, one in enumerate(types))))
    assert said.startswith(
        "import pulumi\nimport pulumi_aws as aws\n"
        "import pulumi_azure_native as azure\nimport pulumi_random as random\n\n"
    )
    assert 'azure.storage.StorageAccount("x")' in said
    assert '\npulumi.Custom("x")' in said


def test_no_variable_hides_a_module_a_setting_or_another_program() -> None:
    ids = ("aws", "config", "json", "keep_data", "gcp_stack", "class", "str")
    nodes = [Node(id=one, type="aws.s3.Bucket", name=one) for one in ids]
    values = (*(Ref(one, ("id",)) for one in ids), KEEP, Ref("x", program="gcp"))
    said = render(program(*nodes, outputs=tuple(Output(name=f"o{i}", value=value) for i, value in enumerate(values))))
    assert 'aws_ = aws.s3.Bucket("aws")' in said
    assert 'class_ = aws.s3.Bucket("class")' in said
    assert 'keep_data_ = config.get_bool("keep_data") is not False' in said
    assert 'gcp_stack_ = pulumi.StackReference(\n    "gcp"' in said
    assert "str_.id" in said
    assert 'pulumi.export("o7", keep_data_)' in said


def test_a_program_that_is_deployed_later_may_have_no_outputs_yet() -> None:
    far = Ref("raw_bucket", ("bucket",), program="sales-gcp")
    node = Node(id="reader", type="aws.s3.Bucket", name="reader", inputs={"bucket": Concat(("gs://", far, "/"))})
    said = render(replace(program(node), late=frozenset({"sales-gcp"})))
    assert '\nraw_bucket_bucket = sales_gcp_stack.get_output("raw_bucket_bucket")\n' in said
    assert 'pulumi.Output.concat("gs://", raw_bucket_bucket.apply(str), "/")' in said


def test_a_heading_is_one_line_however_long_its_title() -> None:
    said = render(program(BUCKET, title="Storage\nof   many " + "names " * 30))
    heading = [line for line in said.splitlines() if "Storage of many" in line]
    assert len(heading) == 1
    assert heading[0].startswith("# --- Storage of many names")
    assert heading[0].endswith("… " + "-" * (COLUMNS - heading[0].index("…") - 2))
