"""What a cloud has only in steps, only in letters and digits, or not at all for one generic resource."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
from glacier import naming
from glacier.errors import Diagnostic
from glacier.plan.limits import within
from glacier.plan.placement import Subject
from glacier.resource import Resource
from glacier.tables import Limit, NameRule


@dataclass(frozen=True, eq=False)
class Machine(Resource):
    kind: ClassVar[str] = "serverless"
    memory: int | None = 512


class Facts:
    limits: ClassVar[Any] = {("Machine", "memory"): Limit(source="s", max=2048, steps=(512, 1024, 2048))}
    pairs: ClassVar[Any] = {}

    @staticmethod
    def sources(name: str) -> Any:
        return {"s": type("Source", (), {"title": "a page", "read_on": "2026-11-25"})}


def rounded(memory: int | None) -> tuple[int | None, list[str]]:
    found: list[Diagnostic] = []
    made = within(Machine(memory=memory), Facts, Subject("task t", None), found)  # type: ignore[arg-type]
    assert isinstance(made, Machine)
    return made.memory, [f"{d.severity} {d.code}: {d.message}" for d in found]


@pytest.mark.parametrize(("asked", "given"), [(1, 512), (513, 1024), (1025, 2048)])
def test_a_number_between_two_steps_is_rounded_up_and_said(asked: int, given: int) -> None:
    memory, said = rounded(asked)
    assert memory == given
    assert said == [f"note rounded: Machine(memory={asked}) becomes memory={given}, the nearest the cloud has"]


@pytest.mark.parametrize("asked", [512, 1024, 2048, None])
def test_a_step_stays_as_it_is(asked: int | None) -> None:
    assert rounded(asked) == (asked, [])


def test_a_number_above_the_last_step_is_refused_and_not_rounded() -> None:
    memory, said = rounded(2049)
    assert memory == 2049
    assert said == ["error limit: Machine.memory = 2049 is above the most, 2048"]


def test_a_plain_name_has_letters_and_digits_only_and_two_stay_two() -> None:
    rules = {"*": NameRule(max=50), "store": NameRule(max=16, plain=True)}
    names = {naming.logical(rules, "store", *parts) for parts in [("ab", "c"), ("a", "bc"), ("a-b", "c"), ("abc",)]}
    assert len(names) == 4
    for name in names:
        assert name.isalnum()
        assert name.islower()
        assert len(name) <= 16
    assert len(naming.plain("x" * 100, 16)) == 16
    assert naming.plain("x" * 100, 16) != naming.plain("x" * 101, 16)
