"""What things are called: slugs, variables, and names that their clouds take."""

from __future__ import annotations

import pytest
from glacier.naming import NAME, fit, identifier, logical, plain, slug
from glacier.tables import NameRule

RULES = {
    "*": NameRule(max=30),
    "aws.s3.Bucket": NameRule(max=20),
    "azure.storage.Account": NameRule(max=16, plain=True),
}


@pytest.mark.parametrize(
    ("name", "slugged"),
    [
        ("raw", "raw"),
        ("Raw data", "raw-data"),
        ("Raw_data.v2", "raw-data-v2"),
        ("a - b", "a-b"),
        ("A__B--C..D", "a-b-c-d"),
        ("trailing-_ .", "trailing"),
        ("", ""),
        ("Straße", "stra-e"),
        ("x²", "x"),
    ],
)
def test_slug(name: str, slugged: str) -> None:
    assert slug(name) == slugged


@pytest.mark.parametrize(
    ("parts", "variable"),
    [
        (("raw", "bucket"), "raw_bucket"),
        (("raw-data", "public-access"), "raw_data_public_access"),
        (("raw", ""), "raw"),
        (("1st",), "_1st"),
        (("2024-orders", "bucket"), "_2024_orders_bucket"),
    ],
)
def test_identifier(parts: tuple[str, ...], variable: str) -> None:
    assert identifier(*parts) == variable


@pytest.mark.parametrize("name", ["a", "A9", "raw data", "a.b-c_d", "x" * 100])
def test_a_legal_name(name: str) -> None:
    assert NAME.fullmatch(name)


@pytest.mark.parametrize("name", ["", "9a", "_a", " a", "é", "a/b", "a\n", "x" * 101])
def test_not_a_legal_name(name: str) -> None:
    assert not NAME.fullmatch(name)


def test_a_logical_name_joins_its_parts() -> None:
    assert logical(RULES, "aws.iam.Role", "sales", "tidy", "role") == "sales-tidy-role"
    assert logical(RULES, "aws.iam.Role", "sales", "", "role") == "sales-role"


def test_each_type_has_its_own_length() -> None:
    parts = ("sales", "a-rather-long-name", "bucket")
    assert logical(RULES, "aws.iam.Role", *parts).startswith("sales-a-rather-long-n-")
    assert len(logical(RULES, "aws.iam.Role", *parts)) == 30
    assert len(logical(RULES, "aws.s3.Bucket", *parts)) == 20


def test_a_plain_name_has_letters_and_digits_only() -> None:
    name = logical(RULES, "azure.storage.Account", "sales", "raw-data")
    assert name.startswith("salesrawda")
    assert len(name) == 16
    assert name.isalnum()


def test_plain_names_stay_two() -> None:
    assert plain("a-bc", 16) != plain("ab-c", 16)
    assert plain("a-bc", 16)[:3] == plain("ab-c", 16)[:3] == "abc"


def test_a_name_that_fits_is_left_alone() -> None:
    assert fit("x" * 20, 20) == "x" * 20
    assert fit("x" * 21, 20) != "x" * 20


def test_a_long_name_keeps_its_beginning_and_no_hyphen_before_the_hash() -> None:
    assert fit("abcdefghij-klmnopqrstuvwxyz", 20).startswith("abcdefghij-")
    assert "--" not in fit("abcdefghij-klmnopqrstuvwxyz", 20)
    assert len(fit("abcdefghij-klmnopqrstuvwxyz", 20)) == 19


def test_many_long_names_stay_apart() -> None:
    assert len({fit(f"{'x' * 40}{number}", 20) for number in range(5000)}) == 5000
    assert len({plain(f"{'x' * 40}{number}", 16) for number in range(500)}) == 500


def test_the_hash_is_of_the_whole() -> None:
    one, other = fit("x" * 40 + "a", 20), fit("x" * 40 + "b", 20)
    assert one != other
    assert one[:11] == other[:11]
    assert fit("x" * 40 + "a", 20) == one
