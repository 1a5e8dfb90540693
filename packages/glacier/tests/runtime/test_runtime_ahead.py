"""Requests beside the work: what calls give keeps its order, and what fails on either side is told the other."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator

import pytest
from glacier.runtime.ahead import ahead, hand_over


def test_calls_come_back_in_their_order_and_no_more_than_so_many_run() -> None:
    running, most, lock = 0, 0, threading.Lock()

    def call(number: int) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.001 * (number % 3))
        with lock:
            running -= 1
        return number

    calls = (lambda number=number: call(number) for number in range(50))  # type: ignore[misc]
    assert list(ahead(calls, 4)) == list(range(50))
    assert most <= 4


def test_a_reader_that_stops_early_and_a_call_that_fails() -> None:
    asked: list[int] = []
    found = ahead(((lambda number=number: asked.append(number) or number) for number in range(1000)), 3)  # type: ignore[misc]
    assert next(found) == 0
    found.close()  # type: ignore[attr-defined]
    assert len(asked) <= 4
    with pytest.raises(ZeroDivisionError):
        list(ahead([lambda: 1, lambda: 1 // 0], 2))


def test_what_takes_the_pieces_may_fail() -> None:
    def take(pieces: Iterator[bytes]) -> None:
        next(pieces)
        raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        hand_over(itertools.repeat(b"x"), take)


def test_what_makes_the_pieces_may_fail() -> None:
    taken: list[BaseException] = []

    def pieces() -> Iterator[bytes]:
        yield b"x"
        raise ValueError("mine")

    def take(pieces: Iterator[bytes]) -> None:
        try:
            list(pieces)
        except ValueError as error:
            taken.append(error)
            raise

    with pytest.raises(ValueError, match="mine"):
        hand_over(pieces(), take)
    assert len(taken) == 1
