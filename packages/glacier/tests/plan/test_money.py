"""Amounts as people read them."""

from __future__ import annotations

import pytest
from glacier.plan import money
from glacier.plan.model import Line


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.0, "0"), (60.0, "60"), (1e-06, "0.000001"), (0.0000166667, "0.0000166667"), (1234567.0, "1,234,570")],
)
def test_a_number_has_no_powers_of_ten(value: float, words: str) -> None:
    assert money.number(value) == words


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (None, "unknown"),
        (0.0, "0.00"),
        (0.0022, "0.0022"),
        (2e-07, "0.0000002"),
        (0.0345, "0.03"),
        (1500.0, "1,500.00"),
    ],
)
def test_a_little_money_is_not_shown_as_none(amount: float | None, words: str) -> None:
    assert money.dollars(amount) == words


def test_what_nobody_said_or_priced_is_said_to_be_unknown() -> None:
    line = Line(subject="s", item="i", quantity=None, unit="GB", per="run", usd=None, as_of="", of="GB sent")

    assert (money.quantity(line), money.price(line)) == ("unknown (GB sent)", "not in the table")
