"""What crosses a cloud or a region, in the direction in which the data goes."""

from __future__ import annotations

from typing import Annotated, Any

from glacier import Dataset, Pipeline, task
from glacier.compilation import MultiCloudCompiler
from glacier.graph import Verb
from glacier.plan import Transfer
from toycloud import Robot, Shelf, TinCompiler, ToyCompiler

near, far, cellar = Dataset("near", storage=Shelf()), Dataset("far"), Dataset("cellar", storage=Shelf(region="cellar"))


@task(compute=Robot())
def fetch() -> tuple[Annotated[Any, near], Annotated[Any, cellar]]: ...


@task
def use(a: Annotated[Any, near], b: Annotated[Any, near], c: Annotated[Any, cellar]) -> Annotated[Any, far]: ...


def crossing(**providers: Any) -> list[Transfer]:
    return list(MultiCloudCompiler(providers).plan(Pipeline("cross", [fetch, use])).transfers)


def rows(found: list[Transfer]) -> list[tuple[str, str, Verb, tuple[str, str], tuple[str, str]]]:
    return [
        (
            one.access.task.name,
            one.access.dataset.name,
            one.access.verb,
            (one.source.cloud, one.source.region),
            (one.destination.cloud, one.destination.region),
        )
        for one in found
    ]


def test_one_cloud_and_one_region_have_none() -> None:
    assert not [one for one in crossing(toy=ToyCompiler()) if one.access.dataset in (near, far)]


def test_a_region_is_crossed() -> None:
    found = crossing(toy=ToyCompiler())
    assert rows(found) == [
        ("use", "cellar", Verb.READ, ("toy", "cellar"), ("toy", "attic")),
        ("fetch", "cellar", Verb.WRITE, ("toy", "attic"), ("toy", "cellar")),
    ]
    assert not any(one.between_clouds for one in found)


def test_a_cloud_is_crossed_once_for_each_dataset() -> None:
    found = crossing(tin=TinCompiler(), toy=ToyCompiler())
    assert rows(found) == [
        ("use", "near", Verb.READ, ("toy", "attic"), ("tin", "cellar")),
        ("use", "cellar", Verb.READ, ("toy", "cellar"), ("tin", "cellar")),
        ("fetch", "cellar", Verb.WRITE, ("toy", "attic"), ("toy", "cellar")),
    ]
    assert [one.between_clouds for one in found] == [True, True, False]


def test_what_has_no_home_crosses_nothing() -> None:
    assert crossing(tin=TinCompiler()) == []
