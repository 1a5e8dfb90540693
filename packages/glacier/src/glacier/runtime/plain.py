"""Plain data as JSON, row by row where there are many."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, repeat
from typing import IO, Any

from glacier.runtime.problems import Problem
from glacier.runtime.wanted import described, items_of, key_of


def _scalar(value: Any) -> Any:
    """A NumPy number as Python's own; nothing else can be kept without becoming something else."""
    if type(value).__module__.partition(".")[0] == "numpy" and getattr(value, "shape", None) == ():
        return value.item()
    if isinstance(value, set | frozenset):
        return list(value)  # given back as a set where the annotation says so
    name = type(value).__name__
    hints = {"datetime": "value.isoformat()", "date": "value.isoformat()", "ndarray": "value.tolist()"}
    hint = hints.get(name, "dicts, lists, text, numbers, True, False and None")
    raise Problem(
        f"holds {value!r:.80}, {described(value)}, which JSON cannot keep", f"plain data is made of these: {hint}"
    )


_SCALARS = frozenset({str, int, float, bool, type(None)})
_encode = json.JSONEncoder(ensure_ascii=False, default=_scalar).encode


def to_json(value: object, wanted: Any = None) -> bytes:
    """A value of the annotated type as JSON; raises :class:`Problem` for what JSON would keep as something else.

    Numbers that are none, and infinity, are written as JavaScript does: ``NaN``, ``Infinity``.
    """
    try:
        encoded = _encode(value).encode()
    except RecursionError:
        raise Problem("is nested too deeply for JSON, or holds itself") from None
    except (TypeError, ValueError) as error:
        raise Problem(f"cannot be kept as JSON: {error}") from error
    _check_keys(value, wanted)  # afterwards, when the value is known to end
    return encoded


def _check_keys(value: object, wanted: Any) -> None:
    """Refuse keys, of any dict in a value, that are no text and that the annotation does not make numbers again.

    JSON makes text of them, and keeps one of two that are then the same. What costs is looking at each of many rows:
    sets of types are made as fast as C can, and only what may hold a dict is looked into.
    """
    within: list[Iterator[tuple[Any, Any]]] = [iter(((value, wanted),))]
    while within:
        for value, wanted in within[-1]:
            inside: Any = value
            if isinstance(value, dict):
                key = key_of(wanted) if wanted is not None else str
                if not {*map(type, value)} <= {key}:
                    _check_each(value, key)
                inside = value.values()
            elif not isinstance(value, list | tuple):
                continue
            if not {*map(type, inside)} <= _SCALARS:
                first, rest = items_of(wanted) if wanted is not None else ((), None)
                within.append(zip(inside, chain(first, repeat(rest)), strict=False))
                break
        else:
            within.pop()


def _check_each(value: Mapping[Any, Any], wanted: type) -> None:
    for key in value:
        if isinstance(key, bool) or not isinstance(key, (float, int) if wanted is float else wanted):
            name = type(key).__name__
            help_ = f"annotate with dict[{name}, …]" if name in ("int", "float") else "make the keys text"
            what = "JSON has text keys only" if wanted is str else f"the annotation says {wanted.__name__}"
            raise Problem(f"has the key {key!r}, {described(key)}; {what}: {value!r:.60}", help_)


def from_json(content: bytes) -> Any:
    """The value of a JSON text; raises ``ValueError``."""
    return json.loads(content)


def json_rows(rows: Iterable[object]) -> Iterator[bytes]:
    """An array with one row on each line, made as the rows come."""
    separator = b"[\n"
    for row in rows:
        yield separator + to_json(row)
        separator = b",\n"
    yield b"[]\n" if separator == b"[\n" else b"\n]\n"


def read_json(content: bytes, *, lines: bool) -> Any:
    """The value of a JSON text; of JSON Lines (jsonlines.org) a list of the values. Raises ``ValueError``."""
    try:
        found = json.loads(content)
    except json.JSONDecodeError as error:
        if error.msg != "Extra data" and (content.strip() or not lines):
            raise
        return _lines(content)
    return [found] if lines and not isinstance(found, list) else found


def _lines(content: bytes) -> list[Any]:
    values = []
    for number, line in enumerate(content.decode("utf-8-sig").split("\n"), 1):
        try:
            values += [json.loads(line)] if line.strip() else []
        except json.JSONDecodeError as error:
            raise ValueError(f"{error.msg} in line {number}") from None
    return values


def read_json_rows(file: IO[bytes], *, lines: bool) -> Iterator[Any]:
    """The rows of an array, or one value after the other, however they are laid out; of ``lines`` one is enough."""
    scanner = _Scanner(file)
    if scanner.next() != "[":
        yield from _values(scanner, lines)
        return
    scanner.skip()
    after = scanner.next()
    while after != "]":
        yield scanner.value()
        after = scanner.next()
        if after == ",":
            scanner.skip()
        elif after != "]":
            raise scanner.wrong("Expecting ',' delimiter") if after else _ended()
    scanner.skip()
    if scanner.next():
        raise scanner.wrong("Extra data")


def _values(scanner: _Scanner, lines: bool) -> Iterator[Any]:
    if lines and not scanner.next():  # of a day on which nothing happened
        return
    first = scanner.value()
    if not lines and not scanner.next():
        raise Problem(f"holds {described(first)}, and not a list of rows")
    yield first
    while scanner.next():
        yield scanner.value()


class _Scanner:
    """JSON values in text, of which as much is held as the next value needs."""

    _PIECE = 256 * 1024  # bytes
    _TOKEN = 16  # characters, of which every word and escape of JSON has less
    _decode = json.JSONDecoder().raw_decode
    _space = re.compile(r"[ \t\n\r]*")

    def __init__(self, file: IO[bytes]) -> None:
        first = file.read(4)  # which tells the encoding, as json.loads takes it of bytes
        self._file = file
        self._decoder = codecs.getincrementaldecoder(json.detect_encoding(first))("surrogatepass")
        self._text, self._at, self._row = self._decoder.decode(first), 0, 1

    def next(self) -> str:
        """The next character that is no space; at the end there is none."""
        while True:
            found = self._space.match(self._text, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def skip(self) -> None:
        """Go past that character."""
        self._at += 1

    def value(self) -> Any:
        """The next value; raises :class:`Problem` when the text ends before it does."""
        while True:
            if not self.next():
                raise _ended()
            try:
                value, end = self._decode(self._text, self._at)
            except json.JSONDecodeError as error:
                cut = error.msg.startswith("Unterminated") or error.pos > len(self._text) - self._TOKEN
                if not cut or not self._more():
                    raise self.wrong(error.msg) from None
                continue
            may_go_on = isinstance(value, int | float) and end > len(self._text) - self._TOKEN  # 1 of 1.5e3
            if not may_go_on or not self._more():
                self._at, self._row = end, self._row + 1
                return value

    def wrong(self, what: str) -> ValueError:
        """What is wrong with a row."""
        return ValueError(f"{what} in row {self._row}")

    def _more(self) -> bool:
        rest = self._text[self._at :]
        while content := self._file.read(max(self._PIECE, len(rest))):  # twice as much of a value that goes on and on
            if piece := self._decoder.decode(content):
                self._text, self._at = rest + piece, 0
                return True
        self._decoder.decode(b"", final=True)
        return False


def _ended() -> Problem:
    return Problem("ends in the middle of its rows")
