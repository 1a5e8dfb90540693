"""Names, for any text: legal in every cloud, short enough, and different when what they name is different."""

from __future__ import annotations

import keyword
import re

from glacier.naming import NAME, fit, identifier, logical, plain, slug
from glacier.tables import NameRule
from hypothesis import given, settings
from hypothesis import strategies as st

often = settings(max_examples=max(200, settings().max_examples), deadline=None, database=None)
names = st.from_regex(NAME, fullmatch=True)
slugs = names.map(slug)
lengths = st.integers(12, 70)


@often
@given(st.text())
def test_a_slug_has_the_alphabet_of_every_cloud(name: str) -> None:
    assert re.fullmatch(r"(?:[a-z0-9]+(?:-[a-z0-9]+)*)?", slug(name))
    assert slug(slug(name)) == slug(name)


@often
@given(names)
def test_a_legal_name_has_a_slug_that_begins_with_a_letter(name: str) -> None:
    assert re.match("[a-z]", slug(name))
    assert slug(name.upper()) == slug(name.lower()) == slug(name)


@often
@given(
    st.lists(slugs, min_size=2, max_size=3) | st.from_regex(r"[0-9]{1,3}(-[a-z]+)?", fullmatch=True).map(lambda s: [s])
)
def test_an_identifier_is_one(parts: list[str]) -> None:
    name = identifier(*parts)
    assert name.isidentifier()
    assert not keyword.iskeyword(name)


@often
@given(slugs, slugs)
def test_different_slugs_are_different_variables(one: str, other: str) -> None:
    assert (identifier(one, "bucket") == identifier(other, "bucket")) == (one == other)


@often
@given(st.lists(slugs, min_size=1, max_size=4), lengths)
def test_a_logical_name_fits_and_is_legal(parts: list[str], longest: int) -> None:
    name = logical({"*": NameRule(max=longest)}, "aws.s3.Bucket", *parts)
    assert len(name) <= longest
    assert re.fullmatch(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", name)
    assert logical({"*": NameRule(max=longest)}, "aws.s3.Bucket", *parts) == name


@often
@given(st.text("ab-", max_size=60), st.text("ab-", max_size=60), lengths)
def test_two_names_stay_two(one: str, other: str, longest: int) -> None:
    assert (fit(one, longest) == fit(other, longest)) == (one == other)


@often
@given(st.text("abc", min_size=1, max_size=80), lengths)
def test_a_name_within_the_limit_is_kept(name: str, longest: int) -> None:
    assert (fit(name, longest) == name) == (len(name) <= longest)


@often
@given(slugs, slugs, lengths)
def test_two_plain_names_stay_two(one: str, other: str, longest: int) -> None:
    assert re.fullmatch("[a-z][a-z0-9]*", plain(one, longest))
    assert len(plain(one, longest)) <= longest
    assert (plain(one, longest) == plain(other, longest)) == (one == other)
