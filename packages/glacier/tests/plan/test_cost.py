"""What a plan is billed for: every meter at the price of its region, and what nobody said left unknown."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import pytest
import toycloud
from glacier import Dataset, Pipeline, task
from glacier.plan import Estimate, Line
from glacier.storage import ObjectStorage
from glacier.tables import Tables
from toycloud import Shelf, ToyCompiler


class Priced(ToyCompiler):
    """Toys that cost something else in the cellar."""

    tables: ClassVar[Tables] = Tables(
        "priced",
        {
            **toycloud.TABLES,
            "prices": {
                "price": [
                    *toycloud.PRICES,
                    {**toycloud.PRICES[0], "region": "cellar", "usd": 0.5, "as_of": "2026-02-02"},
                ]
            },
        },
    )


def estimate(*sizes: int | str | None, region: str = "attic") -> Estimate:
    lake = ObjectStorage(resource_name="lake")
    datasets = [Dataset(f"part {number}", lake, expected_size=size) for number, size in enumerate(sizes)]

    @task
    def make() -> tuple[tuple(Annotated[Any, dataset] for dataset in datasets)]: ...  # type: ignore[valid-type]

    return Priced(region=region).plan(Pipeline("costs", [make])).estimate


def test_every_meter_is_a_line() -> None:
    assert estimate("2 GB", "4 GB").lines == (
        Line(
            subject="lake",
            item="shelf.gb",
            quantity=6.0,
            unit="GB",
            per="month",
            usd=0.25,
            as_of="2026-01-01",
            of="GB kept",
        ),
        Line(subject="make", item="robot.call", quantity=1.0, unit="", per="run", usd=None, as_of=""),
    )


def test_a_region_has_its_own_price() -> None:
    line = estimate("2 GB", region="cellar").lines[0]
    assert (line.usd, line.as_of, line.cost) == (0.5, "2026-02-02", 1.0)


def test_one_unknown_size_makes_the_sum_unknown() -> None:
    line = estimate("2 GB", None).lines[0]
    assert (line.quantity, line.cost) == (None, None)


def test_known_and_unknown_parts_are_kept_apart() -> None:
    found = estimate("2 GB")
    assert found.monthly == 0.5
    assert found.per_run == 0
    assert [line.item for line in found.unknown] == ["robot.call"]
    assert Estimate(()).monthly == 0


def test_a_month_and_a_run_are_two_sums() -> None:
    row: dict[str, Any] = {"subject": "a", "item": "b", "unit": "c", "as_of": "2026-01-01"}
    found = Estimate(
        (
            Line(**row, quantity=2, usd=3.0, per="month"),
            Line(**row, quantity=4, usd=5.0, per="run"),
            Line(**row, quantity=0, usd=7.0, per="run"),
        )
    )
    assert (found.monthly, found.per_run, found.unknown) == (6.0, 20.0, ())


def test_storage_without_a_home_costs_nothing() -> None:
    kept = Dataset("kept", storage=Shelf(), expected_size="1 GB")

    @task
    def make() -> Annotated[Any, kept]: ...

    found = toycloud.TinCompiler().plan(Pipeline("costs", [make])).estimate
    assert [line.item for line in found.lines] == ["robot.call"]


@pytest.mark.parametrize(("seconds", "quantity"), [(None, None), (60, 60.0)])
def test_the_expected_time_of_a_task_is_what_its_runs_are_priced_by(
    monkeypatch: pytest.MonkeyPatch, seconds: float | None, quantity: float | None
) -> None:
    heard: list[float | None] = []

    def meters(self: object, spec: object, seconds: float | None) -> Any:
        heard.append(seconds)
        yield from ()

    monkeypatch.setattr(toycloud.Robots, "meters", meters)

    @task(expected_duration=seconds)
    def make() -> None: ...

    Priced().plan(Pipeline("costs", [make]))
    assert heard == [quantity]
