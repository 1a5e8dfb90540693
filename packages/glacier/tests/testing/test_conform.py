"""What an SDK's annotations mean, and what does not conform to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, Optional, Union

import pulumi
import pytest
from glacier.testing import values
from glacier.testing.conform import conform, snake_path
from glacier.testing.schema import ANY, Block, Choice, Field, File, Many, Plain, Shape, Table, fields, shape, snake
from glacier.testing.wire import UNKNOWN, decode, encode

pytestmark = pytest.mark.slow


class Tier(str, Enum):  # noqa: UP042  how the SDKs write it
    HOT = "Hot"
    COOL = "Cool"


@pulumi.input_type
class RuleArgs:
    def __init__(self, *, max_days: Any, name: Any = None, kind: Any = None) -> None:
        pulumi.set(self, "max_days", max_days)
        pulumi.set(self, "kind", "Lifecycle" if kind is None else kind)

    @property
    @pulumi.getter(name="maxDays")
    def max_days(self) -> pulumi.Input[int]:
        return pulumi.get(self, "max_days")

    @property
    @pulumi.getter
    def name(self) -> pulumi.Input[str | None]:
        return pulumi.get(self, "name")

    @property
    @pulumi.getter
    def kind(self) -> pulumi.Input[str | None]:
        return pulumi.get(self, "kind")


@pulumi.output_type
class Rule(dict):  # type: ignore[type-arg]
    @property
    @pulumi.getter(name="maxDays")
    def max_days(self) -> int:
        return pulumi.get(self, "max_days")


TEXT: Shape = (Plain(str),)


@pytest.mark.parametrize(
    ("hint", "wanted"),
    [
        (pulumi.Input[str], TEXT),
        (Optional[pulumi.Input[str]], TEXT),  # noqa: UP045  how the SDKs write it
        (pulumi.Output[str | None], TEXT),
        (pulumi.Input[Sequence[pulumi.Input[int]]], (Many((Plain(int),)),)),
        (pulumi.Input[Mapping[str, pulumi.Input[bool]]], (Table((Plain(bool),)),)),
        (pulumi.Input[Union[str, Tier]], (Choice("Tier", ("Hot", "Cool"), open=True),)),  # noqa: UP007
        (pulumi.Input[Tier], (Choice("Tier", ("Hot", "Cool")),)),
        (pulumi.Input[Any], ANY),
        (pulumi.Input[pulumi.Archive], (File("archive"),)),
        (pulumi.Input[RuleArgs | Rule], (Block(RuleArgs),)),
        (pulumi.Input[pulumi.InputType[RuleArgs]], (Block(RuleArgs),)),
        (pulumi.Input[str | RuleArgs], (Plain(str), Block(RuleArgs))),
    ],
)
def test_what_an_annotation_means(hint: object, wanted: Shape) -> None:
    assert shape(hint) == wanted


def test_the_fields_of_an_arguments_class() -> None:
    assert dict(fields(RuleArgs)) == {
        "maxDays": Field(name="max_days", wire="maxDays", shape=(Plain(int),), required=True),
        "name": Field(name="name", wire="name", shape=TEXT),
        "kind": Field(name="kind", wire="kind", shape=TEXT, default="Lifecycle"),
    }


@pytest.mark.parametrize(
    ("value", "allowed", "wanted"),
    [
        ("Hott", pulumi.Input[Tier], "at: 'Hott' is no Tier; 'Hot' is"),
        ("Hott", pulumi.Input[Tier | str], "at: 'Hott' is no Tier; 'Hot' is"),
        ({"maxDays": 1, "nam": "x"}, pulumi.Input[RuleArgs], "at.nam: there is no such key; 'name' is"),
        ({"name": "x"}, pulumi.Input[str | RuleArgs], "at.max_days: is required"),
        ([{"maxDays": "1"}], pulumi.Input[Sequence[RuleArgs]], "at[0].max_days: str '1' where int is wanted"),
        ({"maxDays": 1}, pulumi.Input[Sequence[RuleArgs]], "at: an object where a list is wanted"),
        (("asset", "x"), pulumi.Input[pulumi.Archive], "at: an asset where an archive is wanted"),
        (("resource", "urn"), pulumi.Input[str], "at: a resource where str is wanted"),
        (1.5, pulumi.Input[int], "at: float 1.5 where int is wanted"),
        (True, pulumi.Input[float], "at: bool True where float is wanted"),
    ],
)
def test_what_does_not_conform(value: object, allowed: object, wanted: str) -> None:
    found: list[str] = []
    conform(value, shape(allowed), "at", found)
    assert found == [wanted]


def test_a_value_as_python_says_it() -> None:
    found: list[str] = []
    rules = shape(pulumi.Input[Sequence[RuleArgs]])
    said = conform([{"maxDays": 3, "name": UNKNOWN}], rules, "rules", found)
    assert (said, found) == ([{"max_days": 3, "name": UNKNOWN}], [])
    assert isinstance(conform(3, shape(float), "x", found), float)
    declared = {"theRules": Field(name="the_rules", wire="theRules", shape=rules)}
    assert snake_path(("theRules", 0, "maxDays"), declared) == ("the_rules", 0, "max_days")
    assert snake("getCallerIdentity") == "get_caller_identity"


def test_outputs_echo_inputs_only_where_the_types_agree() -> None:
    """Identities on Azure take a list of ids and answer with a mapping, which an echo would crash on."""
    declared = {
        "ids": Field(name="ids", wire="ids", shape=shape(Mapping[str, str])),
        "rules": Field(name="rules", wire="rules", shape=shape(Sequence[Rule])),
        "arn": Field(name="arn", wire="arn", shape=TEXT),
        "tier": Field(name="tier", wire="tier", shape=shape(Tier)),
        "port": Field(name="port", wire="port", shape=shape(int)),
    }
    given = {"ids": ["a", "b"], "rules": [{"maxDays": 3}], "tier": "Cool"}
    made = values.answer("x:lambda/function:Function", "one", declared, given)
    assert made["ids"] == {"key": "one_ids_key"}
    assert made["rules"] == [{"maxDays": 3}]
    assert made["arn"] == "arn:aws:lambda:us-east-1:123456789012:function:one"
    assert made["tier"] == "Cool"
    assert isinstance(made["port"], int)
    assert values.preview(declared, given) == {
        "ids": UNKNOWN,
        "rules": [{"maxDays": 3}],
        "arn": UNKNOWN,
        "tier": "Cool",
        "port": UNKNOWN,
    }


def test_values_survive_the_journey() -> None:
    state = {"n": 3, "f": 1.5, "u": UNKNOWN, "a": ("archive", "functions/x"), "m": {"k": [1, "x", None, True]}}
    sent = encode({**state, "p": {"password": "x"}}, {"p"})
    assert decode(sent) == ({**state, "p": {"password": "x"}}, {("p",)})
