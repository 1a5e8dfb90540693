"""The dated tables of facts: how they are read, and what becomes of each row."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from glacier.tables import Limit, NameRule, Pairs, Price, Source, Tables, matches

LIMITS = """
[source.docs]
title = "Toy limits"
read_on = "2026-01-02"
url = "https://toys.example/limits"

[limit.Robot.memory]
source = "docs"
min = 1
max = 4096
unit = "MiB"
help = "a bigger robot"

[limit.Shelf.tier]
source = "docs"
one_of = ["open", "dusty"]
offline = ["dusty"]
pattern = "[a-z]+"
forbid = [["x.*", "begins with x"]]

[pairs.Robot]
first = "cpu"
second = "memory"
source = "docs"
steps = [
    { first = 0.5, values = [1, 2] },
    { first = 1, from = 2, to = 8, by = 2 },
]
"""
OTHERS = {
    "names": '[name]\n"*" = { max = 30 }\n"toy.Shelf" = { max = 20, source = "docs" }\n',
    "choices": '[size]\nsmall = "tiny"\n',
    "regions": '[region]\nattic = "The attic"\n',
    "prices": (
        '[[price]]\nitem = "shelf.gb"\nregion = "*"\nunit = "GB"\nusd = 0.25\nas_of = "2026-01-01"\nsource = "list"\n'
        '[[price]]\nitem = "shelf.gb"\nregion = "attic"\nunit = "GB"\nusd = 0.5\nas_of = "2025-06-01"\n'
        'source = "list"\nrecalled = true\n'
    ),
    "sdk": '[requires]\npulumi-toy = "1.2.3"\npulumi = "3.0.0"\n',
}


@pytest.fixture
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tables]:
    """The tables of a package of its own."""
    data = tmp_path / "toyshop" / "data"
    data.mkdir(parents=True)
    (tmp_path / "toyshop" / "__init__.py").write_text("")
    for name, text in {"limits": LIMITS, **OTHERS}.items():
        (data / f"{name}.toml").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield Tables("toyshop")
    sys.modules.pop("toyshop", None)


def test_limits_by_class_and_field(tables: Tables) -> None:
    assert tables.limits == {
        ("Robot", "memory"): Limit(source="docs", min=1, max=4096, unit="MiB", help="a bigger robot"),
        ("Shelf", "tier"): Limit(
            source="docs",
            one_of=("open", "dusty"),
            offline=("dusty",),
            pattern="[a-z]+",
            forbid=(("x.*", "begins with x"),),
        ),
    }
    assert all(hash(limit) for limit in tables.limits.values()), "a row with a list in it is not frozen"


def test_pairs_are_lists_or_ranges(tables: Tables) -> None:
    pairs = tables.pairs["Robot"]
    assert isinstance(pairs, Pairs)
    assert (pairs.first, pairs.second, pairs.source) == ("cpu", "memory", "docs")
    assert [(first, list(beside)) for first, beside in pairs.steps] == [(0.5, [1, 2]), (1.0, [2, 4, 6, 8])]


def test_sources(tables: Tables) -> None:
    assert tables.sources("limits") == {
        "docs": Source(title="Toy limits", read_on="2026-01-02", url="https://toys.example/limits")
    }


def test_names_regions_and_choices(tables: Tables) -> None:
    assert tables.names == {"*": NameRule(max=30), "toy.Shelf": NameRule(max=20, source="docs")}
    assert tables.regions == {"attic": "The attic"}
    assert tables.choices == {"size": {"small": "tiny"}}


def test_prices_by_item_and_region(tables: Tables) -> None:
    everywhere = Price(item="shelf.gb", region="*", unit="GB", usd=0.25, as_of="2026-01-01", source="list")
    assert tables.prices["shelf.gb", "*"] == everywhere
    assert not everywhere.recalled
    assert tables.prices["shelf.gb", "attic"].usd == 0.5
    assert tables.prices["shelf.gb", "attic"].recalled


def test_requirements_are_pinned_and_sorted(tables: Tables) -> None:
    assert tables.requirements == ("pulumi==3.0.0", "pulumi-toy==1.2.3")


def test_a_table_is_read_once(tables: Tables, tmp_path: Path) -> None:
    first = tables.raw("regions")
    (tmp_path / "toyshop" / "data" / "regions.toml").write_text('[region]\ncellar = "The cellar"\n')
    assert tables.raw("regions") is first
    assert Tables("toyshop").raw("regions") == {"region": {"cellar": "The cellar"}}


def test_a_misspelt_row_is_an_error(tables: Tables, tmp_path: Path) -> None:
    path = tmp_path / "toyshop" / "data" / "limits.toml"
    path.write_text(LIMITS.replace('unit = "MiB"', 'units = "MiB"'), encoding="utf-8")
    with pytest.raises(TypeError, match="units"):
        _ = tables.limits


def test_a_table_without_limits_has_none() -> None:
    empty = Tables("nowhere", {"limits": {"source": {}}})
    assert empty.limits == {}
    assert empty.pairs == {}


@pytest.mark.parametrize(("text", "is_one"), [("ab", True), ("abc", False), ("xab", False), ("", False)])
def test_a_shape_is_of_the_whole_text(text: str, is_one: bool) -> None:
    assert matches("[ab]{2}", text) is is_one
