"""The layout rule and the words of the printer, case by case; any tree is in ``tests/property/test_render.py``."""

from __future__ import annotations

import ast

import pytest
from glacier.render.python import COLUMNS, Assign, Call, Comment, Import, Infix, Module, Name, Not, Text, literal, text


def said(*statements: Import | Comment | Assign | Call) -> str:
    return text(Module("", [statements]))


def test_what_fits_stays_and_what_does_not_is_opened() -> None:
    fits = Call("f", ("x" * (COLUMNS - len('f("")')),))
    assert said(fits) == f'f("{fits.positional[0]}")\n'
    assert said(Call("f", (f"{fits.positional[0]}x",))) == f'f(\n    "{fits.positional[0]}x",\n)\n'


def test_only_the_brackets_that_do_not_fit_are_opened() -> None:
    inner = {"allowed": [1, 2, 3], "denied": ["y" * 60]}
    assert said(Assign("rules", Call("f", ("x" * 20,), {"rules": inner}))) == (
        f'rules = f(\n    "{"x" * 20}",\n    rules={{"allowed": [1, 2, 3], "denied": ["{"y" * 60}"]}},\n)\n'
    ).replace(
        f'    rules={{"allowed": [1, 2, 3], "denied": ["{"y" * 60}"]}},\n',
        (f'    rules={{\n        "allowed": [1, 2, 3],\n        "denied": ["{"y" * 60}"],\n    }},\n'),
    )


def test_the_comma_after_an_opened_item_counts_as_part_of_its_line() -> None:
    # Four for the indent and one for the comma: the list is opened although it would fit without them.
    items = ["x" * (COLUMNS - 4 - len('[""]'))]
    assert said(Call("function", (items,))) == f'function(\n    [\n        "{items[0]}",\n    ],\n)\n'


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain", '"plain"'),
        ("it's", '"it\'s"'),
        ('say "hi"', "'say \"hi\"'"),
        ('it\'s "so"', "'it\\'s \"so\"'"),
        ('\'""', "'\\'\"\"'"),
        ("back\\slash\n\t\0", '"back\\\\slash\\n\\t\\x00"'),
        ("\u2028\ud800\x85", '"\\u2028\\ud800\\x85"'),
        ("漢字 é", '"漢字 é"'),
        ("", '""'),
    ],
)
def test_text_prefers_double_quotes_unless_single_ones_save_escapes(value: str, expected: str) -> None:
    assert literal(value) == expected
    assert ast.literal_eval(expected) == value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "None"),
        (True, "True"),
        (-1, "-1"),
        (0.5, "0.5"),
        (1e16, "1e16"),
        (float("-inf"), 'float("-inf")'),
        ([], "[]"),
        ({}, "{}"),
        ((), "()"),
        ((1,), "(1,)"),
        ((1, 2), "(1, 2)"),
        ({"a": [None, {"b": ()}]}, '{"a": [None, {"b": ()}]}'),
        (Name("cache", ("endpoints", 0, "address")), "cache.endpoints[0].address"),
        (Name("tags", ("glacier:stack",)), 'tags["glacier:stack"]'),
        (Name("principal", ("from",)), 'principal["from"]'),
        (Not(Name("keep_data")), "not keep_data"),
        (Call("a.b.c"), "a.b.c()"),
        (Infix(Call("get", ("n",)), "or", 5), 'get("n") or 5'),
        (Infix(Call("get", ("n",)), "is not", False), 'get("n") is not False'),
        (Text(("a{b}", Call("f"), '"', Name("x", ("y",)))), "f'a{{b}}{f()}\"{x.y}'"),
    ],
)
def test_every_expression_on_one_line(value: object, expected: str) -> None:
    assert said(Call("f", (value,))) == f"f({expected})\n"  # type: ignore[arg-type]


def test_a_tuple_of_one_keeps_its_comma_when_opened() -> None:
    assert said(Call("f", (("x" * 90,),))) == f'f(\n    (\n        "{"x" * 90}",\n    ),\n)\n'


def test_wide_characters_count_two_columns() -> None:
    room = COLUMNS - len('f("")')
    assert said(Call("f", ("漢" * (room // 2),))).count("\n") == 1
    assert said(Call("f", ("漢" * (room // 2 + 1),))).count("\n") == 3


def test_a_long_text_is_left_alone() -> None:
    assert said(Call("f", (), {"a": "x" * 200})) == f'f(\n    a="{"x" * 200}",\n)\n'


def test_an_item_of_something_opens_without_a_comma() -> None:
    chain = Name("x" * 60, ("y" * 20, 0, "z"))
    assert said(Call("f", (chain,))) == f"f(\n    {'x' * 60}.{'y' * 20}[\n        0\n    ].z,\n)\n"


def test_an_assignment_gets_parentheses_when_its_value_gains_by_them() -> None:
    setting = Infix(Call("config.get", ("x" * 40,)), "or", "y" * 20)
    assert said(Assign("a" * 20, setting)) == f'{"a" * 20} = (\n    config.get("{"x" * 40}") or "{"y" * 20}"\n)\n'
    longer = Infix(setting.left, "or", "y" * 40)
    assert said(Assign("a", longer)) == f'a = (\n    config.get("{"x" * 40}")\n    or "{"y" * 40}"\n)\n'
    call = Call("b" * 50, (1,))
    assert said(Assign("a" * 40, call)) == f"{'a' * 40} = (\n    {'b' * 50}(1)\n)\n"


def test_comments_are_filled_and_hold_nothing_invisible() -> None:
    comment = said(Comment("word " * 30 + "\n\nnext\u202e " + "u" * 100), Call("f"))
    lines = comment.splitlines()
    assert [len(line) for line in lines] == [86, 66, 12, 102, 3]
    assert lines[2] == "# next\\u202e"


@pytest.mark.parametrize(
    ("doc", "expected"),
    [
        ("One line.", '"""One line."""\n'),
        ("One.\n\n    Two.  \n", '"""One.\n\nTwo.\n"""\n'),
        ('Ends in "quotes"', '"""Ends in \\"quotes" """\n'),
        ('Holds """', '"""Holds \\"\\"" """\n'),
        ("Back\\", '"""Back\\\\"""\n'),
        (" \n", ""),
    ],
)
def test_docstrings(doc: str, expected: str) -> None:
    assert text(Module(doc, [])) == expected


def test_paragraphs_have_one_blank_line_between_them() -> None:
    module = Module(
        "Doc.", [[Import("json")], [Import("pulumi"), Import("pulumi_aws", "aws")], [Comment("Go."), Call("f")]]
    )
    assert text(module) == '"""Doc."""\n\nimport json\n\nimport pulumi\nimport pulumi_aws as aws\n\n# Go.\nf()\n'
    assert text(Module("", [])) == ""


def test_a_docstring_that_begins_with_a_blank_line_is_moved_to_the_margin() -> None:
    assert text(Module("\n0\n 0", [])) == '"""0\n0\n"""\n'
