"""What a kind is given to build with: its site, the names it makes, and the parts it shares with others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
from glacier.infra import Lookup, Node, Options, Ref, Statement
from glacier.target import Draft, Shared, Site, Target
from glacier.terms import KEEP_DATA, KEPT, RANDOM
from toycloud import TinCompiler, ToyCompiler

asked: list[str] = []


def _network(site: Site) -> Iterator[Statement]:
    asked.append(site.owner)
    yield site.node("toy.Net", "net", {})
    yield site.node("toy.Gate", "gate", {"net": site.ref("net", "id")})


def _club(site: Site) -> Iterator[Statement]:
    yield site.node("toy.Club", "house", {"net": site.shared("network")["net"]["id"]})


@dataclass(frozen=True)
class Shop(ToyCompiler):
    """Toys, with parts that several owners share."""

    shared_parts: ClassVar[Mapping[str, Shared]] = {"network": _network, "club-house": _club}


@pytest.fixture
def site() -> Site:
    return Site(Draft(Shop(naming_prefix="Acme Inc"), "My Sales", provider=Ref("toy_provider")), "raw-data")


def test_a_site_names_variables_after_its_owner(site: Site) -> None:
    assert site.id("bucket") == "raw_data_bucket"
    assert site.ref("bucket", "rules", 0) == Ref("raw_data_bucket", ("rules", 0))
    assert site.ref("bucket") == Ref("raw_data_bucket")
    assert site.pipeline == "acme-inc-my-sales"
    assert site.target == Shop(naming_prefix="Acme Inc")


def test_the_main_node_has_the_plain_name_and_others_add_their_part(site: Site) -> None:
    assert site.node("toy.Shelf", "bucket", {}, main=True).name == "acme-inc-my-sales-raw-data"
    assert site.node("toy.Shelf", "policy", {}).name == "acme-inc-my-sales-raw-data-policy"


def test_without_a_prefix_names_begin_with_the_pipeline() -> None:
    assert Site(Draft(Shop(), "My Sales"), "raw").name("toy.Shelf") == "my-sales-raw"


def test_a_long_name_is_cut_to_its_rule() -> None:
    site = Site(Draft(Shop(), "p" + "x" * 99), "raw")
    assert len(site.name("toy.Shelf", "policy")) == 60


def test_nothing_is_not_an_input(site: Site) -> None:
    made = site.node("toy.Shelf", "bucket", {"a": None, "b": False, "c": 0, "d": ""}, comment="Why.")
    assert made == Node(
        id="raw_data_bucket",
        type="toy.Shelf",
        name="acme-inc-my-sales-raw-data-bucket",
        inputs={"b": False, "c": 0, "d": ""},
        options=Options(provider=Ref("toy_provider")),
        comment="Why.",
    )


def test_only_nodes_of_this_cloud_name_its_provider(site: Site) -> None:
    options = Options(protect=KEEP_DATA)
    assert site.node("toy.Shelf", "a", {}, options=options).options == Options(
        protect=KEEP_DATA, provider=Ref("toy_provider")
    )
    assert site.node("random.RandomPassword", "a", {}, options=options).options == options
    assert site.node("toys.Shelf", "a", {}).options.provider is None


def test_a_lookup_names_the_provider(site: Site) -> None:
    assert site.lookup("toy.who_output", "who", {"a": 1}) == Lookup(
        id="raw_data_who", function="toy.who_output", inputs={"a": 1}, provider=Ref("toy_provider")
    )
    assert site.lookup("toy.who_output", "who").inputs == {}


def test_random_characters_fit_behind_every_name(site: Site) -> None:
    made = site.random("text", main=True)
    assert (made.type, made.id, made.name) == ("random.RandomString", "raw_data_text", "acme-inc-my-sales-raw-data")
    assert made.inputs == {"length": RANDOM, "special": False, "upper": False}
    assert len("-") + RANDOM < 8  # what names.toml leaves for what Pulumi adds
    assert site.random("text", keepers={"since": "then"}).inputs["keepers"] == {"since": "then"}


def test_a_shared_part_is_made_once_and_belongs_to_nobody(site: Site) -> None:
    asked.clear()
    network = site.shared("network")
    assert Site(site.draft, "other").shared("network") is network
    assert asked == ["network"]
    assert network["gate"].id == "network_gate"
    assert network["net"]["id"] == Ref("network_net", ("id",))  # type: ignore[index]
    assert [part for part, _ in site.draft.shared] == ["network"]


def test_a_shared_part_comes_after_those_it_asks_for(site: Site) -> None:
    assert set(site.shared("club-house")) == {"house"}
    assert [part for part, _ in site.draft.shared] == ["network", "club-house"]


def test_a_part_that_does_not_exist(site: Site) -> None:
    with pytest.raises(KeyError, match="moat"):
        site.shared("moat")


def test_place_is_the_region_by_whatever_word() -> None:
    assert ToyCompiler(region="cellar").place == "cellar"
    assert TinCompiler(location="attic", region="cellar").place == "attic"


@pytest.mark.parametrize(
    ("kind", "has_it"),
    [("object_storage", True), ("serverless", True), ("database", False), ("container", False), ("local", False)],
)
def test_supports_says_which_generic_kinds_there_are(kind: str, has_it: bool) -> None:
    assert ToyCompiler.supports(kind) is has_it


def test_what_holds_data_is_kept_unless_the_stack_says_otherwise() -> None:
    assert KEPT.protect == KEPT.retain_on_delete == KEEP_DATA
    assert KEEP_DATA.default is True


def test_a_cloud_must_say_how_it_begins_and_ends(site: Site) -> None:
    silent: Any = Target()
    with pytest.raises(NotImplementedError):
        silent.preamble(site)
    with pytest.raises(NotImplementedError):
        silent.workflow([], site)
