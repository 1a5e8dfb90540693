"""A deployment engine that accepts nothing an SDK does not declare, and records all that a program asks for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime import mocks
from pulumi.runtime.proto import resource_pb2

from glacier.testing import schema, values
from glacier.testing.conform import dotted, leaves, record, snake_path
from glacier.testing.records import Answered, Options, Recorded, Records, texts
from glacier.testing.schema import Field
from glacier.testing.wire import UNKNOWN, Steps, decode, encode

STACK_REFERENCE: Final = "pulumi:pulumi:StackReference"
STACK: Final = "pulumi:pulumi:Stack"


class NoMocks(mocks.Mocks):
    """The SDK asks for these; the monitor answers everything itself."""

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], None]:
        """Never asked."""
        raise AssertionError(args.token)

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[Any, Any]]:
        """Never asked."""
        raise AssertionError(args.name)


class StrictMonitor(mocks.MockMonitor):
    """The engine's side of a deployment of one program, kept in memory."""

    def __init__(
        self, directory: Path, *, preview: bool, stack_outputs: Mapping[str, Mapping[str, object]], records: Records
    ) -> None:
        super().__init__(NoMocks())
        self.directory, self.preview, self.stack_outputs, self.records = directory, preview, stack_outputs, records

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """A URN as the engine makes it: the stack itself is no part of it."""
        return super().make_urn("" if _is_stack(parent) else parent, type_, name)

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802  the engine's protocol names it
        """A resource to create."""
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == STACK:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        options = _options(request)
        id_, state = self._record(request, urn, request.object, options, set(request.additionalSecretOutputs))
        return resource_pb2.RegisterResourceResponse(urn=urn, id=id_, object=state)

    def ReadResource(self, request: Any) -> Any:  # noqa: N802  the engine's protocol names it
        """A resource that exists already, or another stack."""
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == STACK_REFERENCE:
            return resource_pb2.ReadResourceResponse(urn=urn, properties=self._other_stack(request, urn))
        dependencies = frozenset(request.dependencies)
        options = Options(
            parent="" if _is_stack(request.parent) else request.parent,
            provider=_urn(request.provider),
            dependencies=dependencies,
        )
        _, state = self._record(request, urn, request.properties, options, set(), id_=request.id)
        return resource_pb2.ReadResourceResponse(urn=urn, properties=state)

    def Invoke(self, request: Any) -> Any:  # noqa: N802  the engine's protocol names it
        """A question to a provider."""
        given, _ = decode(request.args)
        declared = schema.function_result(request.tok)
        if declared is None:
            self._problem(f"{request.tok}: no imported SDK has this function")
            return _invoked({})
        result = values.lookup(request.tok, declared, given)
        answered = Answered(
            path=schema.function_path(request.tok) or request.tok,
            inputs={schema.snake(name): value for name, value in given.items()},
            outputs=record(result, declared, "", []),
        )
        with self.records.lock:
            self.records.answers.append(answered)
        return _invoked(result)

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802  the engine's protocol names it
        """What a stack exports."""
        if _is_stack(request.urn):
            outputs, secrets = decode(request.outputs)
            with self.records.lock:
                self.records.outputs.update(outputs)
                self.records.secret_outputs |= secrets
        return empty_pb2.Empty()

    def _record(
        self, request: Any, urn: str, sent: Any, options: Options, secret: set[str], id_: str | None = None
    ) -> tuple[str, struct_pb2.Struct]:
        wire, secrets = decode(sent)
        label = f"{request.type} {request.name!r}"
        known = schema.resource_type(request.type)
        if known is None:
            self._problem(f"{label}: no imported SDK has this type")
            known = schema.ResourceType(token=request.type, path=request.type)
        if known.provider:
            wire = {name: _untexted(value, known.inputs.get(name)) for name, value in wire.items()}
        found: list[str] = []
        declared = known.outputs if id_ is not None else known.inputs
        inputs = record(wire, declared, "", found)
        found += [f"{dotted(path)}: {file} does not exist" for path, file in self._missing_files(inputs)]
        given = dict(wire)
        if self.preview and id_ is None:
            state = values.preview(known.outputs, given)
        else:
            state = values.answer(request.type, request.name, known.outputs, given)
        hidden = secret | {str(path[0]) for path in secrets}
        made = id_ if id_ is not None else UNKNOWN if self.preview else f"{request.name}_id"
        recorded = Recorded(
            type=request.type,
            name=request.name,
            urn=urn,
            path=known.path,
            id=made,
            inputs=inputs,
            outputs=record(state, known.outputs, "", []),
            options=replace(options, ignore_changes=_snaked(options.ignore_changes, known.inputs)),
            secrets=frozenset(snake_path(path, known.inputs) for path in secrets),
            read=id_ is not None,
        )
        with self.records.lock:
            if urn in self.records.resources:
                found.append("its name is taken: a type and a name make one resource")
            self.records.resources[urn] = recorded
            self.records.problems += [f"{label}: {one}" for one in found]
            self.records.tainted |= {v for name in secret - wire.keys() for v in texts(state.get(name))}
        return "" if made is UNKNOWN else str(made), encode(state, hidden)

    def _other_stack(self, request: Any, urn: str) -> struct_pb2.Struct:
        outputs = self.stack_outputs.get(request.name, self.stack_outputs.get(request.id))
        if outputs is None:
            self._problem(f"{STACK_REFERENCE} {request.name!r}: the run was given no outputs of that stack")
        state: dict[str, object] = {"name": request.id, "outputs": dict(outputs or {}), "secretOutputNames": []}
        recorded = Recorded(
            type=STACK_REFERENCE,
            name=request.name,
            urn=urn,
            path="pulumi.StackReference",
            id=request.id,
            inputs={"name": request.id},
            outputs=state,
            options=Options(),
            read=True,
        )
        with self.records.lock:
            self.records.resources[urn] = recorded
        return encode(state)

    def _missing_files(self, inputs: Mapping[str, object]) -> Iterator[tuple[Steps, str]]:
        for path, value in leaves(inputs):
            match value:
                case ("archive" | "asset", str() as file) if not (self.directory / file).exists():
                    yield path, file
                case ("archive", Mapping() as parts):
                    yield from (((*path, *rest), file) for rest, file in self._missing_files(parts))

    def _problem(self, text: str) -> None:
        with self.records.lock:
            self.records.problems.append(text)


def _invoked(result: Mapping[str, object]) -> Any:
    response = resource_pb2.ResourceInvokeResponse()
    getattr(response, "return").CopyFrom(encode(result))  # its field is named by a reserved word
    return response


def _options(request: Any) -> Options:
    dependencies = frozenset(request.dependencies)
    through_properties = {urn for found in request.propertyDependencies.values() for urn in found.urns}
    return Options(
        protect=request.protect,
        retain_on_delete=request.retainOnDelete,
        delete_before_replace=request.deleteBeforeReplace,
        ignore_changes=tuple(request.ignoreChanges),
        import_=request.importId,
        parent="" if _is_stack(request.parent) else request.parent,
        provider=_urn(request.provider),
        dependencies=dependencies,
        depends_on=dependencies - through_properties,
    )


def _is_stack(urn: str) -> bool:
    return urn.split("::")[2:3] == [STACK]


def _urn(reference: str) -> str:
    """The URN of a provider, which is referred to as ``URN::ID``."""
    return reference.rpartition("::")[0]


def _snaked(names: tuple[str, ...], declared: Mapping[str, Field]) -> tuple[str, ...]:
    return tuple(declared[name].name if name in declared else name for name in names)


def _untexted(value: object, known: Field | None) -> object:
    """A provider's input, which travels as JSON text unless it is text itself."""
    if not isinstance(value, str) or known is None or schema.Plain(str) in known.shape:
        return value
    if any(isinstance(one, schema.Choice) for one in known.shape):
        return value
    return json.loads(value)
