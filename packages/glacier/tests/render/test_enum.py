"""Words that an SDK takes as its own class only."""

from __future__ import annotations

import pytest
from glacier import infra
from glacier.infra import Enum, Node, Program, Section
from glacier.render import render


def program(value: infra.Value) -> Program:
    node = Node(id="a", type="azure.storage.StorageAccount", name="a", inputs={"access_tier": value})
    return Program(name="p", doc="Doc.", sections=(Section(title="One", statements=(node,)),))


def test_a_word_is_said_as_its_class_by_value() -> None:
    text = render(program(Enum("azure.storage.AccessTier", "Hot")))
    assert 'access_tier=azure.storage.AccessTier("Hot")' in text
    assert text.count("import pulumi_azure_native as azure") == 1


@pytest.mark.parametrize("value", [{"tier": Enum("azure.storage.AccessTier", "Hot")}, [Enum("azure.web.Kind", "x")]])
def test_it_stands_at_any_depth(value: infra.Value) -> None:
    made = program(value)
    infra.check(made)
    compile(render(made), "__main__.py", "exec")
    assert [item for item in made.values if isinstance(item, Enum)]
