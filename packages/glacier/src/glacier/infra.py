"""A cloud program without syntax: resources, look-ups, settings and outputs, and a check that it is sound.

A :class:`Program` is what lowering makes and rendering says. It is closed on purpose:

    Node     a resource to create            ``aws.s3.Bucket``
    Lookup   a question to the provider      ``aws.get_caller_identity_output``
    Output   a value the stack exports

and inputs are plain data (``str int float bool None list dict``) or one of

    Ref      an attribute of a Node or Lookup              ``raw_bucket.arn``, ``gcp.require_output("…")``
    Concat   text made of parts                            ``pulumi.Output.concat(raw_bucket.arn, "/*")``
    Json     a document as text                            ``pulumi.Output.json_dumps({...})``
    Config   a setting of the stack, or its opposite       ``keep_data`` / ``not keep_data``
    Stack    the name of the stack or of the organization  ``pulumi.get_stack()``
    Archive  a folder of code                              ``pulumi.FileArchive("functions/…")``
    Enum     a word that an SDK takes as its own class only  ``azure.storage.AccessTier("Hot")``

``Concat`` takes parts, never a template, so braces in a name cannot be mistaken for holes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class Ref:
    """An attribute of a node: ``Ref("raw_bucket", ("arn",))``; no path means the resource itself.

    ``program`` names the program the node is in when it is another one, which then exports the attribute.
    """

    node: str
    path: tuple[str | int, ...] = ()
    program: str = ""

    @property
    def output(self) -> str:
        """What the node's own program exports the attribute as."""
        return "_".join((self.node, *map(str, self.path)))


@dataclass(frozen=True, slots=True)
class Concat:
    """Text made of parts, of which some are known only when deploying."""

    parts: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Json:
    """A document that the cloud wants as text."""

    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A setting of the stack: ``pulumi config set NAME …``; required when it has no default."""

    name: str
    type: Literal["str", "bool", "int"] = "str"
    default: str | bool | int | None = None
    secret: bool = False
    description: str = ""
    negate: bool = field(default=False)

    def opposite(self) -> Config:
        """The same yes-or-no setting, turned round."""
        return replace(self, negate=not self.negate)


@dataclass(frozen=True, slots=True)
class Stack:
    """The name of the stack being deployed (``dev``, ``prod``), or its organization's."""

    what: Literal["stack", "organization", "project"] = "stack"


@dataclass(frozen=True, slots=True)
class Archive:
    """A folder of code, relative to the program."""

    path: str


@dataclass(frozen=True, slots=True)
class Enum:
    """A word that an SDK takes as its own class only: ``Enum("azure.storage.AccessTier", "Hot")``."""

    type: str
    value: str


Value: TypeAlias = (
    "str | int | float | bool | Sequence[Value] | Mapping[str, Value]"
    " | Ref | Concat | Json | Config | Stack | Archive | Enum | None"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a resource is treated, apart from what it is; names are Pulumi's own."""

    protect: Value = None
    retain_on_delete: Value = None
    depends_on: tuple[Ref, ...] = ()
    ignore_changes: tuple[str, ...] = ()
    delete_before_replace: bool = False
    import_: str | None = None
    parent: Ref | None = None
    provider: Ref | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A resource: ``type`` is text such as ``aws.s3.Bucket``, from which its import is derived.

    ``id`` is the Python variable, ``name`` Pulumi's logical name; ``comment`` stands above it in the text.
    """

    id: str
    type: str
    name: str
    inputs: Mapping[str, Value] = field(default_factory=dict)
    options: Options = Options()
    comment: str = ""

    def __getitem__(self, path: str | tuple[str | int, ...]) -> Ref:
        return Ref(self.id, path if isinstance(path, tuple) else (path,))

    @property
    def ref(self) -> Ref:
        """The resource itself, as ``depends_on`` wants it."""
        return Ref(self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """A question answered by the provider when deploying: ``aws.get_caller_identity_output``.

    What it asks for may be an account's, of which no stack is the owner: ``beforehand`` is then the shell command that
    makes it. The guide says it, with what other programs export in it; the program's text does not.
    """

    id: str
    function: str
    inputs: Mapping[str, Value] = field(default_factory=dict)
    comment: str = ""
    provider: Ref | None = None
    beforehand: Value = None

    def __getitem__(self, path: str | tuple[str | int, ...]) -> Ref:
        return Ref(self.id, path if isinstance(path, tuple) else (path,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """A value the stack exports."""

    name: str
    value: Value


Statement: TypeAlias = Node | Lookup


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Statements that belong together, under one heading of the program."""

    title: str
    statements: tuple[Statement, ...]


@dataclass(frozen=True, kw_only=True)
class Program:
    """Everything one stack creates, in an order in which references only point backwards.

    ``late`` are the programs it reads from that are deployed after it, since they read from it as well.
    """

    name: str
    doc: str
    sections: tuple[Section, ...]
    outputs: tuple[Output, ...] = ()
    late: frozenset[str] = frozenset()

    @property
    def statements(self) -> Iterator[Statement]:
        """Every node and look-up, in order."""
        for section in self.sections:
            yield from section.statements

    @property
    def nodes(self) -> Iterator[Node]:
        """Every resource, in order."""
        return (s for s in self.statements if isinstance(s, Node))

    @property
    def values(self) -> Iterator[Value]:
        """Every value it holds, at any depth."""
        for statement in self.statements:
            yield from values(statement)
        for output in self.outputs:
            yield from walk(output.value)

    @cached_property
    def settings(self) -> tuple[Config, ...]:
        """The settings it reads, each once, in the order of first use."""
        found: dict[str, Config] = {}
        for value in self.values:
            if isinstance(value, Config):
                found.setdefault(value.name, replace(value, negate=False))
        return tuple(found.values())

    @cached_property
    def needs(self) -> tuple[str, ...]:
        """The other programs whose outputs it reads."""
        return tuple(sorted({ref.program for ref in self.foreign}))

    @cached_property
    def foreign(self) -> frozenset[Ref]:
        """The attributes it reads of nodes in other programs."""
        return frozenset(value for value in self.values if isinstance(value, Ref) and value.program)


def walk(whole: Value) -> Iterator[Value]:
    """A value and everything inside it, outermost first; written without recursion, since programs are large."""
    waiting: list[Any] = [whole]
    while waiting:
        value: Any = waiting.pop()
        yield value
        kind = type(value)
        if kind is str or kind is Ref:
            continue
        if kind is dict:
            waiting.extend(reversed(value.values()))
        elif kind is list or kind is tuple:
            waiting.extend(reversed(value))
        elif isinstance(value, Concat):
            waiting.extend(reversed(value.parts))
        elif isinstance(value, Json):
            waiting.append(value.value)
        elif isinstance(value, Mapping):
            waiting.extend(reversed([*value.values()]))


def option_values(options: Options) -> Iterator[Value]:
    """The values that a resource's options hold."""
    yield from (options.protect, options.retain_on_delete, *options.depends_on)
    yield from (ref for ref in (options.parent, options.provider) if ref is not None)


def values(statement: Statement) -> Iterator[Value]:
    """Every value a statement holds, at any depth."""
    for value in statement.inputs.values():
        yield from walk(value)
    if isinstance(statement, Node):
        yield from option_values(statement.options)
    else:
        yield from walk(statement.beforehand)
        if statement.provider is not None:
            yield statement.provider


def check(program: Program) -> None:
    """Refuse a program that could not run: an id or a URN twice, a reference that points nowhere or forward.

    Raises ``AssertionError``: such a program is a mistake of ours, never the user's.
    """
    seen: set[str] = set()
    urns: set[tuple[str, str]] = set()
    settings: dict[str, Config] = {}
    for statement in program.statements:
        for value in values(statement):
            if isinstance(value, Ref) and not value.program and value.node not in seen:
                raise AssertionError(f"{program.name}: {statement.id} refers to {value.node}, which is not above it")
            _agree(settings, value)
        if statement.id in seen or not statement.id.isidentifier():
            raise AssertionError(f"{program.name}: {statement.id!r} is taken or no identifier")
        seen.add(statement.id)
        if isinstance(statement, Node):
            urn = (statement.type, statement.name)
            if urn in urns:
                raise AssertionError(f"{program.name}: two {statement.type} are named {statement.name!r}")
            urns.add(urn)
    names = [output.name for output in program.outputs]
    if len(names) != len(set(names)):
        raise AssertionError(f"{program.name}: an output is exported twice: {sorted(names)}")
    for output in program.outputs:
        for value in walk(output.value):
            if isinstance(value, Ref) and not value.program and value.node not in seen:
                raise AssertionError(f"{program.name}: output {output.name} refers to {value.node}, which is not there")
            _agree(settings, value)


def _agree(settings: dict[str, Config], value: Value) -> None:
    if isinstance(value, Config):
        first = settings.setdefault(value.name, value)
        if (first.type, first.default, first.secret) != (value.type, value.default, value.secret):
            raise AssertionError(f"the setting {value.name!r} is described in two ways")
