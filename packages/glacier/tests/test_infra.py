"""Programs without syntax: what they hold, and which of them could not run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

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
    check,
    walk,
)

KEEP = Config(name="keep", type="bool", default=True)
SIZE = Config(name="size", type="int")


def node(id_: str, inputs: dict[str, Value] | None = None, **more: Any) -> Node:
    return Node(id=id_, type=more.pop("type", "toy.Box"), name=more.pop("name", id_), inputs=inputs or {}, **more)


def program(*statements: Statement, outputs: tuple[Output, ...] = ()) -> Program:
    return Program(name="p", doc="", sections=(Section(title="All", statements=statements),), outputs=outputs)


# --- What it holds --------------------------------------------------------------------------------------------------


def test_a_node_and_a_lookup_give_references() -> None:
    box, ask = node("box"), Lookup(id="who", function="toy.who_output")
    assert box["arn"] == Ref("box", ("arn",))
    assert box["rules", 0, "id"] == Ref("box", ("rules", 0, "id"))
    assert box.ref == Ref("box")
    assert ask["account"] == Ref("who", ("account",))
    assert ask["a", 1] == Ref("who", ("a", 1))


def test_what_another_program_reads_has_a_name() -> None:
    assert Ref("raw_bucket", ("rules", 0, "id")).output == "raw_bucket_rules_0_id"


def test_a_setting_has_an_opposite() -> None:
    assert KEEP.opposite().negate
    assert KEEP.opposite().opposite() == KEEP
    assert KEEP.opposite() != KEEP


def test_statements_and_nodes_come_in_order() -> None:
    ask = Lookup(id="who", function="toy.who_output")
    first, last = Section(title="A", statements=(node("a"), ask)), Section(title="B", statements=(node("b"),))
    whole = Program(name="p", doc="", sections=(first, last))
    assert [statement.id for statement in whole.statements] == ["a", "who", "b"]
    assert [each.id for each in whole.nodes] == ["a", "b"]


def test_walk_gives_every_value_outermost_first() -> None:
    ref, stack = Ref("a", ("id",)), Stack()
    inner: dict[str, Value] = {"x": ref, "y": [1, None]}
    whole: dict[str, Value] = {"text": Concat(("a", Concat((stack,)))), "json": Json(inner), "row": (True, 2.5)}
    assert list(walk(whole)) == [
        whole,
        Concat(("a", Concat((stack,)))),
        "a",
        Concat((stack,)),
        stack,
        Json(inner),
        inner,
        ref,
        [1, None],
        1,
        None,
        (True, 2.5),
        True,
        2.5,
    ]


def test_walk_takes_any_mapping_and_any_depth() -> None:
    class Frozen(dict[str, Value]):
        """A mapping that is no plain dict."""

    assert Ref("deep") in list(walk(Frozen(a=Frozen(b=Ref("deep")))))
    deep: Value = Ref("bottom")
    for _ in range(5000):
        deep = [deep]
    assert list(walk(deep))[-1] == Ref("bottom")


def test_settings_are_listed_once_in_order_of_use() -> None:
    whole = program(
        node("a", {"size": SIZE, "keep": KEEP.opposite()}),
        node("b", {"keep": [KEEP]}, options=Options(protect=Config(name="safe", type="bool", default=False))),
        outputs=(Output(name="o", value=Json({"token": Config(name="token", secret=True)})),),
    )
    assert [one.name for one in whole.settings] == ["size", "keep", "safe", "token"]
    assert whole.settings[1] == KEEP


def test_needs_are_the_other_programs() -> None:
    whole = program(
        node("a", {"x": Concat((Ref("pool", ("id",), "gcp"), Ref("app", ("id",), "azure")))}),
        outputs=(Output(name="o", value=Ref("late", ("x",), "gcp")),),
    )
    assert whole.needs == ("azure", "gcp")
    assert whole.foreign == {Ref("pool", ("id",), "gcp"), Ref("app", ("id",), "azure"), Ref("late", ("x",), "gcp")}
    check(whole)
    assert program(node("a")).needs == ()


def test_values_include_options_and_the_provider_of_a_lookup() -> None:
    options = Options(
        protect=KEEP,
        retain_on_delete=KEEP.opposite(),
        depends_on=(Ref("one"), Ref("two")),
        parent=Ref("parent"),
        provider=Ref("provider"),
    )
    first = Concat(("toy make ", Ref("box", ("id",), "other")))
    given = {"code": Archive("x")}
    ask = Lookup(id="who", function="toy.who_output", inputs=given, provider=Ref("provider"), beforehand=first)
    held = list(program(node("a", options=options), ask).values)
    asked = Ref("box", ("id",), "other")  # which that program must export
    for value in (KEEP, KEEP.opposite(), Ref("one"), Ref("two"), Ref("parent"), Archive("x"), asked):
        assert value in held
    assert held.count(Ref("provider")) == 2


# --- What could not run ---------------------------------------------------------------------------------------------

SOUND = program(
    node("a"),
    Lookup(id="who", function="toy.who_output", inputs={"of": Ref("a", ("id",))}),
    node("b", {"x": [Concat(("a", Ref("who", ("id",))))], "keep": KEEP}, options=Options(depends_on=(Ref("a"),))),
    outputs=(Output(name="b", value=Ref("b", ("id",))), Output(name="keep", value=KEEP.opposite())),
)


def test_a_sound_program() -> None:
    check(SOUND)


@pytest.mark.parametrize(
    "statement",
    [
        node("x", {"x": Ref("late")}),
        node("x", {"x": Ref("x")}),
        node("x", {"x": {"deep": [Json({"y": Concat(("a", Ref("late", ("id",))))})]}}),
        node("x", options=Options(depends_on=(Ref("late"),))),
        node("x", options=Options(parent=Ref("late"))),
        node("x", options=Options(provider=Ref("late"))),
        node("x", options=Options(protect=Ref("late"))),
        Lookup(id="x", function="toy.who_output", inputs={"x": Ref("late")}),
        Lookup(id="x", function="toy.who_output", provider=Ref("late")),
    ],
)
def test_a_reference_points_backwards(statement: Statement) -> None:
    with pytest.raises(AssertionError, match=r"p: x refers to (late|x), which is not above it"):
        check(program(node("a"), statement, node("late")))


def test_a_variable_is_taken_once_and_is_one() -> None:
    with pytest.raises(AssertionError, match="'a' is taken"):
        check(program(node("a"), node("a", name="other")))
    with pytest.raises(AssertionError, match="'a' is taken"):
        check(program(node("a"), Lookup(id="a", function="toy.who_output")))
    for wrong in ("a-b", "1a", ""):
        with pytest.raises(AssertionError, match="no identifier"):
            check(program(node(wrong)))


def test_a_type_and_a_name_are_taken_once() -> None:
    with pytest.raises(AssertionError, match=r"two toy\.Box are named 'same'"):
        check(program(node("a", name="same"), node("b", name="same")))
    check(program(node("a", name="same"), node("b", name="same", type="toy.Bag")))


def test_an_output_is_exported_once_and_refers_to_what_is_there() -> None:
    twice = (Output(name="o", value=1), Output(name="o", value=2))
    with pytest.raises(AssertionError, match="exported twice"):
        check(program(node("a"), outputs=twice))
    with pytest.raises(AssertionError, match="output o refers to gone, which is not there"):
        check(program(node("a"), outputs=(Output(name="o", value=Json([Ref("gone")])),)))


@pytest.mark.parametrize("other", [{"type": "int", "default": 1}, {"default": False}, {"secret": True}])
def test_a_setting_is_described_in_one_way(other: dict[str, Any]) -> None:
    with pytest.raises(AssertionError, match="the setting 'keep' is described in two ways"):
        check(program(node("a", {"x": KEEP}), node("b", {"x": replace(KEEP, **other)})))


def test_a_setting_of_an_output_is_checked_too() -> None:
    with pytest.raises(AssertionError, match="the setting 'keep' is described in two ways"):
        check(program(node("a", {"x": KEEP}), outputs=(Output(name="o", value=replace(KEEP, default=False)),)))
