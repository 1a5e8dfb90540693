"""Requests beside the work: made before their answers are needed, or while what they send is made."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Full, Queue
from typing import TypeVar

T = TypeVar("T")


def ahead(calls: Iterable[Callable[[], T]], width: int) -> Iterator[T]:
    """What calls give, in their order, while up to ``width`` of them run, or have an answer that nobody took yet."""
    waiting: deque[Future[T]] = deque()
    with ThreadPoolExecutor(width, thread_name_prefix="glacier-ahead") as pool:
        try:
            for call in calls:
                if len(waiting) == width:
                    yield waiting.popleft().result()
                waiting.append(pool.submit(call))
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


_LOOK = 0.2  # seconds after which is looked whether who should take a piece has failed


def hand_over(pieces: Iterable[bytes], take: Callable[[Iterator[bytes]], object]) -> None:
    """Make pieces here while another thread takes them, one at a time; when one cannot be made, it is told so.

    obstore asks for the pieces of an upload inside of its own loop, in which it cannot be asked for anything: what
    makes the pieces may do so only from outside of it.
    """
    handed: Queue[bytes | BaseException | None] = Queue(1)

    def taken() -> Iterator[bytes]:
        while (piece := handed.get()) is not None:
            if isinstance(piece, BaseException):
                raise piece
            yield piece

    def give(piece: bytes | BaseException | None) -> bool:
        while not taking.done():
            try:
                handed.put(piece, timeout=_LOOK)
            except Full:
                continue
            return True
        return False

    with ThreadPoolExecutor(1, thread_name_prefix="glacier-upload") as pool:
        taking = pool.submit(take, taken())
        try:
            if all(give(piece) for piece in pieces):
                give(None)
        except BaseException as error:
            give(error)
            raise
        taking.result()
