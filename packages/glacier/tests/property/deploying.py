"""Plays Pulumi to a program's text, and works out from the infrastructure alone what the text must do."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from types import SimpleNamespace
from typing import Any

from glacier import infra


@dataclass(frozen=True)
class Later:
    """A value known only when deploying: it is no text, no truth value, and nothing JSON can say."""

    what: str
    inside: tuple[Any, ...] = ()

    def __getattr__(self, name: str) -> Later:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, step: str | int) -> Later:
        return Later(self.what, (*self.inside, step))

    def __format__(self, spec: str) -> str:
        raise TypeError("no text yet")

    def __bool__(self) -> bool:
        raise TypeError("neither true nor false yet")


def joined(parts: Sequence[Any]) -> Any:
    """The text made of parts, of which neighbors that are known are one; known altogether, it is plain text."""
    said: list[Any] = []
    for part in parts:
        assert isinstance(part, str | Later)
        assert not isinstance(part, Number)
        inner = part.inside if isinstance(part, Later) and part.what == "concat" else (part,)
        for one in inner:
            if isinstance(one, str) and said and isinstance(said[-1], str):
                one = said.pop() + one
            said.append(one)
    said = [one for one in said if one != ""]
    if all(isinstance(one, str) for one in said):
        return "".join(said)
    return Later("concat", tuple(said))


def other_programs(name: str, output: str, *, late: bool) -> Later:
    """An output of another program, which is deployed before this one or, if ``late``, after it."""
    return Later("late" if late else "external", (name, output))


def document(value: Any) -> Any:
    """The text of a document, if it can be said already."""
    try:
        return json.dumps(value)
    except TypeError:
        return Later("json", (value,))


STACK = {"stack": "dev", "organization": "acme", "project": "sales"}


@dataclass
class Deployment:
    """Plays Pulumi to a program's text: what it created and exported."""

    given: Mapping[str, str]
    made: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = field(default_factory=list)
    exported: dict[str, Any] = field(default_factory=dict)
    hooks: list[Any] = field(default_factory=list)

    def run(self, said: str) -> None:
        def imported(name: str, *_: Any) -> Any:
            if name in modules:
                return modules[name]
            return Sdk(self, {"pulumi_azure_native": "azure"}.get(name, name.removeprefix("pulumi_")))

        modules = self.modules()
        builtins = {"__import__": imported, "int": int, "float": float, "str": str}
        exec(compile(said, "__main__.py", "exec"), {"__builtins__": builtins})

    def modules(self) -> dict[str, Any]:
        output = SimpleNamespace(
            concat=lambda *parts: joined(parts), json_dumps=document, secret=lambda value: Later("secret", (value,))
        )
        pulumi = SimpleNamespace(
            Config=lambda: self,
            Output=output,
            ResourceOptions=dict,
            InvokeOutputOptions=dict,
            FileArchive=lambda path: ("archive", path),
            StackReference=self.stack,
            export=self.exported.__setitem__,
            get_stack=lambda: "dev",
            get_organization=lambda: "acme",
            get_project=lambda: "sales",
            runtime=SimpleNamespace(register_stack_transformation=self.hooks.append),
        )
        return {"pulumi": pulumi, "json": json, "overrides": SimpleNamespace(transform="theirs")}

    def create(self, path: str, positional: tuple[Any, ...], named: dict[str, Any]) -> Later:
        self.made.append((path, positional, named))
        return Later(f"made {len(self.made) - 1}")

    @staticmethod
    def stack(name: str, stack_name: str) -> Any:
        assert stack_name == f"acme/{name}/dev"
        return SimpleNamespace(
            require_output=lambda output: other_programs(name, output, late=False),
            get_output=lambda output: SimpleNamespace(apply=lambda _: other_programs(name, output, late=True)),
        )

    def get(self, name: str) -> str | None:
        return self.given.get(name)

    def get_bool(self, name: str) -> bool | None:
        return None if name not in self.given else self.given[name] == "true"

    def require(self, name: str) -> str:
        return self.given[name]

    def require_bool(self, name: str) -> bool:
        return self.given[name] == "true"

    def require_int(self, name: str) -> int:
        return int(self.given[name])

    def require_secret(self, name: str) -> Later:
        return Later("secret", (self.given[name],))

    def require_secret_int(self, name: str) -> Any:
        return Number("secret", (int(self.given[name]),))


@dataclass
class Sdk:
    """A module or class of a provider's SDK, whatever its name."""

    deployment: Deployment
    path: str

    def __getattr__(self, name: str) -> Sdk:
        return Sdk(self.deployment, f"{self.path}.{name}")

    def __call__(self, *positional: Any, **named: Any) -> Later:
        return self.deployment.create(self.path, positional, named)


class Number(Later):
    """A number known only when deploying, which Pulumi cannot join with text."""

    def apply(self, function: Any) -> Later:
        assert function is str
        return Later("secret", (str(self.inside[0]),))


@dataclass
class Wanted:
    """What a program must do, worked out from its infrastructure alone."""

    program: infra.Program
    given: Mapping[str, str]

    def __post_init__(self) -> None:
        self.order = {one.id: number for number, one in enumerate(self.program.statements)}

    def calls(self) -> Iterator[tuple[str, tuple[Any, ...], list[tuple[str, Any]]]]:
        for one in self.program.statements:
            named = [(name, self.value(value)) for name, value in one.inputs.items()]
            if isinstance(one, infra.Node):
                options = dict(self.options(one.options))
                path, positional = one.type, (one.name,)
            else:
                options = {"provider": self.value(one.provider)} if one.provider else {}
                path, positional = one.function, ()
            yield path, positional, [*named, *([("opts", options)] if options else [])]

    def options(self, options: infra.Options) -> Iterator[tuple[str, Any]]:
        for one in fields(options):
            said = self.value(getattr(options, one.name))
            if getattr(options, one.name) != one.default:
                yield one.name, said

    def value(self, value: Any) -> Any:
        match value:
            case infra.Ref(program=str(other)) if other:
                return other_programs(other, value.output, late=other in self.program.late)
            case infra.Ref(node=node, path=path):
                return Later(f"made {self.order[node]}", path)
            case infra.Concat(parts=parts):
                return joined([self.part(part) for part in parts])
            case infra.Json(value=inner):
                return document(self.value(inner))
            case infra.Config():
                return self.setting(value)
            case infra.Stack(what=what):
                return STACK[what]
            case infra.Archive(path=path):
                return ("archive", path)
            case dict():
                return {key: self.value(one) for key, one in value.items()}
            case list() | tuple():
                return [self.value(one) for one in value]
        return value

    def part(self, part: Any) -> Any:
        said = self.value(part)
        if isinstance(said, Number):
            return said.apply(str)
        return said if isinstance(said, Later) else str(said)

    def setting(self, config: infra.Config) -> Any:
        said: Any = self.given.get(config.name)
        if said is not None and config.type != "str":
            said = json.loads(said)
        if said is None:
            said = config.default
        if config.secret:
            return Number("secret", (said,)) if config.type == "int" else Later("secret", (said,))
        return not said if config.negate else said
