"""Prints a small tree of Python as text that formatters leave alone, by one layout rule.

    A bracket that fits on its line stays; one that does not puts each item on its own line, with a trailing comma.

The tree has what a declarative program needs. Plain data (``None``, ``bool``, ``int``, ``float``, ``str``, ``list``,
``tuple`` and ``dict`` with text as keys) stands for itself; the rest is one of

    Name     a variable, or something inside it   ``cache.endpoints[0].address``
    Call     a call                               ``aws.s3.Bucket("raw", force_destroy=True)``
    Not      the opposite                         ``not keep_data``
    Infix    a value with a fallback or a test    ``config.get("size") or "small"``
    Text     text with values in it               ``f"{pulumi.get_stack()}-raw"``

and a :class:`Module` is paragraphs of statements with one blank line between them. The time taken grows with the size
of the tree: every part is put on one line at most once, and never beyond the width of a line.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import cleandoc
from keyword import iskeyword
from typing import Final, Literal, TypeAlias
from unicodedata import category, east_asian_width

COLUMNS: Final = 88  # what black and ruff format keep to when a project says nothing
INDENT: Final = "    "
_ESCAPE: Final = "\\"


@dataclass(frozen=True, slots=True)
class Name:
    """A variable and the way into it: text is an attribute (or a key, if it cannot be one), a number an item."""

    root: str
    path: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """A call of ``function``, which is a dotted name; also a statement."""

    function: str
    positional: Sequence[Expression | Infix] = ()
    named: Mapping[str, Expression] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a value."""

    value: Name | Call


@dataclass(frozen=True, slots=True)
class Infix:
    """A call, a word and a constant; it stands on the right of ``=`` or is an argument without a name."""

    left: Call
    word: Literal["or", "is not"]
    right: str | float | None


@dataclass(frozen=True, slots=True)
class Text:
    """An f-string: text is itself, anything else is filled in. What is filled in must hold no text of its own."""

    parts: Sequence[str | Name | Call | Not]


Expression: TypeAlias = (
    "bool | int | float | str | Sequence[Expression] | Mapping[str, Expression] | Name | Call | Not | Text | None"
)


@dataclass(frozen=True, slots=True)
class Import:
    """``import module``, or ``import module as alias``."""

    module: str
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Comment:
    """Lines beginning with ``#``, filled to the width of a line."""

    text: str


@dataclass(frozen=True, slots=True)
class Assign:
    """``name = value``."""

    name: str
    value: Call | Infix


Statement: TypeAlias = "Import | Comment | Assign | Call"


@dataclass(frozen=True, slots=True)
class Module:
    """A file: its docstring, and paragraphs of statements; imports stand in paragraphs of their own."""

    doc: str
    paragraphs: Sequence[Sequence[Statement]]


def text(module: Module) -> str:
    """The module's text, ending in a newline (empty for an empty module)."""
    paragraphs = [["\n".join(_docstring(module.doc))]] if module.doc.strip() else []
    for paragraph in module.paragraphs:
        lines: list[str] = []
        for statement in paragraph:
            _statement(statement, lines)
        paragraphs.append(lines)
    return "".join("\n".join(lines) + "\n" for lines in _apart(paragraphs))


def width(line: str) -> int:
    """The columns a line takes; characters whose width formatters disagree on count as the widest they may be.

    That is the safe side: a bracket opened early stays open, because its trailing comma says so.
    """
    if line.isascii():
        return len(line)
    return len(line) + sum(east_asian_width(c) in "WF" or category(c) in ("So", "No") for c in line if c > "\x7f")


def _apart(paragraphs: Sequence[Sequence[str]]) -> Iterator[Sequence[str]]:
    for number, lines in enumerate(paragraphs):
        yield ["", *lines] if number else lines


def _statement(statement: Statement, lines: list[str]) -> None:
    match statement:
        case Call():
            _put(_laid(statement), "", "", "", lines)
        case Assign(name=name, value=value):
            _assign(name, _laid(value), lines)
        case Comment(text=said):
            lines.extend(_comment(said))
        case Import(module=module, alias=alias):
            lines.append(f"import {module} as {alias}" if alias else f"import {module}")


# --- Layout -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Bracket:
    """Something that may be opened: on one line (``None`` when longer than any line), or item by item.

    An opening of nothing means operands, which stand one under the other.
    """

    flat: str | None
    opening: str
    items: Sequence[tuple[str, _Laid]]
    closing: str
    comma: str = ","


_Laid: TypeAlias = "str | _Bracket"


def _put(laid: _Laid, pad: str, head: str, tail: str, lines: list[str]) -> None:
    """Write something between a head and a tail: on the line if it is one piece or fits, else opened."""
    if type(laid) is str:
        lines.append(f"{pad}{head}{laid}{tail}")
        return
    assert isinstance(laid, _Bracket)
    if laid.flat is not None:
        line = f"{pad}{head}{laid.flat}{tail}"
        if _fits(line):
            lines.append(line)
            return
    if not laid.opening:
        for number, (before, item) in enumerate(laid.items, 1):
            _put(item, pad, head + before if number == 1 else before, tail if number == len(laid.items) else "", lines)
        return
    inner, comma = pad + INDENT, laid.comma
    lines.append(f"{pad}{head}{laid.opening}")
    for before, item in laid.items:
        if type(item) is str:  # most are: not worth a call
            lines.append(f"{inner}{before}{item}{comma}")
        else:
            _put(item, inner, before, comma, lines)
    lines.append(f"{pad}{laid.closing}{tail}")


def _assign(name: str, value: _Laid, lines: list[str]) -> None:
    """An assignment; parentheses are put round a value that gains by a line of its own."""
    head = f"{name} = "
    flat, start = (value, value) if isinstance(value, str) else (value.flat, value.opening)
    if flat is not None and _fits(head + flat):
        lines.append(head + flat)
    elif not start or (not _fits(head + start) and _fits(head + "(") and _fits(INDENT + start)):
        lines.append(f"{head}(")
        _put(value, INDENT, "", "", lines)
        lines.append(")")
    else:
        _put(value, "", head, "", lines)


def _fits(line: str) -> bool:
    return len(line) <= COLUMNS and width(line) <= COLUMNS


def _laid(value: Expression | Infix) -> _Laid:
    """An expression as one piece, or as a bracket that may be opened."""
    match value:
        case str():
            return literal(value)
        case Name():
            return _name(value)
        case Call(function=function, positional=positional, named=named):
            items = [("", _laid(item)) for item in positional]
            items += [(f"{name}=", _laid(item)) for name, item in named.items()]
            return _bracket(f"{function}(", items, ")")
        case None | bool() | int() | float():
            return _constant(value)
        case Mapping():
            return _bracket("{", [(f"{literal(key)}: ", _laid(item)) for key, item in value.items()], "}")
        case tuple() if len(value) == 1:
            return _bracket("(", [("", _laid(value[0]))], ",)", ")")
        case tuple():
            return _bracket("(", [("", _laid(item)) for item in value], ")")
        case Sequence():
            return _bracket("[", [("", _laid(item)) for item in value], "]")
        case Not(value=inner):
            laid = _laid(inner)
            if isinstance(laid, str):
                return f"not {laid}"
            flat = None if laid.flat is None else f"not {laid.flat}"
            return _Bracket(flat, f"not {laid.opening}", laid.items, laid.closing, laid.comma)
        case Text(parts=parts):
            return _formatted(parts)
        case Infix(left=left, word=word, right=right):
            return _infix(_laid(left), word, _laid(right))


def _bracket(opening: str, items: Sequence[tuple[str, _Laid]], closing: str, opened_closing: str = "") -> _Laid:
    if not items:
        return opening + closing
    flat: str | None = None
    pieces: list[str] = []
    for before, item in items:
        piece = item if type(item) is str else _flat(item)
        if piece is None:
            break
        pieces.append(before + piece)
    else:
        flat = f"{opening}{', '.join(pieces)}{closing}"
        if len(flat) > COLUMNS:
            flat = None
    return _Bracket(flat, opening, items, opened_closing or closing)


def _flat(laid: _Laid) -> str | None:
    return laid if isinstance(laid, str) else laid.flat


def _infix(left: _Laid, word: str, right: _Laid) -> _Bracket:
    one, other = _flat(left), _flat(right)
    flat = None if one is None or other is None else f"{one} {word} {other}"
    return _Bracket(flat, "", (("", left), (f"{word} ", right)), "")


def _name(name: Name) -> _Laid:
    """A chain of attributes is one piece; one with an item in it may open at the last item, and without a comma.

    One that goes on behind two items or more stands link under link instead, each ending in an item.
    """
    links: list[list[str]] = [[name.root]]
    for step in name.path:
        if isinstance(step, str) and step.isidentifier() and not iskeyword(step):
            if links[-1][-1].startswith("["):
                links.append([])
            links[-1].append(f".{step}")
        else:
            links[-1].append(f"[{literal(step) if isinstance(step, str) else step}]")
    if len(links) > 2:
        flat = "".join(step for link in links for step in link)
        return _Bracket(flat, "", [("", _link(link)) for link in links], "")
    return _link([step for link in links for step in link])


def _link(steps: Sequence[str]) -> _Laid:
    flat = "".join(steps)
    at = max((position for position, step in enumerate(steps) if step.startswith("[")), default=-1)
    if at < 0:
        return flat
    before, after = "".join(steps[:at]), "".join(steps[at + 1 :])
    return _Bracket(flat, f"{before}[", (("", steps[at][1:-1]),), f"]{after}", "")


# --- Words ------------------------------------------------------------------------------------------------------


def literal(value: str) -> str:
    """Text in double quotes, or in single ones when that saves escapes."""
    if "'" not in value and '"' not in value:
        return f'"{repr(value)[1:-1]}"'
    quote = _quote(value)
    return quote + _escaped(value).replace(quote, _ESCAPE + quote) + quote


def _constant(value: float | None) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    return repr(value).replace("e+", "e")


def _formatted(parts: Sequence[str | Name | Call | Not]) -> str:
    """An f-string, in one piece: formatters do not break inside it."""
    quote = _quote("".join(part for part in parts if isinstance(part, str)))
    said = ""
    for part in parts:
        if isinstance(part, str):
            said += _escaped(part).replace(quote, _ESCAPE + quote).replace("{", "{{").replace("}", "}}")
        else:
            said += f"{{{_one_line(_laid(part))}}}"
    return f"f{quote}{said}{quote}"


def _one_line(laid: _Laid) -> str:
    if isinstance(laid, str):
        return laid
    return f"{laid.opening}{', '.join(before + _one_line(item) for before, item in laid.items)}{laid.closing}"


def _quote(value: str) -> str:
    return "'" if value.count('"') > value.count("'") else '"'


def _escaped(value: str) -> str:
    """Text as it stands between quotes, with the quotes in it still as they are."""
    # The quote in front, cut off again, keeps repr from choosing a delimiter that occurs in the piece.
    return "'".join(repr('"' + piece)[2:-1] for piece in value.split("'"))


def _docstring(doc: str) -> Iterator[str]:
    """A docstring; one of several lines has its closing quotes on a line of their own."""
    # Once more without blank lines in front: formatters move what then stands below the first line to the margin.
    first, *others = [line.rstrip() for line in cleandoc(cleandoc(doc).strip()).split("\n")]
    if others:
        yield f'"""{_documented(first)}'
        yield from map(_documented, others)
        yield '"""'
    elif first.endswith('"'):  # formatters agree on this shape only: as it is, and with a space behind it
        yield f'"""{_documented(first[:-1], escape=True)}" """'
    else:
        yield f'"""{_documented(first)}"""'


def _documented(line: str, *, escape: bool = False) -> str:
    said = _escaped(line)
    return said.replace('"', _ESCAPE + '"') if escape or '"""' in said or said.startswith('"') else said


def _comment(said: str) -> Iterator[str]:
    """Lines of a comment, each as full as it may be; a word that is too long for a line has one to itself."""
    for paragraph in said.split("\n"):
        line = "#"
        for word in paragraph.split():
            longer = f"{line} {_visible(word)}"
            if line != "#" and not _fits(longer):
                yield line
                longer = f"# {_visible(word)}"
            line = longer
        if line != "#":
            yield line


def _visible(word: str) -> str:
    return word if word.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in word)
