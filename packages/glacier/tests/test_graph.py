"""A pipeline's order, its accesses, and which datasets share a storage."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from glacier import Dataset, DeclarationError, Pipeline, task
from glacier.graph import SCRATCH, Access, Graph, Verb, build
from glacier.pipeline import Task
from glacier.storage import Cache, ObjectStorage, Queue

lake = ObjectStorage(resource_name="The Lake")
orders, clean, report = Dataset("orders", storage=lake), Dataset("clean"), Dataset("report", storage=lake)
daily, alerts = Dataset("daily", storage=ObjectStorage()), Dataset("alerts", storage=Queue())


@task
def tidy(rows: Annotated[Any, orders], again: Annotated[Any, orders]) -> Annotated[Any, clean]: ...


@task
def count(rows: Annotated[Any, clean]) -> Annotated[Any, daily]: ...


@task
def summarize(
    rows: Annotated[Any, clean], counts: Annotated[Any, daily], old: Annotated[Any, orders]
) -> tuple[Annotated[Any, report], Annotated[Any, alerts]]: ...


@task
def ping() -> None: ...


TASKS: list[Task[..., Any]] = [summarize, ping, count, tidy]


@pytest.fixture
def graph() -> Graph:
    return build(Pipeline("shop", TASKS))


def test_tasks_come_after_what_they_read_and_ties_by_name(graph: Graph) -> None:
    assert [each.name for each in graph.tasks] == ["ping", "tidy", "count", "summarize"]
    assert {each.name: stage for each, stage in graph.stages.items()} == {
        "ping": 0,
        "tidy": 0,
        "count": 1,
        "summarize": 2,
    }


def test_datasets_are_in_order_of_their_names(graph: Graph) -> None:
    assert [dataset.name for dataset in graph.datasets] == ["alerts", "clean", "daily", "orders", "report"]
    assert graph.name == "shop"


def test_every_annotation_is_one_access(graph: Graph) -> None:
    """Two parameters that read one dataset are one access: it is the permission."""
    assert graph.accesses == (
        Access(tidy, orders, Verb.READ),
        Access(count, clean, Verb.READ),
        Access(summarize, clean, Verb.READ),
        Access(summarize, daily, Verb.READ),
        Access(summarize, orders, Verb.READ),
        Access(tidy, clean, Verb.WRITE),
        Access(count, daily, Verb.WRITE),
        Access(summarize, report, Verb.WRITE),
        Access(summarize, alerts, Verb.WRITE),
    )


def test_producers_consumers_and_sources(graph: Graph) -> None:
    assert dict(graph.producers) == {clean: tidy, daily: count, report: summarize, alerts: summarize}
    assert dict(graph.consumers) == {orders: (summarize, tidy), clean: (count, summarize), daily: (summarize,)}
    assert graph.sources == (orders,)


def test_upstream_is_who_writes_what_a_task_reads(graph: Graph) -> None:
    assert graph.upstream(summarize) == (tidy, count)
    assert graph.upstream(tidy) == ()
    assert graph.upstream(ping) == ()


def test_one_storage_object_is_one_holding(graph: Graph) -> None:
    held = {holding.owner: holding for holding in graph.holdings}
    assert {owner: [dataset.name for dataset in one.datasets] for owner, one in held.items()} == {
        "alerts": ["alerts"],
        SCRATCH: ["clean"],
        "daily": ["daily"],
        "the-lake": ["orders", "report"],
    }
    assert held["the-lake"].resource is lake
    assert held[SCRATCH].resource is None


def test_two_equal_storages_are_two_holdings() -> None:
    a, b = Dataset("a", storage=Cache()), Dataset("b", storage=Cache())

    @task
    def move(x: Annotated[Any, a]) -> Annotated[Any, b]: ...

    assert [holding.owner for holding in build(Pipeline("two", [move])).holdings] == ["a", "b"]


def test_a_shared_storage_without_a_name_is_called_after_its_first_dataset_by_name() -> None:
    shelf = ObjectStorage()
    b, a = Dataset("Big b", storage=shelf), Dataset("An a", storage=shelf)

    @task
    def move(x: Annotated[Any, b]) -> Annotated[Any, a]: ...

    (holding,) = build(Pipeline("shared", [move])).holdings
    assert holding.owner == "an-a"
    assert holding.datasets == (a, b)


def test_scratch_is_one_holding() -> None:
    a, b = Dataset("a"), Dataset("b")

    @task
    def move(x: Annotated[Any, a]) -> Annotated[Any, b]: ...

    (holding,) = build(Pipeline("scratch", [move])).holdings
    assert (holding.owner, holding.resource, holding.datasets) == (SCRATCH, None, (a, b))


def test_the_longest_way_counts() -> None:
    """``d`` reads ``a`` directly and at the end of a chain: it comes after the chain."""
    a, b, c, d = (Dataset(name) for name in "abcd")

    @task
    def make_d(x: Annotated[Any, a], y: Annotated[Any, c]) -> Annotated[Any, d]: ...

    @task
    def make_b(x: Annotated[Any, a]) -> Annotated[Any, b]: ...

    @task
    def make_c(x: Annotated[Any, b]) -> Annotated[Any, c]: ...

    @task
    def make_a() -> Annotated[Any, a]: ...

    graph = build(Pipeline("chain", [make_d, make_c, make_b, make_a]))
    assert [(each.name, graph.stages[each]) for each in graph.tasks] == [
        ("make_a", 0),
        ("make_b", 1),
        ("make_c", 2),
        ("make_d", 3),
    ]


def test_a_task_that_reads_two_outputs_of_one_task_waits_for_it_once() -> None:
    a, b = Dataset("a"), Dataset("b")

    @task
    def both() -> tuple[Annotated[Any, a], Annotated[Any, b]]: ...

    @task
    def use(x: Annotated[Any, a], y: Annotated[Any, b]) -> None: ...

    graph = build(Pipeline("pair", [use, both]))
    assert graph.tasks == (both, use)
    assert graph.upstream(use) == (both,)


def test_an_empty_pipeline_is_refused() -> None:
    with pytest.raises(DeclarationError, match="the pipeline has no tasks"):
        build(Pipeline("empty"))
