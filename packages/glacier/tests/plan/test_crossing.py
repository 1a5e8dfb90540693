"""What is said about data that crosses clouds: from where to where, for how much, and what would be cheaper."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from glacier import Dataset, Pipeline, compilation, task
from glacier.compilation import MultiCloudCompiler
from glacier.errors import CrossProviderTransferWarning, Severity
from glacier.pipeline import Task
from glacier.plan import Plan, Transfer, crossing
from glacier_aws import AWSCompiler
from glacier_aws.storage import SQS
from pricing import Abroad, Priced
from toycloud import Robot, Shelf, TinCompiler

orders = Dataset("orders", Shelf(), format="json", expected_size="100 GB")
stock = Dataset("stock", Shelf())


@task(compute=Robot())
def collect() -> tuple[Annotated[Any, orders], Annotated[Any, stock]]: ...


@task
def count(rows: Annotated[Any, orders]) -> None: ...


@task
def check(rows: Annotated[Any, orders], there: Annotated[Any, stock]) -> None: ...


def planned(*tasks: Task[..., Any]) -> Plan:
    return MultiCloudCompiler({"tin": Abroad(), "toy": Priced()}).plan(Pipeline("cross", tasks))


def only(*tasks: Task[..., Any]) -> Transfer:
    (transfer,) = planned(*tasks).transfers
    return transfer


def test_a_transfer_says_between_whom_and_why() -> None:
    transfer = only(collect, count)
    assert (transfer.producer, transfer.consumer, transfer.dataset) == ("collect", "count", orders)
    assert transfer.because == (
        "orders is kept on toy (Shelf exists on toy only), and count runs on tin (generic; the default cloud)"
    )
    assert only(count).producer == "Shelf orders"


def test_the_price_is_that_of_leaving_beside_the_usual() -> None:
    transfer = only(collect, count)
    assert transfer.rate is not None
    assert (transfer.rate.usd, transfer.rate.usual, transfer.rate.region) == (0.09, 0.01, "attic")
    assert transfer.rate.times == pytest.approx(9)
    assert transfer.usd == pytest.approx(9)
    assert crossing.cost(transfer) == (
        "Estimated cost: ~9.0x normal transfer (0.09 USD per GB out of attic, as of 2026-03-03;"
        " between its regions 0.01 USD): 9.00 USD for 100 GB each run"
    )


def test_what_compute_sends_may_have_a_price_of_its_own() -> None:
    far = Dataset("far", expected_size="2 GiB")

    @task(compute=Robot())
    def send() -> Annotated[Any, stock]: ...

    @task
    def receive(x: Annotated[Any, stock]) -> Annotated[Any, far]: ...

    @task(compute=Robot())
    def read_back(x: Annotated[Any, far]) -> None: ...

    by_name = {t.dataset.name: t for t in planned(send, receive, read_back).transfers}
    assert by_name["far"].rate is None, "nobody knows what the other cloud asks"
    assert crossing.cost(by_name["far"]) == (
        "Estimated cost: not known, since the price of leaving tin is not in the table"
    )


def test_a_region_that_is_crossed_costs_what_its_region_asks() -> None:
    down = Dataset("down", Shelf(region="cellar"), expected_size="10 GB")

    @task(compute=Robot())
    def move() -> Annotated[Any, down]: ...

    (transfer,) = Priced().plan(Pipeline("down", [move])).transfers
    assert not transfer.between_clouds
    assert transfer.rate is not None
    assert (transfer.rate.usd, transfer.rate.usual, transfer.usd) == (0.02, 0.01, pytest.approx(0.2))
    assert crossing.text(Priced().plan(Pipeline("down", [move]))) == ""


def test_what_is_sent_is_in_the_estimate() -> None:
    (line,) = [line for line in planned(collect, count).estimate.lines if line.item.startswith("transfer")]
    assert (line.subject, line.item) == ("orders to count", "transfer from toy to tin")
    assert (line.quantity, line.usd, line.per, line.cost) == (100, 0.09, "run", pytest.approx(9))


def test_the_block_lists_crossings_and_what_would_help() -> None:
    block = crossing.text(planned(collect, count, check))
    lines = [line.strip() for line in block.splitlines() if line.strip()]
    assert lines[0] == crossing.HEADING
    assert [line for line in lines if "→" in line] == [
        "• orders: collect (toy) → check (tin)",
        "• orders: collect (toy) → count (tin)",
        "• stock: collect (toy) → check (tin)",
    ]
    said = lines[lines.index("Recommendations:") + 1 :]
    assert [line.split(":")[0].removeprefix("• ") for line in said] == [
        "Co-locate",
        "Co-locate",
        "Copy once",
        "Compress",
        "Say how large",
        "Watch egress",
    ]
    assert "run count on toy, where all of its data is; its compute is generic" in block
    assert "orders goes to tin 2 times (check, count)" in block
    assert "orders is json, packed on its way; format='parquet' is often smaller" in block
    assert "Dataset('stock', expected_size='2 GB')" in block
    assert "data transfer out of toy, 18.00 USD a run at the sizes given" in block


def test_a_task_between_two_clouds_is_told_to_split() -> None:
    here = Dataset("here")

    @task
    def mix(x: Annotated[Any, orders]) -> Annotated[Any, here]: ...

    found = crossing.recommendations(planned(mix))
    assert found[0] == (
        "Co-locate: mix works on tin and toy; keep orders on tin, or split the task so that each part runs beside its"
        " data"
    )


def test_nothing_is_said_when_nothing_crosses() -> None:
    plan = planned(collect)
    assert crossing.text(plan) == ""
    assert crossing.between_clouds(plan) == ()


def test_what_only_a_network_reaches_is_out_of_reach() -> None:
    hidden = Dataset("hidden", Shelf(region="garden"))

    @task
    def peek(x: Annotated[Any, hidden]) -> None: ...

    (error,) = [d for d in planned(peek).diagnostics if d.code == "reach"]
    assert (error.severity, error.subject, error.where) == (Severity.ERROR, "task peek", peek.where)
    assert "Shelf hidden is reached from inside its network on toy only" in error.message
    assert "run peek on toy" in error.help


def test_clouds_that_do_not_trust_each_other_are_refused() -> None:
    plan = MultiCloudCompiler({"tin": TinCompiler(), "toy": Priced()}).plan(Pipeline("cross", [collect, count]))
    (error,) = plan.diagnostics
    assert (error.code, error.severity, error.subject) == ("trust", Severity.ERROR, "task count")
    assert error.message == "reads orders across clouds, and tin: it has no trust with other clouds"
    assert error.help == "run count where orders is kept"


def test_only_objects_are_reached_from_another_cloud() -> None:
    from_aws = Dataset("messages", SQS())

    @task
    def listen(x: Annotated[Any, from_aws]) -> None: ...

    plan = MultiCloudCompiler({"tin": Abroad(), "aws": AWSCompiler()}).plan(Pipeline("cross", [listen]))
    (error,) = [d for d in plan.diagnostics if d.code == "reach"]
    assert "only object storage is reached from another cloud: SQS messages is on aws" in error.message


@pytest.fixture
def only_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is generated: what is said about crossings is said about the plan."""
    monkeypatch.setattr(compilation, "lower", lambda *_, **__: {})
    monkeypatch.setattr(compilation.project, "files", lambda *_, **__: {})


CLOUDS = {"tin": Abroad(), "toy": Priced()}


@pytest.mark.usefixtures("only_planned")
def test_whoever_compiles_is_warned_on_their_line() -> None:
    pipeline = Pipeline("cross", [collect, count])
    with pytest.warns(CrossProviderTransferWarning) as heard:
        compiled = MultiCloudCompiler(CLOUDS).compile(pipeline)
    (warned,) = heard
    assert warned.filename == __file__
    assert isinstance(warned.message, CrossProviderTransferWarning)
    assert str(warned.message) == compiled.crossing
    assert warned.message.transfers == compiled.transfers
    assert compiled.crossing in str(compiled)


@pytest.mark.usefixtures("only_planned")
def test_whoever_asks_not_to_be_warned_is_not() -> None:
    compiler = MultiCloudCompiler(CLOUDS, enable_cross_cloud_warnings=False)
    compiled = compiler.compile(Pipeline("cross", [collect, count]))
    assert compiled.crossing == ""
    assert len(compiled.transfers) == 1


@pytest.mark.usefixtures("only_planned")
def test_without_a_crossing_nobody_is_warned() -> None:
    assert MultiCloudCompiler(CLOUDS).compile(Pipeline("none", [collect])).crossing == ""
