"""Random trees of Python and random infrastructure programs, for the properties of rendering."""

from __future__ import annotations

from keyword import iskeyword
from string import ascii_lowercase, digits, printable

from glacier.infra import (
    Archive,
    Concat,
    Config,
    Json,
    Lookup,
    Node,
    Options,
    Output,
    Program,
    Ref,
    Section,
    Stack,
    Statement,
    Value,
)
from glacier.render.python import Assign, Call, Comment, Expression, Import, Infix, Module, Name, Not, Text
from hypothesis import strategies as st

# Quotes, braces, backslashes, control characters, accents, wide characters, ones that may not be printed or encoded.
AWKWARD = "'\"\\{}#\n\t\r\0 éß…漢字かな가（\x7f\x85\xa0\u2028\u3000\ud800"

texts = st.text(st.sampled_from(AWKWARD + printable), max_size=60) | st.text(ascii_lowercase + " /:'", max_size=100)
keys = st.text(st.sampled_from(ascii_lowercase + "漢é'\": "), max_size=30)
identifiers = (
    st.from_regex(rf"[{ascii_lowercase}_][{ascii_lowercase}{digits}_]{{1,35}}", fullmatch=True)
    .filter(lambda word: not iskeyword(word))
    .filter(lambda word: not (word.startswith("__") and word.endswith("__")))
)
dotted = st.lists(identifiers, min_size=1, max_size=3).map(".".join)
finite = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
numbers = st.integers() | st.floats(allow_nan=False)
constants = st.none() | st.booleans() | numbers
items = st.integers(-3, 99) | st.sampled_from(["glacier:stack", "class", "", 'a"b'])
# One item at most: formatters open a chain with several, if it is too long for its line, in ways of their own.
paths = st.builds(
    lambda before, item, after: (*before, *item, *after),
    st.lists(identifiers, max_size=3),
    st.lists(items, max_size=1),
    st.lists(identifiers, max_size=2),
)

# --- Trees of Python ----------------------------------------------------------------------------------------------

variables = st.builds(Name, identifiers, paths)
bare = st.builds(Name, identifiers, st.lists(identifiers, max_size=2).map(tuple)) | st.builds(Call, dotted)
formatted = st.builds(
    lambda parts, hole: Text((*parts, hole, *parts[::-1])),
    st.lists(texts | bare | bare.map(Not), max_size=3),
    bare,
)


def calls(inner: st.SearchStrategy[Expression], longest: int = 5) -> st.SearchStrategy[Call]:
    """Calls of anything, with arguments of both sorts; operators only stand among the ones without a name."""
    positional = st.lists(inner | infixes(), max_size=2).map(tuple)
    return st.builds(Call, dotted, positional, st.dictionaries(identifiers, inner, max_size=longest))


def infixes() -> st.SearchStrategy[Infix]:
    """What a setting is read with: a call, and a fallback or a test."""
    read = st.builds(Call, dotted, st.tuples(texts))
    return st.builds(Infix, read, st.just("or"), texts | finite) | st.builds(
        Infix, read, st.just("is not"), st.booleans() | st.none()
    )


expressions: st.SearchStrategy[Expression] = st.recursive(
    constants | texts | variables | variables.map(Not) | formatted,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(keys, inner, max_size=4)
        | calls(inner)
        | calls(inner).map(Not)
    ),
    max_leaves=25,
)
statements = (
    calls(expressions)
    | st.builds(Assign, identifiers, calls(expressions) | infixes())
    | st.builds(Assign, identifiers.map(lambda word: f"{word}_{word}"), calls(expressions) | infixes())
)
paragraphs = st.builds(
    lambda comment, body: [*([Comment(comment)] if comment.strip() else []), *body],
    texts | st.lists(texts, max_size=4).map(" ".join),
    st.lists(statements, min_size=1, max_size=3),
)
imports = st.lists(
    st.builds(Import, identifiers, identifiers | st.just("")), min_size=1, max_size=3, unique_by=lambda one: one.module
)
docs = texts | st.lists(texts | st.sampled_from(["", "    indented", '"""']), max_size=4).map("\n".join)
modules = st.builds(
    lambda doc, header, body: Module(doc, [*header, *body]),
    docs,
    st.lists(imports, max_size=2),
    st.lists(paragraphs, max_size=3),
)

# --- Infrastructure -----------------------------------------------------------------------------------------------

TYPES = ("aws.s3.Bucket", "aws.Provider", "azure.storage.StorageAccount", "gcp.storage.Bucket", "command.local.Command")
QUESTIONS = ("aws.get_caller_identity_output", "gcp.organizations.get_project_output")
SETTINGS = (
    Config(name="keep_data", type="bool", default=True, description="Whether data outlives the stack. " * 3),
    Config(name="alarms", type="bool", default=False),
    Config(name="public", type="bool"),
    Config(name="image", description="The image to run."),
    Config(name="size", default="x'\"y" * 20),
    Config(name="db-password", secret=True),
    Config(name="token", secret=True, description="A token.\n\nKeep it."),
    Config(name="aws", type="int", default=5),
    Config(name="1st:port", type="int"),
    Config(name="pin", type="int", secret=True),
)
# What a program's own text needs: none of it may be hidden by a resource's variable.
HARD_IDS = ("config", "json", "pulumi", "aws", "overrides", "keep_data", "image_", "class", "int", "str", "gcp_stack")
ids = st.sampled_from(HARD_IDS) | st.lists(
    st.text(ascii_lowercase, min_size=2, max_size=30), min_size=2, max_size=2
).map("_".join)
settings_used = st.sampled_from(SETTINGS).flatmap(
    lambda one: st.sampled_from([one, one.opposite()]) if one.type == "bool" else st.just(one)
)


def values(earlier: tuple[str, ...]) -> st.SearchStrategy[Value]:
    """A value that refers to nothing but what stands above it."""
    texty: st.SearchStrategy[Value] = (
        texts
        | settings_used
        | st.builds(Stack, st.sampled_from(["stack", "organization", "project"]))
        | st.builds(Ref, identifiers, paths, st.sampled_from(["gcp", "sales-gcp"]))
    )
    if earlier:
        texty |= st.builds(Ref, st.sampled_from(earlier), paths)
    return st.recursive(
        constants | texty | texty | st.builds(Archive, texts),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(keys, inner, max_size=3)
            | st.lists(texty | st.integers() | documents(texty), max_size=4).map(lambda parts: Concat(tuple(parts)))
            | st.lists(texty, max_size=3).map(lambda parts: Concat((Concat(tuple(parts)), "/*")))
            | documents(inner)
        ),
        max_leaves=12,
    )


def documents(inner: st.SearchStrategy[Value]) -> st.SearchStrategy[Json]:
    """A document that JSON can say: an archive cannot stand in it."""
    return st.dictionaries(keys, inner, max_size=3).filter(_no_archive).map(Json)


def _no_archive(value: object) -> bool:
    return "Archive(" not in repr(value)


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """A program that ``infra.check`` accepts."""
    sections: list[Section] = []
    earlier: tuple[str, ...] = ()
    for count in draw(st.lists(st.integers(0, 3), max_size=3)):
        made: list[Statement] = []
        for _ in range(count):
            made.append(_statement(draw, earlier))
            earlier = (*earlier, made[-1].id)
        sections.append(Section(title=draw(keys | texts), statements=tuple(made)))
    outputs = draw(st.dictionaries(identifiers, values(earlier), max_size=2))
    return Program(
        name="sales-aws",
        doc=draw(docs),
        sections=tuple(sections),
        outputs=tuple(Output(name=name, value=value) for name, value in outputs.items()),
        late=draw(st.sampled_from([frozenset(), frozenset({"gcp"})])),
    )


def _statement(draw: st.DrawFn, earlier: tuple[str, ...]) -> Statement:
    own = draw(ids.filter(lambda one: one not in earlier))
    inputs = draw(st.dictionaries(identifiers.filter(lambda one: one != "opts"), values(earlier), max_size=4))
    refs = st.sampled_from(earlier).map(Ref) if earlier else st.none()
    if draw(st.integers(0, 4)) == 0:
        asked = draw(st.sampled_from(QUESTIONS))
        return Lookup(id=own, function=asked, inputs=inputs, comment=draw(texts), provider=draw(st.none() | refs))
    kept = st.none() | st.sampled_from([True, SETTINGS[0], SETTINGS[0].opposite()])
    options = Options(
        protect=draw(kept),
        retain_on_delete=draw(kept),
        depends_on=tuple(ref for ref in draw(st.lists(refs, max_size=3)) if ref),
        ignore_changes=tuple(draw(st.lists(identifiers, max_size=2))),
        delete_before_replace=draw(st.booleans()),
        import_=draw(st.none() | texts),
        parent=draw(st.none() | refs),
        provider=draw(st.none() | refs),
    )
    name = f"{draw(texts)}{len(earlier)}"
    return Node(
        id=own, type=draw(st.sampled_from(TYPES)), name=name, inputs=inputs, options=options, comment=draw(texts)
    )
