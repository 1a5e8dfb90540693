"""A task inside a network comes to what is outside of it, by doors that are there for those who need them only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from glacier import Dataset, Pipeline
from glacier.compilation import Compiled, MultiCloudCompiler
from glacier.errors import Severity
from glacier.infra import Node
from glacier.resource import Resource
from glacier.secrets import Secret
from glacier_aws import AWSCompiler
from glacier_aws.compute import FargateTask, Lambda
from glacier_aws.storage import RDS, S3, SQS, ElastiCache
from glacier_gcp.storage import GCS
from mixes import JOBS, PAIRS, compiler, export, quietly

FAR = "eu-west-1"


def nodes(compiled: Compiled, cloud: str = "aws") -> dict[str, Node]:
    return {node.id: node for node in compiled.programs[cloud].nodes}


def routes_out(compiled: Compiled) -> dict[Any, Any]:
    """Which routes lead everywhere: by table, through what."""
    found = {}
    for node in nodes(compiled).values():
        if node.type == "aws.ec2.Route" and node.inputs["destination_cidr_block"] == "0.0.0.0/0":
            (through,) = node.inputs.keys() - {"route_table_id", "destination_cidr_block"}
            found[node.inputs["route_table_id"].node] = (through, node.inputs[through].node)  # type: ignore[union-attr]
    return found


def services(compiled: Compiled) -> set[str]:
    made = [node for node in nodes(compiled).values() if node.type == "aws.ec2.VpcEndpoint"]
    return {str(node.inputs["service_name"]).removeprefix("com.amazonaws.us-east-1.") for node in made}


def between(given: Resource, made: Resource, works: Resource | None = None) -> Pipeline:
    """One task between two storages."""
    pipeline = Pipeline("between")

    @pipeline.task(compute=works or Lambda())
    def load(value: Dataset("given", storage=given)) -> Dataset("made", storage=made):  # type: ignore[valid-type]
        return value

    return pipeline


def on_aws(given: Resource, made: Resource, works: Resource | None = None) -> Compiled:
    return AWSCompiler().compile(between(given, made, works))


IN_OR_OUT: Mapping[str, tuple[Resource, Resource, bool]] = {
    "another region's bucket, read": (S3("example-far", region=FAR, existing=True), RDS(), True),
    "another region's bucket, written": (ElastiCache(), S3(region=FAR), True),
    "a bucket beside it": (RDS(), S3(), False),
    "a queue beside it": (RDS(), SQS(), False),
    "both inside": (ElastiCache(), RDS(), False),
    "both outside": (S3(), SQS(), False),
    "another region's bucket, from no network": (S3("example-far", region=FAR, existing=True), S3(), False),
}


@pytest.mark.parametrize(("given", "made", "needed"), IN_OR_OUT.values(), ids=IN_OR_OUT.keys())
def test_a_network_is_left_only_by_who_must(given: Resource, made: Resource, needed: bool) -> None:
    compiled = on_aws(given, made)
    assert ("network_private_routes" in routes_out(compiled)) == needed
    kinds = {node.type for node in nodes(compiled).values()}
    assert ("aws.ec2.NatGateway" in kinds) == ("aws.ec2.Eip" in kinds) == needed
    assert bool([d for d in compiled.diagnostics if d.code == "network"]) == needed


@pytest.mark.parametrize("host", ["gcp", "azure"])
def test_the_private_subnets_of_who_crosses_lead_out_through_the_public_one(host: str) -> None:
    compiled = quietly(compiler("aws", host), export("aws", host))
    assert routes_out(compiled) == {
        "network_public_routes": ("gateway_id", "network_gateway"),
        "network_private_routes": ("nat_gateway_id", "way_out_gateway"),
    }
    made = nodes(compiled)
    tables = {}
    for node in made.values():
        if node.type == "aws.ec2.RouteTableAssociation":
            tables[node.inputs["subnet_id"].node] = node.inputs["route_table_id"].node  # type: ignore[union-attr]
    runs_in = [subnet.node for subnet in made["carry_function"].inputs["vpc_config"]["subnet_ids"]]  # type: ignore[call-overload,index,union-attr]
    assert {tables[subnet] for subnet in runs_in} == {"network_private_routes"}
    gateway = made["way_out_gateway"]
    assert tables[gateway.inputs["subnet_id"].node] == "network_public_routes"  # type: ignore[union-attr]
    assert [ref.node for ref in made["way_out_address"].options.depends_on] == ["network_internet"]
    assert services(compiled) == {"s3", "secretsmanager"}


def test_a_second_region_that_is_compiled_for_is_another_region() -> None:
    both = MultiCloudCompiler({"us": AWSCompiler(region="us-east-1"), "eu": AWSCompiler(region=FAR)})
    compiled = both.compile(between(RDS(), S3(region=FAR)))
    assert {node.type for node in nodes(compiled, "us").values()} >= {"aws.ec2.NatGateway", "aws.lambda_.Function"}
    assert not [node for node in nodes(compiled, "eu").values() if node.type.startswith("aws.ec2.")]


def test_a_container_has_a_public_address_and_needs_no_door() -> None:
    compiled = on_aws(S3("example-far", region=FAR, existing=True), RDS(), FargateTask())
    assert compiled.plan is not None
    assert not compiled.plan.ways
    assert services(compiled) == {"s3"}
    assert list(routes_out(compiled)) == ["network_public_routes"]


@pytest.mark.parametrize(
    ("given", "made", "doors"),
    [
        (ElastiCache(), SQS(), {"s3", "sqs"}),
        (RDS(), SQS(), {"s3", "sqs", "secretsmanager"}),
        (SQS(), RDS(), {"s3", "sqs", "secretsmanager"}),
        (ElastiCache(), S3(), {"s3"}),
        (SQS(), S3(), set()),
    ],
)
def test_a_service_of_the_own_region_has_a_door_for_itself(given: Resource, made: Resource, doors: set[str]) -> None:
    assert services(on_aws(given, made)) == doors


def twice(*, crossing: bool) -> Compiled:
    """A task that stays inside its cloud, and beside it one that crosses, or not."""
    rows = Dataset("rows", storage=RDS())
    pipeline = Pipeline("twice")

    @pipeline.task(compute=Lambda())
    def stay(value: rows) -> Dataset("kept", storage=S3()):  # type: ignore[valid-type]
        return value

    if crossing:

        @pipeline.task(compute=Lambda())
        def carry(value: rows) -> Dataset("carried", storage=GCS()):  # type: ignore[valid-type]
            return value

    return quietly(compiler("aws", "gcp"), pipeline)


def test_a_crossing_adds_a_way_out_and_changes_nothing_that_was_there() -> None:
    """And so what goes with the crossing is its task and the way out, and nothing else."""
    before, after = (
        {name: replace(node, comment="") for name, node in nodes(twice(crossing=crossing)).items()}
        for crossing in (False, True)
    )
    # The code's folder knows of one task more, its upload is called by what is in it, and the workflow runs one more.
    code = ("upload_", "stay_function", "workflow_")
    changed = [name for name in before if before[name] != after.get(name)]
    assert not [name for name in changed if not name.startswith(code)]
    added = [name for name in after.keys() - before.keys() if not name.startswith(("carry_", *code))]
    assert sorted(added) == ["way_out_address", "way_out_gateway", "way_out_route"]


def test_it_is_said_and_priced() -> None:
    rows = Dataset("rows", storage=RDS())
    pipeline = Pipeline("priced")

    @pipeline.task(compute=Lambda())
    def carry(value: rows) -> Dataset("carried", storage=GCS(), expected_size="2 GB"):  # type: ignore[valid-type]
        return value

    compiled = quietly(compiler("aws", "gcp"), pipeline)
    said = (
        "needs a way out of the network of aws, since it reads rows inside it and writes carried outside:"
        " NAT gateway, 36.50 USD a month"
    )
    (note,) = [found for found in compiled.diagnostics if found.code == "network"]
    assert (note.subject, note.message, note.severity) == ("task carry", said, Severity.NOTE)
    assert "let a task there copy rows to object storage" in note.help
    assert f"  • carry {said}\n" in compiled.crossing
    lines = {line.item: line for line in compiled.estimate.lines if line.subject == "NAT gateway for carry"}
    assert {item: (line.quantity, line.per, line.cost) for item, line in lines.items()} == {
        "network.nat.hour": (730, "month", pytest.approx(32.85)),
        "network.public_ipv4": (730, "month", pytest.approx(3.65)),
        "network.nat.data": (2, "run", pytest.approx(0.09)),
    }
    (endpoint,) = [line for line in compiled.estimate.lines if line.subject == "endpoint of Secrets Manager for carry"]
    assert endpoint.cost == pytest.approx(14.6)
    recorded = json.loads(compiled.files["glacier.json"])["estimate"]
    assert [line["usd"] for line in recorded if line["item"] == "network.nat.hour"] == [pytest.approx(32.85)]
    assert said in compiled.files["README.md"].decode()


def test_where_nobody_knows_the_price_it_is_said_so() -> None:
    found = AWSCompiler(region="eu-south-2").plan(between(ElastiCache(), S3(region=FAR))).diagnostics
    (note,) = [each for each in found if each.code == "network"]
    assert note.message.endswith("NAT gateway, whose price is not in the table")


def test_a_secret_alone_needs_no_way_out() -> None:
    pipeline = Pipeline("given")

    @pipeline.task(compute=Lambda())
    def sign(value: Dataset("entry", storage=ElastiCache()), key: str = Secret("key")) -> None:  # type: ignore[valid-type]
        return None

    compiled = AWSCompiler().compile(pipeline)
    assert services(compiled) == {"s3", "secretsmanager"}
    assert list(routes_out(compiled)) == ["network_public_routes"]


@pytest.mark.parametrize(("home", "host"), [pair for pair in PAIRS if pair[0] != "aws"])
@pytest.mark.parametrize("works", ["function", "job"])
def test_other_clouds_let_tasks_out_of_their_networks_anyway(home: str, host: str, works: str) -> None:
    """Google's join the network for private addresses only; Azure's services bring addresses to go out by."""
    chosen: dict[str, Any] = {"works": JOBS} if works == "job" else {}
    compiled = quietly(compiler(home, host), export(home, host, **chosen))
    assert compiled.plan is not None
    assert compiled.plan.inside
    assert not compiled.plan.ways
    joined = "".join(repr(node.inputs) for node in nodes(compiled, home).values())
    if home == "gcp":
        assert "PRIVATE_RANGES_ONLY" in joined
        assert "ALL_TRAFFIC" not in joined
    else:
        assert joined.count("'service_name': 'Microsoft.App/environments'") == 2
        assert "default_outbound_access" not in joined
