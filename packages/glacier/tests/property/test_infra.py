"""Soundness, for random programs: what ``check`` accepts, it no longer accepts once it is broken in one place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from glacier.infra import Concat, Json, Node, Program, Ref, Section, Value, check, values, walk
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from strategies import programs
from strategies import values as any_value

often = settings(
    max_examples=max(15, settings().max_examples // 6),  # a program takes long to draw
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def every(value: Value) -> Iterator[Value]:
    """A value and everything in it, by recursion."""
    yield value
    match value:
        case dict():
            inside = [*value.values()]
        case list() | tuple():
            inside = [*value]
        case Concat(parts=parts):
            inside = [*parts]
        case Json(value=held):
            inside = [held]
        case _:
            inside = []
    for each in inside:
        yield from every(each)


@often
@given(any_value(("earlier", "above")))
def test_walk_misses_nothing(value: Value) -> None:
    assert list(map(repr, walk(value))) == list(map(repr, every(value)))


@often
@given(programs())
def test_settings_and_needs_are_those_of_the_values(program: Program) -> None:
    check(program)
    names = [one.name for one in program.settings]
    assert len(names) == len(set(names))
    said = repr(program)
    assert all(f"name={name!r}" in said for name in names)
    assert not any(one.negate for one in program.settings)
    assert all(f"program={name!r}" in said for name in program.needs)


def among(program: Program, index: int) -> tuple[Section, ...]:
    """The sections with one statement left out."""
    count = 0
    sections = []
    for section in program.sections:
        kept = [s for place, s in enumerate(section.statements, count) if place != index]
        count += len(section.statements)
        sections.append(replace(section, statements=tuple(kept)))
    return tuple(sections)


@often
@given(programs(), st.data())
def test_what_is_left_out_is_missed_exactly_when_something_refers_to_it(program: Program, data: st.DataObject) -> None:
    statements = list(program.statements)
    assume(statements)
    index = data.draw(st.integers(0, len(statements) - 1))
    gone = statements[index].id
    held = [value for s in statements if s.id != gone for value in values(s)]
    held += [value for output in program.outputs for value in walk(output.value)]
    broken = replace(program, sections=among(program, index))
    if any(isinstance(value, Ref) and value.node == gone and not value.program for value in held):
        with pytest.raises(AssertionError, match="refers to"):
            check(broken)
    else:
        check(broken)


@often
@given(programs(), st.data())
def test_a_statement_twice_is_refused(program: Program, data: st.DataObject) -> None:
    statements = list(program.statements)
    assume(statements)
    twice = data.draw(st.sampled_from(statements))
    more = (*program.sections, Section(title="Again", statements=(twice,)))
    with pytest.raises(AssertionError, match="is taken"):
        check(replace(program, sections=more))
    if isinstance(twice, Node):
        renamed = Section(title="Again", statements=(replace(twice, id="another_variable"),))
        with pytest.raises(AssertionError, match="are named"):
            check(replace(program, sections=(*program.sections, renamed)))
