"""What crosses clouds is seen, priced from the tables, and explained."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from glacier import CompileError, Dataset, DeclarationError, Pipeline
from glacier.compilation import MultiCloudCompiler
from glacier.errors import CrossProviderTransferWarning
from glacier.graph import Verb
from glacier.plan import Plan, crossing
from glacier.runtime.manifest import Manifest
from glacier.storage import ObjectStorage, Queue
from glacier_aws import AWSCompiler
from glacier_aws.compute import Lambda
from glacier_aws.storage import RDS, S3, SQS
from glacier_gcp.compute import CloudFunction
from glacier_gcp.storage import GCS
from mixes import PAIRS, compiler, quietly, visit


def planned(made: Pipeline, *clouds: str, **settings: Any) -> Plan:
    return compiler(*clouds, **settings).plan(made)


def orders(**about: Any) -> Pipeline:
    """Orders on AWS, read by two functions on Google Cloud."""
    raw = Dataset("orders", storage=S3(), **about)
    pipeline = Pipeline("orders")

    @pipeline.task(compute=Lambda())
    def collect() -> raw:  # type: ignore[valid-type]
        return []

    @pipeline.task(compute=CloudFunction())
    def tidy(rows: raw) -> Dataset("clean", storage=GCS()):  # type: ignore[valid-type]
        return rows

    @pipeline.task(compute=CloudFunction())
    def count(rows: raw) -> Dataset("counts", storage=GCS()):  # type: ignore[valid-type]
        return rows

    return pipeline


def test_reads_and_writes_are_transfers_in_the_direction_of_the_bytes() -> None:
    read, write = planned(visit("gcp", "aws"), "aws", "gcp").transfers
    assert (read.access.verb, read.source.cloud, read.destination.cloud) == (Verb.READ, "aws", "gcp")
    assert (write.access.verb, write.source.cloud, write.destination.cloud) == (Verb.WRITE, "gcp", "aws")
    assert (read.producer, read.consumer) == ("S3 given", "work")
    assert (write.producer, write.consumer) == ("work", "S3 made")
    assert "given is kept on aws (S3 exists on aws only), and work runs on gcp" in read.because


def test_regions_of_one_cloud_are_transfers_without_a_warning() -> None:
    made = Pipeline("regions")

    @made.task
    def work(value: Dataset("far", storage=S3(region="eu-west-1"))) -> Dataset("near"):  # type: ignore[valid-type]
        return value

    compiled = AWSCompiler(region="us-east-1").compile(made)
    (transfer,) = compiled.transfers
    assert not transfer.between_clouds
    assert transfer.rate is not None
    assert transfer.rate.usd == 0.02
    assert compiled.crossing == ""


@pytest.mark.parametrize(("home", "host"), PAIRS)
def test_the_price_beside_a_usual_transfer_comes_from_the_tables(home: str, host: str) -> None:
    """What leaves a cloud, over what goes between two of its regions; nothing in it is a constant."""
    for transfer in planned(visit(home, host), home, host).transfers:
        prices = compiler(home, host).providers[transfer.source.cloud].tables.prices
        assert transfer.rate is not None
        out = [price.usd for (item, _), price in prices.items() if item.startswith("network.egress.internet")]
        regional = [price.usd for (item, _), price in prices.items() if ".inter_region." in item]
        assert transfer.rate.usd in out
        assert transfer.rate.usual in regional
        assert transfer.rate.times == pytest.approx(transfer.rate.usd / transfer.rate.usual)  # type: ignore[operator]


def test_the_block() -> None:
    compiled = quietly(compiler("aws", "gcp"), orders(format="csv", expected_size="2 GB"))
    block = compiled.crossing
    assert block.startswith("⚠️  CROSS-PROVIDER DATA TRANSFERS DETECTED\n")
    assert "  • orders: collect (aws) → tidy (gcp)\n" in block
    assert re.search(
        r"^    Estimated cost: ~4\.5x normal transfer \(0\.09 USD per GB .*: 0\.18 USD for 2 GB", block, re.M
    )
    assert "Copy once: orders goes to gcp 2 times (count, tidy)" in block
    assert "Compress: orders is csv" in block
    assert "Watch egress" in block
    assert "Say how large" not in block
    assert block in str(compiled)


def test_a_size_that_nobody_gave_is_asked_for() -> None:
    block = quietly(compiler("aws", "gcp"), orders()).crossing
    assert "Say how large: Dataset('orders', expected_size='2 GB')" in block
    assert "USD a run" not in block


def test_a_task_all_of_whose_data_is_elsewhere_is_told_to_move() -> None:
    block = quietly(compiler("aws", "gcp"), visit("gcp", "aws")).crossing
    assert "Co-locate: run work on aws, where all of its data is; its compute is CloudFunction" in block
    generic = Pipeline("generic")

    @generic.task
    def work(value: Dataset("given", storage=S3())) -> Dataset("made", storage=S3()):  # type: ignore[valid-type]
        return value

    block = quietly(compiler("gcp", "aws"), generic).crossing
    assert "its compute is generic, so default_provider decides" in block


def test_it_is_a_python_warning_on_the_line_that_compiles() -> None:
    with pytest.warns(CrossProviderTransferWarning, match="CROSS-PROVIDER") as caught:
        compiler("aws", "gcp").compile(orders())
    (warning,) = caught
    assert warning.filename == __file__
    assert isinstance(warning.message, CrossProviderTransferWarning)
    assert [t.dataset.name for t in warning.message.transfers] == ["orders", "orders"]  # type: ignore[attr-defined]


def test_it_can_be_switched_off() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compiled = compiler("aws", "gcp", enable_cross_cloud_warnings=False).compile(orders())
    assert compiled.crossing == ""
    assert len(compiled.transfers) == 2


def test_it_is_in_the_readable_plan() -> None:
    compiled = quietly(compiler("aws", "gcp"), orders(expected_size="2 GB"))
    record = json.loads(compiled.files["glacier.json"])
    first = record["transfers"][0]
    assert first["producer"] == "collect"
    assert first["between_clouds"] is True
    assert first["times_usual"] == 4.5
    assert first["usd"] == pytest.approx(0.18)
    assert any("Copy once" in line for line in record["recommendations"])
    assert "## What crosses clouds" in compiled.files["README.md"].decode()


def test_one_call_for_each_message_is_worth_its_own_warning() -> None:
    made = Pipeline("messages")

    @made.task(compute=CloudFunction())
    def each(
        items: Dataset("jobs", storage=Queue()),  # type: ignore[valid-type]
        rates: Dataset("rates", storage=S3()),  # type: ignore[valid-type]
    ) -> None:
        return None

    found = planned(made, "gcp", "aws").diagnostics
    (warning,) = [d for d in found if d.code == "transfer"]
    assert "takes the messages of jobs, and for each call reads rates across clouds" in warning.message
    assert "Batch: each is called for its messages" in "\n".join(crossing.recommendations(planned(made, "gcp", "aws")))


@pytest.mark.parametrize("storage", [RDS, SQS])
def test_what_another_cloud_cannot_reach_is_refused_with_a_way_out(storage: Callable[[], Any]) -> None:
    made = Pipeline("far")

    @made.task(compute=CloudFunction())
    def work(value: Dataset("rows", storage=storage())) -> Dataset("made", storage=GCS()):  # type: ignore[valid-type]
        return value

    with pytest.raises(CompileError) as caught:
        compiler("aws", "gcp").compile(made)
    (found,) = [d for d in caught.value.diagnostics if d.code == "reach"]
    assert "task work" in str(found)
    assert "run work on aws, or let a task there copy the data to object storage" in found.help


def test_a_particular_of_a_cloud_that_is_not_compiled_for_names_the_two_ways_out() -> None:
    with pytest.raises(CompileError) as caught:
        compiler("gcp").compile(visit("gcp", "aws"))
    said = str(caught.value)
    assert "dataset given: S3 exists on aws only, and this compiles to gcp" in said
    assert "mixes.py:" in said
    assert "MultiCloudCompiler({…, 'aws': …})" in said
    assert "or use a generic resource" in said


def test_generic_resources_go_to_the_default_and_the_first_is_the_default() -> None:
    made = Pipeline("generic")

    @made.task
    def work() -> Dataset("made", storage=ObjectStorage()):  # type: ignore[valid-type]
        return 1

    assert planned(made, "gcp", "aws").clouds == ("gcp",)
    assert planned(made, "gcp", "aws", default_provider="aws").clouds == ("aws",)


def test_one_provider_twice_is_two_clouds() -> None:
    """Two regions, each with a program; a bucket goes to the one whose region it names."""
    made = Pipeline("two")

    @made.task
    def work(value: Dataset("far", storage=S3(region="eu-west-1"))) -> Dataset("near", storage=S3()):  # type: ignore[valid-type]
        return value

    both = MultiCloudCompiler({"us": AWSCompiler(region="us-east-1"), "eu": AWSCompiler(region="eu-west-1")})
    compiled = both.compile(made)
    assert list(compiled.programs) == ["eu", "us"]
    assert compiled.programs["us"].needs == ("two-eu",)
    assert {output.name for output in compiled.programs["eu"].outputs} >= {"far_bucket_arn", "far_bucket_bucket"}
    assert compiled.crossing == ""


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: AWSCompiler(region="us-central1"), "it is a region of gcp: GCPCompiler(region='us-central1')"),
        (lambda: AWSCompiler(region="eastus"), "it is a region of azure: AzureCompiler(location='eastus')"),
        (lambda: AWSCompiler(region="eu-west-9"), "did you mean 'eu-west-"),
        (
            lambda: MultiCloudCompiler({"aws": AWSCompiler()}, default_provider="gcp"),
            "default_provider='gcp' is none of aws",
        ),
        (lambda: MultiCloudCompiler({"aws": AWSCompiler}), "call it: {'aws': AWSCompiler()}"),  # type: ignore[dict-item]
        (lambda: MultiCloudCompiler({}), "no provider was given"),
    ],
)
def test_a_compiler_that_cannot_be_is_refused_where_it_is_made(make: Callable[[], Any], said: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        make()
    assert said in str(caught.value)
    assert "test_crossings.py:" in str(caught.value)


def test_two_resources_that_claim_one_bucket_are_refused() -> None:
    made = Pipeline("twice")
    one, other = (
        Dataset("one", storage=S3(bucket="example-bucket")),
        Dataset("other", storage=S3(bucket="example-bucket")),
    )

    @made.task
    def work(value: one) -> other:  # type: ignore[valid-type]
        return value

    with pytest.raises(CompileError, match="use one storage object for both, or name one of them"):
        AWSCompiler().compile(made)


def test_what_is_done_on_the_way_is_in_the_manifest_of_each_cloud() -> None:
    """Who writes at home packs; who reads abroad does everything; what nobody reads abroad is left alone."""
    raw, clean = Dataset("raw", storage=S3(bucket="raw-data")), Dataset("clean", storage=S3(bucket="clean-data"))
    switched = Dataset("switched", storage=S3(bucket="other"), transfer={"cache": False, "batch": False})
    pipeline = Pipeline("ways")

    @pipeline.task(compute=Lambda())
    def write(x: raw) -> tuple[clean, switched]:  # type: ignore[valid-type]
        return x, x

    @pipeline.task(compute=CloudFunction())
    def read(x: clean, y: switched) -> None:  # type: ignore[valid-type]
        return None

    files = quietly(compiler("aws", "gcp"), pipeline).files
    found = {}
    for cloud in ("aws", "gcp"):
        (text,) = [text for path, text in files.items() if path.startswith(f"{cloud}/") and "manifest.json" in path]
        places = Manifest.from_json(text.decode()).places
        found[cloud] = {name: place.transfer for name, place in places.items()}
    assert found == {
        "aws": {"raw": (), "clean": ("compress",), "switched": ("compress",)},
        "gcp": {"clean": ("compress", "parallel", "cache", "batch"), "switched": ("compress", "parallel")},
    }
