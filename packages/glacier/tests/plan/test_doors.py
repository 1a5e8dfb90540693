"""Who is inside a network, and by which door it comes to what is outside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

from glacier import Dataset, Pipeline, task
from glacier.compilation import MultiCloudCompiler
from glacier.plan import Plan
from glacier.secrets import Secret
from glacier.storage import ObjectStorage
from glacier.target import Site, StorageKind
from glacier.terms import WAY_OUT, Address, Door, Meter, Unsupported
from pricing import Abroad, Priced
from toycloud import Boxes, Robot, Shelf, Shelves


class Rooms(Shelves):
    """Storage of which some is inside a network, and some is handed through a hatch."""

    def address(self, spec: Shelf, site: Site) -> Address:
        return Address(url="toy://room", network=site.owner == "cellar-box", door="hatch" * (site.owner == "tray"))


def passing(size: int | None) -> Iterator[Meter]:
    yield Meter(item="shelf.gb", quantity=1)
    yield Meter(item="shelf.gb", quantity=None if size is None else size / 1e9, per="run", of="GB")


class Locked(Boxes):
    """Secrets that only a lock leads to."""

    DOOR = "lock"


class Fenced(Priced):
    """A cloud whose robots leave the network by its doors only."""

    confined: ClassVar[frozenset[str]] = frozenset({"serverless"})
    doors: ClassVar[Mapping[str, Door]] = {
        part: Door(what=what, meters=passing)
        for part, what in ((WAY_OUT, "gate"), ("hatch", "hatch"), ("lock", "lock"))
    }
    storage_kinds: ClassVar[Mapping[str, StorageKind | Unsupported]] = {"object_storage": Rooms()}
    secrets: ClassVar[Any] = Locked()


inside, tray, beside = (Dataset(name, storage=Shelf()) for name in ("cellar box", "tray", "beside"))
far = Dataset("far", storage=Shelf(region="cellar"), expected_size="2 GB")
abroad = Dataset("abroad", storage=ObjectStorage())


@task(compute=Robot())
def stay(a: Annotated[Any, inside], b: Annotated[Any, beside]) -> None: ...


@task(compute=Robot())
def hand(a: Annotated[Any, inside]) -> Annotated[Any, tray]: ...


@task(compute=Robot())
def send(a: Annotated[Any, inside]) -> tuple[Annotated[Any, far], Annotated[Any, abroad]]: ...


@task(compute=Robot())
def walk(a: Annotated[Any, far]) -> Annotated[Any, Dataset("walked", storage=Shelf())]: ...


@task(compute=Robot())
def unlock(a: Annotated[Any, inside], key: str = Secret("key")) -> None: ...


def planned(*tasks: Any, cloud: type[Priced] = Fenced) -> Plan:
    return MultiCloudCompiler({"tin": Abroad(), "toy": cloud()}).plan(Pipeline("doors", list(tasks)))


def ways(plan: Plan) -> dict[str, dict[str, tuple[list[str], list[str]]]]:
    return {
        way.part: {
            use.task.name: ([each.name for each in use.inside], [each.name for each in use.outside]) for use in way.uses
        }
        for way in plan.ways
    }


def test_who_touches_what_is_inside_is_inside() -> None:
    assert {each.name for each in planned(stay, send, walk).inside} == {"stay", "send"}


def test_each_use_has_the_door_that_leads_to_it_and_no_other() -> None:
    assert ways(planned(stay, walk)) == {}
    assert ways(planned(hand)) == {"hatch": {"hand": (["cellar box"], ["tray"])}}
    assert ways(planned(unlock)) == {"lock": {"unlock": (["cellar box"], ["key"])}}
    assert ways(planned(stay, hand, send, walk)) == {
        "hatch": {"hand": (["cellar box"], ["tray"])},
        WAY_OUT: {"send": (["cellar box"], ["far", "abroad"])},
    }


def test_a_cloud_that_confines_nobody_has_no_doors() -> None:
    class Open(Fenced):
        confined: ClassVar[frozenset[str]] = frozenset()

    plan = planned(hand, send, unlock, cloud=Open)
    assert (plan.ways, len(plan.inside)) == ((), 3)


def test_a_door_is_billed_once_for_all_that_use_it() -> None:
    @task(compute=Robot())
    def send_too(a: Annotated[Any, inside], b: Annotated[Any, far]) -> None: ...

    def lines(*tasks: Any) -> list[tuple[str, float | None, str]]:
        plan = planned(*tasks)
        return [(line.subject, line.quantity, line.per) for line in plan.estimate.lines if "gate" in line.subject]

    assert lines(stay) == []
    only = Dataset("only", storage=Shelf(region="cellar"), expected_size="3 GB")

    @task(compute=Robot())
    def sized(a: Annotated[Any, inside]) -> Annotated[Any, only]: ...

    assert lines(sized) == [("gate for sized", 1, "month"), ("gate for sized", 3.0, "run")]
    assert lines(send, send_too) == [("gate for send, send_too", 1, "month"), ("gate for send, send_too", None, "run")]


def test_only_what_leads_anywhere_is_worth_a_note() -> None:
    found = planned(hand, send).diagnostics
    (note,) = [each for each in found if each.code == "network"]
    assert note.subject == "task send"
    assert note.message.startswith("needs a way out of the network of toy, since it reads cellar box inside it and")
    assert " and writes far, abroad outside: gate, " in note.message
    assert note.help.endswith("compute=compute.container() goes out by an address of its own")


def test_nothing_is_looked_for_in_what_is_wrong() -> None:
    """An address is made of sound fields."""

    @task(compute=Robot(memory=10**9))
    def wrong(a: Annotated[Any, inside]) -> Annotated[Any, abroad]: ...

    plan = planned(wrong)
    assert [each for each in plan.diagnostics if each.severity == "error"]
    assert (plan.ways, plan.inside) == ((), frozenset())
