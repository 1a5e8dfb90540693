"""Says an infrastructure program in Pulumi's idioms, as a tree of Python.

What a reader meets, from top to bottom: imports, the settings of the stack, the other programs it reads from, the hook
for the user's own changes, and then section by section the resources. Only a resource that something refers to has a
variable.

Every name in the text comes from one place, :class:`_Names`: modules first, then resources, settings and other
programs. A name that is taken already gets an underscore, so none of them can hide another.

A setting is read where it is declared, and its default is part of that line. An empty text counts as not set.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from keyword import kwlist
from typing import Final, assert_never

from glacier import infra
from glacier.naming import fit
from glacier.render import python
from glacier.render.python import Assign, Call, Comment, Expression, Import, Infix, Module, Name, Not, Statement, Text

# The first word of a type is the name its SDK is imported by; the package is pulumi_WORD, but for these.
PACKAGES: Final[Mapping[str, str]] = {"azure": "pulumi_azure_native", "pulumi": "pulumi"}

# What a program's text uses without importing a name for it, or always imports.
_RESERVED: Final = ("pulumi", "json", "overrides", "config", "int", "float", "str")
_OVERRIDES: Final = "Your own changes to any resource, before it is created."
_AWAITED: Final = "None until those stacks have been deployed once; then run `pulumi up` here again."
_STACK: Final[Mapping[str, str]] = {
    "stack": "pulumi.get_stack",
    "organization": "pulumi.get_organization",
    "project": "pulumi.get_project",
}


def render(program: infra.Program) -> str:
    """The text of ``__main__.py``; the same program gives the same bytes."""
    return python.text(_Rendering(program).module())


def packages_of(program: infra.Program) -> set[str]:
    """The Python packages of the SDKs that a program's text imports."""
    words = {_type(statement).partition(".")[0] for statement in program.statements}
    return {PACKAGES.get(word, f"pulumi_{word}") for word in words}


class _Names:
    """The names of one program's text, given out first come, first served."""

    def __init__(self, reserved: Iterable[str]) -> None:
        self.taken = set(reserved)

    def take(self, wanted: str) -> str:
        """The wanted name, or with as many underscores as it needs to be free."""
        while wanted in self.taken:
            wanted += "_"
        self.taken.add(wanted)
        return wanted


class _Rendering:
    """One program on its way into a tree: what everything is called, and what has been said so far."""

    def __init__(self, program: infra.Program) -> None:
        self.program = program
        self.names = _Names((*kwlist, *_RESERVED))
        words = {_type(statement).partition(".")[0] for statement in program.statements}
        self.sdks = {word: self.names.take(word) for word in sorted(words - {"pulumi"})}
        self.nodes = {statement.id: self.names.take(statement.id) for statement in program.statements}
        self.types: dict[str, str] = {}
        self.settings: dict[str, tuple[str, infra.Config]] = {}
        self.stacks: dict[str, str] = {}
        self.awaited: dict[infra.Ref, str] = {}  # what comes from programs that are deployed later
        self.referred: set[str] = set()  # the nodes that need a variable
        self.outputs = 0  # how many values known only when deploying have been said
        self.documents = False  # whether json is needed

    def module(self) -> Module:
        """The whole program: the body is said first, because it decides what the header must hold."""
        said = [[(one, self.statement(one)) for one in section.statements] for section in self.program.sections]
        exports = [self.export(output) for output in self.program.outputs]
        body: list[Sequence[Statement]] = []
        for section, statements in zip(self.program.sections, said, strict=True):
            if statements:
                body.append([_heading(section.title)])
                body.extend(self.paragraph(one, call) for one, call in statements)
        if exports:
            body += [[_heading("Outputs")], exports]
        return Module(self.program.doc, [*self.header(), *body])

    def header(self) -> Iterator[Sequence[Statement]]:
        """Imports, settings, other programs, and the hook for the user's changes."""
        if self.documents:
            yield [Import("json")]
        packages = {PACKAGES.get(word, f"pulumi_{word}"): alias for word, alias in self.sdks.items()}
        yield [Import("pulumi"), *(Import(package, packages[package]) for package in sorted(packages))]
        yield [Import("overrides")]
        if self.settings:
            lines = [line for variable, config in self.settings.values() for line in _setting(variable, config)]
            yield [Assign("config", Call("pulumi.Config")), *lines]
        if self.stacks:
            yield [Assign(variable, _stack(other)) for other, variable in self.stacks.items()]
        if self.awaited:
            reads = [
                Assign(variable, Call(f"{self.stacks[ref.program]}.get_output", (ref.output,)))
                for ref, variable in self.awaited.items()
            ]
            yield [Comment(_AWAITED), *reads]
        hook = Call("pulumi.runtime.register_stack_transformation", (Name("overrides", ("transform",)),))
        yield [Comment(_OVERRIDES), hook]

    def paragraph(self, statement: infra.Statement, call: Call) -> Sequence[Statement]:
        """One resource or look-up, assigned if something refers to it."""
        said = Assign(self.nodes[statement.id], call) if statement.id in self.referred else call
        return [Comment(statement.comment), said] if statement.comment else [said]

    def statement(self, statement: infra.Statement) -> Call:
        """The call that creates a resource, or asks a question."""
        named = {name: self.say(value) for name, value in statement.inputs.items()}
        match statement:
            case infra.Node(name=name, options=options):
                chosen = dict(self.options(options))
                if chosen:
                    named["opts"] = Call("pulumi.ResourceOptions", (), chosen)
                return Call(self.type(statement.type), (name,), named)
            case infra.Lookup(function=function, provider=provider):
                if provider is not None:
                    named["opts"] = Call("pulumi.InvokeOutputOptions", (), {"provider": self.say(provider)})
                return Call(self.type(function), (), named)

    def options(self, options: infra.Options) -> Iterator[tuple[str, Expression]]:
        """The options that say something, in one order."""
        if options.provider is not None:
            yield "provider", self.say(options.provider)
        if options.protect is not None:
            yield "protect", self.say(options.protect)
        if options.retain_on_delete is not None:
            yield "retain_on_delete", self.say(options.retain_on_delete)
        if options.depends_on:
            yield "depends_on", [self.say(ref) for ref in options.depends_on]
        if options.ignore_changes:
            yield "ignore_changes", list(options.ignore_changes)
        if options.delete_before_replace:
            yield "delete_before_replace", True
        if options.import_ is not None:
            yield "import_", options.import_
        if options.parent is not None:
            yield "parent", self.say(options.parent)

    def export(self, output: infra.Output) -> Call:
        """What makes a value an output of the stack."""
        return Call("pulumi.export", (output.name, self.say(output.value)))

    def type(self, name: str) -> str:
        """A resource type or a function, by the name its SDK has here."""
        said = self.types.get(name)
        if said is None:
            word, dot, rest = name.partition(".")
            said = self.types[name] = f"{self.sdks.get(word, word)}{dot}{rest}"
        return said

    def say(self, value: infra.Value) -> Expression:
        """A value in Pulumi's idiom."""
        match value:
            case str():
                return value if type(value) is str else str.__str__(value)
            case infra.Ref(program=str(other)) if other:
                return self.external(value)
            case infra.Ref(node=node, path=path):
                self.referred.add(node)
                self.outputs += 1
                return Name(self.nodes[node], path)
            case Mapping():
                return {key: self.say(item) for key, item in value.items()}
            case infra.Concat(parts=parts):
                return self.concat(parts)
            case None | bool() | int() | float():
                return value
            case infra.Json(value=document):
                return self.document(document)
            case infra.Config():
                return self.configured(value)
            case infra.Stack(what=what):
                return Call(_STACK[what])
            case infra.Archive(path=path):
                return Call("pulumi.FileArchive", (path,))
            case infra.Enum(type=name, value=word):
                return Call(self.type(name), (word,))
            case Sequence():
                return [self.say(item) for item in value]
        assert_never(value)

    def configured(self, config: infra.Config) -> Name | Not:
        """A setting, by its variable."""
        if config.secret and config.negate:
            raise AssertionError(f"the setting {config.name!r} is secret, and a secret has no opposite")
        if config.name not in self.settings:
            self.settings[config.name] = (self.names.take(_identifier(config.name)), config)
        self.outputs += config.secret
        name = Name(self.settings[config.name][0])
        return Not(name) if config.negate else name

    def external(self, ref: infra.Ref) -> Call:
        """An attribute of a node in another program, which exports it.

        A program that is deployed later has nothing to read at first, so that its output is text in any case.
        """
        if ref.program not in self.stacks:
            self.stacks[ref.program] = self.names.take(f"{_identifier(ref.program)}_stack")
        self.outputs += 1
        if ref.program not in self.program.late:
            return Call(f"{self.stacks[ref.program]}.require_output", (ref.output,))
        if ref not in self.awaited:
            # Not longer than a call has room beside: formatters have ways of their own with what is.
            self.awaited[ref] = self.names.take(_identifier(fit(ref.output, 48)))
        return Call(f"{self.awaited[ref]}.apply", (Name("str"),))

    def document(self, value: infra.Value) -> Call:
        """A document as text; Pulumi's own function is needed only when a part is known when deploying."""
        before = self.outputs
        said = self.say(value)
        if self.outputs > before:
            return Call("pulumi.Output.json_dumps", (said,))
        self.documents = True
        return Call("json.dumps", (said,))

    def concat(self, parts: Iterable[infra.Value]) -> Expression:
        """Text made of parts: plain text, an f-string when all is known, or what Pulumi joins when deploying."""
        before = self.outputs
        said = list(self.parts(parts))
        known = _known(said) if self.outputs == before else None
        if known is not None:
            return known
        self.outputs += 1
        return Call("pulumi.Output.concat", tuple(_joined(said)))

    def parts(self, parts: Iterable[infra.Value]) -> Iterator[Expression]:
        """Every part as something that is text; parts of parts stand among them."""
        for part in parts:
            match part:
                case infra.Concat(parts=inner):
                    yield from self.parts(inner)
                case None | bool() | int() | float():
                    yield str(part)
                case infra.Config():
                    yield self.setting_as_text(part)
                case _:
                    yield self.say(part)

    def setting_as_text(self, config: infra.Config) -> Expression:
        """A setting where only text will do: Pulumi joins text, and nothing else."""
        said = self.configured(config)
        if config.type == "str" and isinstance(said, Name):
            return said
        if config.secret and isinstance(said, Name):
            return Call(f"{said.root}.apply", (Name("str"),))
        return Text((said,))


def _type(statement: infra.Statement) -> str:
    return statement.type if isinstance(statement, infra.Node) else statement.function


def _identifier(name: str) -> str:
    said = re.sub(r"\W", "_", name, flags=re.ASCII)
    return said if said.isidentifier() else f"_{said}"


def _heading(title: str) -> Comment:
    said = f"--- {' '.join(title.split())} "
    if python.width(said) > python.COLUMNS - 5:
        said = f"{said[: python.COLUMNS // 2 - 5].rstrip()}… "  # half: each character may be two columns wide
    return Comment(said + "-" * max(3, python.COLUMNS - python.width(said) - 2))


def _stack(other: str) -> Call:
    """The stack of the same name in another program's project."""
    name = Text((Call("pulumi.get_organization"), f"/{other}/", Call("pulumi.get_stack")))
    return Call("pulumi.StackReference", (other,), {"stack_name": name})


def _setting(variable: str, config: infra.Config) -> Iterator[Statement]:
    """A setting read into its variable, below its description."""
    if config.description:
        yield Comment(config.description)
    yield Assign(variable, _read(config))


def _read(config: infra.Config) -> Call | Infix:
    kind = "" if config.type == "str" else f"_{config.type}"
    if config.secret:
        kind = f"_secret{kind}"
    name, default = (config.name,), config.default
    if default is None:
        return Call(f"config.require{kind}", name)
    if config.secret:
        raise AssertionError(f"the setting {config.name!r} is secret, and its default would be there for all to read")
    match config.type:
        case "bool" if default:
            return Infix(Call("config.get_bool", name), "is not", False)
        case "int":  # get_int would not do: nought is a number, and not true
            return Call("int", (Infix(Call("config.get", name), "or", default),))
    return Infix(Call(f"config.get{kind}", name), "or", default)


def _known(parts: Iterable[Expression]) -> str | Text | None:
    """Parts that are known before deploying as one text; ``None`` if one of them may not stand in an f-string."""
    pieces: list[str | Name | Call | Not] = []
    for part in parts:
        match part:
            case Text(parts=inner):
                pieces.extend(inner)
            case str() | Name() | Not():
                pieces.append(part)
            case Call(positional=(), named=named) if not named:
                pieces.append(part)
            case _:
                return None
    plain = [piece for piece in pieces if isinstance(piece, str)]
    return "".join(plain) if len(plain) == len(pieces) else Text(tuple(pieces))


def _joined(parts: Iterable[Expression]) -> Iterator[Expression]:
    """Parts with neighbors that are plain text made one."""
    plain = ""
    for part in parts:
        if isinstance(part, str):
            plain += part
            continue
        if plain:
            yield plain
        plain = ""
        yield part
    if plain:
        yield plain
