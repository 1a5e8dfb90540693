"""Rendering, over random trees and programs: the text means what it was made from, and formatters leave it alone."""

from __future__ import annotations

import ast
import io
import math
import subprocess
import sys
import tokenize
from collections.abc import Callable, Iterator, Sequence
from inspect import cleandoc
from pathlib import Path
from typing import Any

import black
from deploying import Deployment, Wanted
from glacier import infra
from glacier.render import render
from glacier.render.python import Assign, Call, Comment, Expression, Import, Infix, Module, Name, Not, Text, text
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import modules, programs

MODE = black.Mode(line_length=88, target_versions={black.TargetVersion.PY311})
OVERRIDES = "def transform(args):\n    return None\n"
# A profile may ask for more.
often = settings(
    max_examples=max(50, settings().max_examples),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
)


# --- Formatters and linters -----------------------------------------------------------------------------------------


def ruff(*arguments: str, folder: Path) -> str:
    """What ruff says of every file in a folder at once, ignoring every configuration."""
    command = [sys.executable, "-m", "ruff", *arguments, "--isolated", "--no-cache", "."]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout


def collected(strategy: st.SearchStrategy[Any], say: Callable[[Any], str], folder: Path) -> list[str]:
    """Many texts, each also a file in the folder; ``black`` has seen all of them."""
    made: list[str] = []

    @often
    @given(strategy)
    def collect(one: Any) -> None:
        said = say(one)
        assert black.format_str(said, mode=MODE) == said
        made.append(said)

    collect()
    for number, said in enumerate(made):
        (folder / f"m{number}.py").write_text(said, "utf-8")
    return made


def assert_ruff_agrees(folder: Path, made: list[str]) -> None:
    """One process for all; of the files it would change, the shortest is shown."""
    ruff("format", "--line-length", "88", folder=folder)
    changed = [
        (said, after)
        for number, said in enumerate(made)
        if (after := (folder / f"m{number}.py").read_text("utf-8")) != said
    ]
    if changed:
        before, after = min(changed, key=lambda pair: len(pair[0]))
        assert after == before


def test_formatters_leave_any_module_alone(tmp_path: Path) -> None:
    made = collected(modules, text, tmp_path)
    assert len(made) >= 50
    assert_ruff_agrees(tmp_path, made)


def test_formatters_and_linters_leave_any_program_alone(tmp_path: Path) -> None:
    made = collected(programs(), render, tmp_path)
    assert len(made) >= 50
    (tmp_path / "overrides.py").write_text(OVERRIDES, "utf-8")
    assert (
        ruff("check", "--extend-select", "I", "--output-format", "concise", folder=tmp_path) == "All checks passed!\n"
    )
    assert_ruff_agrees(tmp_path, made)


# --- The text of a tree ---------------------------------------------------------------------------------------------


def chain(dotted: str) -> ast.expr:
    first, *others = dotted.split(".")
    said: ast.expr = ast.Name(first, ast.Load())
    for other in others:
        said = ast.Attribute(said, other, ast.Load())
    return said


def tree(value: Expression | Infix) -> ast.expr:
    """The same expression as Python's own tree."""
    match value:
        case bool() | None | str():
            return ast.Constant(value)
        case int() | float():
            if math.copysign(1, value) < 0 and value != -math.inf:
                return ast.UnaryOp(ast.USub(), ast.Constant(-value))
            return ast.Constant(value) if abs(value) != math.inf else tree(Call("float", (str(value),)))
        case list():
            return ast.List([tree(one) for one in value], ast.Load())
        case tuple():
            return ast.Tuple([tree(one) for one in value], ast.Load())
        case dict():
            return ast.Dict([ast.Constant(key) for key in value], [tree(one) for one in value.values()])
        case Name(root=root, path=path):
            said = chain(root)
            for step in path:
                if isinstance(step, str) and step.isidentifier() and step != "class":
                    said = ast.Attribute(said, step, ast.Load())
                else:
                    said = ast.Subscript(said, tree(step), ast.Load())
            return said
        case Call(function=function, positional=positional, named=named):
            keywords = [ast.keyword(name, tree(one)) for name, one in named.items()]
            return ast.Call(chain(function), [tree(one) for one in positional], keywords)
        case Not(value=inner):
            return ast.UnaryOp(ast.Not(), tree(inner))
        case Infix(left=left, word="or", right=right):
            return ast.BoolOp(ast.Or(), [tree(left), tree(right)])
        case Infix(left=left, right=right):
            return ast.Compare(tree(left), [ast.IsNot()], [tree(right)])
        case Text(parts=parts):
            return ast.JoinedStr(list(pieces(parts)))
    raise AssertionError(value)


def pieces(parts: Sequence[str | Name | Call | Not]) -> Iterator[ast.expr]:
    plain = ""
    for part in (*parts, None):
        if isinstance(part, str):
            plain += part
            continue
        if plain:
            yield ast.Constant(plain)
        plain = ""
        if part is not None:
            yield ast.FormattedValue(tree(part), -1)


def statement(one: Import | Assign | Call) -> ast.stmt:
    match one:
        case Import(module=module, alias=alias):
            return ast.Import([ast.alias(module, alias or None)])
        case Assign(name=name, value=value):
            return ast.Assign([ast.Name(name, ast.Store())], tree(value))
    return ast.Expr(tree(one))


def tidy(doc: str) -> str:
    """A docstring without what nobody sees: common indentation, and space at the ends of lines."""
    return "\n".join(line.rstrip() for line in cleandoc(doc).strip().split("\n"))


def comments(said: str) -> str:
    tokens = tokenize.generate_tokens(io.StringIO(said).readline)
    return " ".join(token.string for token in tokens if token.type == tokenize.COMMENT)


def chained(remarks: Sequence[str]) -> list[str]:
    """The words of comments as they are shown: what may not be printed, as its escape."""
    said = "\n".join(remarks)
    return "".join(c if c.isprintable() or c.isspace() else repr(c)[1:-1] for c in said).split()


@often
@given(modules)
def test_the_text_parses_to_the_tree_it_was_given(module: Module) -> None:
    said = text(module)
    parsed = ast.parse(said)
    body = parsed.body
    if module.doc.strip():
        # Cleaned on both sides: from 3.13 on the compiler moves lines below the first to the margin.
        assert cleandoc(ast.get_docstring(parsed, clean=False) or "").rstrip() == cleandoc(tidy(module.doc))
        body = body[1:]
    wanted = [one for paragraph in module.paragraphs for one in paragraph if not isinstance(one, Comment)]
    assert len(body) == len(wanted)
    for actual, one in zip(body, wanted, strict=True):
        assert ast.dump(actual) == ast.dump(statement(one))
    remarks = [one.text for paragraph in module.paragraphs for one in paragraph if isinstance(one, Comment)]
    assert comments(said).replace("#", "").split() == " ".join(chained(remarks)).replace("#", "").split()


# --- The meaning of a program ---------------------------------------------------------------------------------------


ANSWERS = {"public": "true", "image": "app:1", "db-password": "hush", "token": "t", "1st:port": "0", "pin": "7"}
MORE_ANSWERS = {"keep_data": "false", "alarms": "true", "size": "big", "aws": "0"}


@often
@given(programs(), st.booleans())
def test_the_text_does_what_the_program_says(program: infra.Program, everything_set: bool) -> None:
    infra.check(program)
    given = {**ANSWERS, **MORE_ANSWERS} if everything_set else ANSWERS
    deployment, wanted = Deployment(given), Wanted(program, given)
    deployment.run(render(program))
    assert [(path, positional, list(named.items())) for path, positional, named in deployment.made] == list(
        wanted.calls()
    )
    assert deployment.exported == {output.name: wanted.value(output.value) for output in program.outputs}
    assert deployment.hooks == ["theirs"]
