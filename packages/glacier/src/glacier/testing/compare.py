"""A run of a generated program against the infrastructure it came from: the same resources, values and options."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeVar

from glacier import infra
from glacier.testing import schema
from glacier.testing.conform import leaves
from glacier.testing.mocks import STACK_REFERENCE
from glacier.testing.records import Options, Recorded
from glacier.testing.run import ORGANIZATION, Run
from glacier.testing.schema import Block, Field, Many, Shape, Table
from glacier.testing.wire import UNKNOWN

T = TypeVar("T")

# The Python package of each SDK that is not called pulumi_NAME after the first word of a type in a program.
PACKAGES: Final[Mapping[str, str]] = {"azure": "pulumi_azure_native", "az": "pulumi_azure_native"}


def compare(program: infra.Program, run: Run) -> list[str]:
    """Where a run differs from the program it came from, in sentences that name the node and the path; none is best.

    Values are compared after resolving: a reference is what the engine answered for that attribute, parts are joined,
    a document is compared as a document. What an SDK sets by itself (its defaults) is no difference.
    """
    return list(_Comparison(program, run).differences())


def python_path(name: str) -> str:
    """The class or function behind a type in a program: ``aws.s3.Bucket`` is ``pulumi_aws.s3.Bucket``."""
    package, _, rest = name.partition(".")
    return f"{PACKAGES.get(package, f'pulumi_{package}')}.{rest}"


class _Comparison:
    """One program beside one run of it, with the ways from the names in one to those in the other."""

    def __init__(self, program: infra.Program, run: Run) -> None:
        self.program, self.run = program, run
        self.recorded = {(one.path, one.name): one for one in run.resources if one.type != STACK_REFERENCE}
        self.nodes = {node.id: self.recorded.get((python_path(node.type), node.name)) for node in program.nodes}
        self.options = {node.id: node.options for node in program.nodes}
        self.lookups = {one.id: one for one in program.statements if isinstance(one, infra.Lookup)}

    def differences(self) -> Iterator[str]:
        wanted = {(python_path(node.type), node.name): node for node in self.program.nodes}
        for key, node in wanted.items():
            found = self.recorded.get(key)
            if found is None:
                yield f"{node.id}: {node.type} {node.name!r} is not registered"
            else:
                yield from self._inputs(node, found)
                yield from self._options(node, found.options)
        for key in self.recorded.keys() - wanted.keys():
            yield f"{key[0]} {key[1]!r} is registered, and no node asks for it"
        for setting in self.program.settings:
            if setting.secret and setting.name not in self.run.secret_settings:
                yield f"the setting {setting.name!r} is a secret, and the project's file does not say so"
        exported = {output.name: self.value(output.value) for output in self.program.outputs}
        yield from _different(exported, self.run.outputs, "outputs", ())

    def _inputs(self, node: infra.Node, found: Recorded) -> Iterator[str]:
        known = schema.resource_type(found.type)
        by_name = {f.name.rstrip("_"): f for f in known.inputs.values()} if known else {}
        wanted = {name.rstrip("_"): self.value(value) for name, value in node.inputs.items()}
        actual = {name.rstrip("_"): value for name, value in found.inputs.items()}
        yield from _different_keys(wanted, actual, node.id, by_name)

    def _options(self, node: infra.Node, actual: Options) -> Iterator[str]:
        wanted = node.options
        pairs: list[tuple[str, object, object]] = [
            ("protect", bool(self.value(self._inherited(wanted, lambda o: o.protect))), actual.protect),
            ("retain_on_delete", bool(self.value(wanted.retain_on_delete)), actual.retain_on_delete),
            ("delete_before_replace", wanted.delete_before_replace, actual.delete_before_replace),
            ("ignore_changes", sorted(wanted.ignore_changes), sorted(actual.ignore_changes)),
            ("import_", wanted.import_ or "", actual.import_),
            ("provider", self._urn(self._inherited(wanted, lambda o: o.provider)), actual.provider),
            ("parent", self._urn(wanted.parent), actual.parent),
            ("depends_on", sorted(self._dependencies(node)), sorted(self._known_dependencies(actual))),
        ]
        for name, expected, found in pairs:
            if expected != found:
                yield f"{node.id}: the option {name} is {found!r}, and should be {expected!r}"

    def _inherited(self, options: infra.Options, read: Callable[[infra.Options], T]) -> T:
        """An option that a child takes over from its parent."""
        said = read(options)
        if said is None and options.parent is not None:
            return self._inherited(self.options[options.parent.node], read)
        return said

    def _dependencies(self, node: infra.Node) -> set[str]:
        """What the engine must be told a node waits for: what it names and what its inputs refer to."""
        held = [inner for value in node.inputs.values() for inner in infra.walk(value)]
        return {urn for value in (*held, *node.options.depends_on) for urn in self._behind(value)}

    def _behind(self, value: infra.Value) -> Iterator[str]:
        match value:
            case infra.Ref(program=str(other)) if other:
                return
            case infra.Ref(node=name) if name in self.lookups:
                for given in self.lookups[name].inputs.values():
                    for inner in infra.walk(given):
                        yield from self._behind(inner)
            case infra.Ref():
                yield self._urn(value)

    def _known_dependencies(self, actual: Options) -> set[str]:
        others = {one.urn for one in self.run.resources if one.type == STACK_REFERENCE}
        return set(actual.dependencies - others)

    def _urn(self, ref: infra.Ref | None) -> str:
        if ref is None:
            return ""
        found = self.nodes.get(ref.node)
        return found.urn if found is not None else f"(nothing for {ref.node})"

    def value(self, value: infra.Value) -> object:
        """A value of the program as the run must have it."""
        match value:
            case infra.Ref(program=str(other)) if other:
                missing = "None" if other in self.program.late else f"(no {value.output} of {other})"
                return self.run.stack_outputs.get(other, {}).get(value.output, missing)
            case infra.Ref():
                return self._attribute(value)
            case infra.Concat(parts=parts):
                said = [self.value(part) for part in parts]
                return UNKNOWN if UNKNOWN in said else "".join(map(str, said))
            case infra.Json(value=document):
                return _Document(self.value(document))
            case infra.Config():
                return self._setting(value)
            case infra.Stack(what=what):
                return {"stack": self.run.stack, "project": self.run.project, "organization": ORGANIZATION}[what]
            case infra.Archive(path=path):
                return ("archive", path)
            case infra.Enum(value=word):
                return word
            case Mapping():
                return {key: self.value(one) for key, one in value.items() if one is not None}
            case str():
                return value
            case Sequence():
                return [self.value(one) for one in value]
        return value

    def _attribute(self, ref: infra.Ref) -> object:
        if ref.node in self.lookups:
            return _at(self._answer(self.lookups[ref.node]), ref.path, ref)
        found = self.nodes.get(ref.node)
        if found is None:
            return f"(nothing for {ref.node})"
        return _at({**found.outputs, "id": found.id, "urn": found.urn}, ref.path, ref)

    def _answer(self, lookup: infra.Lookup) -> object:
        path = python_path(lookup.function).removesuffix("_output")
        given = {name: self.value(value) for name, value in lookup.inputs.items() if value is not None}
        answers = [one for one in self.run.answers if one.path == path and one.inputs == given]
        # A provider is not asked while a question holds what only deploying will tell.
        return answers[0].outputs if answers else UNKNOWN if self.run.preview else {}

    def _setting(self, config: infra.Config) -> object:
        text = self.run.config.get(config.name)
        said: object = config.default
        if text is not None:
            said = text if config.type == "str" else json.loads(text)
        return not said if config.negate else said


class _Document:
    """A document that the run must have as JSON text."""

    def __init__(self, value: object) -> None:
        self.value = value

    def __str__(self) -> str:
        return json.dumps(self.value, default=str)

    __repr__ = __str__


def _at(value: object, path: tuple[str | int, ...], ref: infra.Ref) -> object:
    for step in path:
        match value:
            case Mapping() if step in value:
                value = value[step]
            case list() if isinstance(step, int) and step < len(value):
                value = value[step]
            case _ if value is UNKNOWN:
                return UNKNOWN
            case _:
                return f"(no {'.'.join(map(str, ref.path))} of {ref.node})"
    return value


def _different(wanted: object, actual: object, path: str, shape: Shape) -> Iterator[str]:
    match wanted, actual:
        case _Document(), _:
            yield from _different_document(wanted.value, actual, path)
        case Mapping(), Mapping():
            blocks = [schema.fields(one.cls) for one in shape if isinstance(one, Block)]
            tables = [one.item for one in shape if isinstance(one, Table)]
            known = {f.name: f for f in blocks[0].values()} if blocks else {}
            yield from _different_keys(wanted, actual, path, known, tables[0] if tables else ())
        case list(), list() if len(wanted) == len(actual):
            item = next((one.item for one in shape if isinstance(one, Many)), ())
            for index, (one, other) in enumerate(zip(wanted, actual, strict=True)):
                yield from _different(one, other, f"{path}[{index}]", item)
        case _ if wanted != actual or isinstance(wanted, bool) != isinstance(actual, bool):
            yield f"{path}: is {actual!r}, and should be {wanted!r}"


def _different_keys(
    wanted: Mapping[str, object], actual: Mapping[str, object], path: str, known: Mapping[str, Field], item: Shape = ()
) -> Iterator[str]:
    wanted = {key: value for key, value in wanted.items() if value is not None}
    for key, value in wanted.items():
        if key in actual:
            yield from _different(value, actual[key], f"{path}.{key}", known[key].shape if key in known else item)
        else:
            yield f"{path}.{key}: is not there, and should be {value!r}"
    for key in actual.keys() - wanted.keys():
        if actual[key] is not None and not (key in known and known[key].default == actual[key]):
            yield f"{path}.{key}: is {actual[key]!r}, and should not be there"


def _different_document(wanted: object, actual: object, path: str) -> Iterator[str]:
    if actual is UNKNOWN and _holds_unknown(wanted):
        return
    if not isinstance(actual, str):
        yield f"{path}: is {actual!r}, and should be a JSON document"
        return
    try:
        document = json.loads(actual)
    except json.JSONDecodeError as error:
        yield f"{path}: is no JSON document: {error}"
    else:
        yield from _different(wanted, document, path, ())


def _holds_unknown(value: object) -> bool:
    inner = value.value if isinstance(value, _Document) else value
    return any(leaf is UNKNOWN for _, leaf in leaves(inner))
