"""Amounts in words, the same in every table, warning and guide: no powers of ten, and no zero for a little."""

from __future__ import annotations

from glacier.plan.model import Line


def number(value: float) -> str:
    """A number with its six leading digits."""
    whole = f"{float(f'{value:.6g}'):,.15f}"
    return whole.rstrip("0").rstrip(".")


def dollars(amount: float | None) -> str:
    """US dollars to the cent; what is less than a cent with its two leading digits."""
    if amount is None:
        return "unknown"
    return f"{amount:,.2f}" if amount >= 0.01 or amount == 0 else number(float(f"{amount:.2g}"))


def quantity(line: Line) -> str:
    """How much of it, or what would have to be known."""
    if line.quantity is not None:
        return number(line.quantity)
    return f"unknown ({line.of})" if line.of else "unknown"


def price(line: Line) -> str:
    """The price, and of what."""
    if line.usd is None:
        return "not in the table"
    return f"{number(line.usd)} per {line.unit}" if line.unit else number(line.usd)
