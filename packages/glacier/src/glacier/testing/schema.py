"""What an installed Pulumi SDK says about its own types: fields, shapes, enums and deprecations.

The SDKs ship no schema file, but every class is fully annotated, so the annotations are the schema. Nothing here
knows a cloud: a token such as ``aws:s3/bucket:Bucket`` leads to its class through the registry that the SDK itself
fills when it is imported.
"""

from __future__ import annotations

import contextlib
import enum
import functools
import importlib
import inspect
import types
import typing
import warnings
from collections.abc import Awaitable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import pulumi
from pulumi.runtime import rpc


@dataclass(frozen=True, slots=True)
class Plain:
    """Text, a number or a truth value."""

    type: type


@dataclass(frozen=True, slots=True)
class Choice:
    """One of an enum's values; ``open`` when the SDK takes any text beside them."""

    name: str
    values: tuple[object, ...]
    open: bool = False


@dataclass(frozen=True, slots=True)
class Many:
    """A list."""

    item: Shape


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping with keys of the user's."""

    item: Shape


@dataclass(frozen=True, slots=True)
class Block:
    """A nested object with declared keys."""

    cls: type


@dataclass(frozen=True, slots=True)
class File:
    """An asset or an archive."""

    kind: str


Alternative: TypeAlias = "Plain | Choice | Many | Table | Block | File"
Shape: TypeAlias = tuple[Alternative, ...]
"""What a value may be, any one of these; an empty shape is anything."""

ANY: Shape = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One property, by its Python name and by the engine's."""

    name: str
    wire: str
    shape: Shape
    required: bool = False
    deprecated: str = ""
    default: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceType:
    """A resource type: its class path, and its inputs and outputs by the engine's names."""

    token: str
    path: str
    inputs: Mapping[str, Field] = field(default_factory=dict)
    outputs: Mapping[str, Field] = field(default_factory=dict)

    @property
    def provider(self) -> bool:
        """Whether it is a provider, whose inputs travel as text."""
        return self.token.startswith("pulumi:providers:")


@functools.cache
def resource_type(token: str) -> ResourceType | None:
    """The type a token stands for, or ``None`` when no imported SDK has it."""
    cls = _resource_class(token)
    if cls is None:
        return None
    path = f"{cls.__module__.rpartition('.')[0]}.{cls.__name__}"  # users import it from the module above its own
    return ResourceType(token=token, path=path, inputs=fields(_arguments(cls)), outputs=fields(cls))


@functools.cache
def fields(cls: type) -> Mapping[str, Field]:
    """The declared properties of an arguments class, an output class or a resource class, by the engine's names."""
    required = _required(cls)
    defaults = _defaults(cls, required)
    found: dict[str, Field] = {}
    for base in reversed(cls.__mro__):
        for name, value in vars(base).items():
            wire = getattr(getattr(value, "fget", None), "_pulumi_name", None)
            if isinstance(value, property) and value.fget is not None and wire is not None:
                hint = _return_hint(value.fget, cls)
                found[wire] = Field(
                    name=name,
                    wire=wire,
                    shape=shape(hint),
                    required=name in required,
                    deprecated=_deprecation(value.fget),
                    default=defaults.get(name),
                )
    return types.MappingProxyType(found)


def shape(hint: object) -> Shape:
    """An annotation without the SDK's plumbing: outputs, awaitables, absence and typed-dict twins."""
    if hint is Any:
        return ANY
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is pulumi.Output:
        return shape(arguments[0])
    if origin in (typing.Union, types.UnionType):
        members = [member for member in arguments if not _plumbing(member)]
        shapes = [shape(member) for member in members]
        return ANY if ANY in shapes else _united(alternative for found in shapes for alternative in found)
    if origin in (list, Sequence):
        return (Many(shape(arguments[0])),)
    if origin in (dict, Mapping):
        return (Table(shape(arguments[1])),)
    return _of_class(hint) if isinstance(hint, type) else ANY


def _of_class(hint: type) -> Shape:
    if issubclass(hint, enum.Enum):
        return (Choice(hint.__name__, tuple(member.value for member in hint)),)
    if issubclass(hint, pulumi.Archive):
        return (File("archive"),)
    if issubclass(hint, pulumi.Asset):
        return (File("asset"),)
    if _is_input(hint) or hasattr(hint, "_pulumi_output_type"):
        return (Block(hint),)
    return (Plain(hint),) if hint in (str, int, float, bool) else ANY


def _united(alternatives: Iterable[Alternative]) -> Shape:
    """Alternatives without their echoes: an enum swallows its text, an arguments class its output twin."""
    found = tuple(dict.fromkeys(alternatives))
    if any(isinstance(one, Choice) for one in found) and Plain(str) in found:
        found = tuple(Choice(one.name, one.values, open=True) if isinstance(one, Choice) else one for one in found)
        found = tuple(one for one in found if one != Plain(str))
    if any(isinstance(one, Block) and _is_input(one.cls) for one in found):
        found = tuple(one for one in found if not isinstance(one, Block) or _is_input(one.cls))
    if any(isinstance(one, Block) for one in found):
        found = tuple(one for one in found if one != Table(ANY))
    return found


def _plumbing(member: object) -> bool:
    if member is type(None) or member is pulumi.Output or isinstance(member, typing.ForwardRef):
        return True
    return typing.get_origin(member) in (pulumi.Output, Awaitable) or typing.is_typeddict(member)


def _is_input(cls: type) -> bool:
    return hasattr(cls, "_pulumi_input_type")


def _required(cls: type) -> frozenset[str]:
    if not _is_input(cls):
        return frozenset()
    parameters = inspect.signature(cls).parameters.values()
    return frozenset(p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is p.empty)


def _defaults(cls: type, required: frozenset[str]) -> dict[str, object]:
    """What an arguments class sets by itself: its defaults, and constants that it sets whatever it is given."""
    if not _is_input(cls):
        return {}
    placeholder = object()
    with warnings.catch_warnings(action="ignore"):
        made = vars(cls(**dict.fromkeys(required, placeholder)))
    return {name: value for name, value in made.items() if value is not placeholder and value is not None}


def _return_hint(getter: Any, cls: type) -> object:
    names = {"Output": pulumi.Output, "T": type(None)}  # Input[T] quotes its Output[T], and we drop that member
    return typing.get_type_hints(getter, globalns=_scope(cls), localns=names)["return"]


@functools.cache
def _scope(cls: type) -> dict[str, object]:
    """The names an annotation of a class may use: those of its module and of its bases'."""
    scope: dict[str, object] = {}
    for base in reversed(cls.__mro__):
        scope |= vars(importlib.import_module(base.__module__))
    return scope


def _deprecation(getter: Any) -> str:
    if not hasattr(getter, "_pulumi_deprecated_callable"):
        return ""
    while getter is not None:
        message = inspect.getclosurevars(getter).nonlocals.get("message")
        if isinstance(message, str):
            return message
        getter = getattr(getter, "__wrapped__", None)
    return "deprecated"


def _resource_class(token: str) -> type | None:
    package, module, name = token.split(":")
    if package == "pulumi":
        found = rpc.get_resource_package(name, "") if module == "providers" else None
        about = vars(found)["pkg_info"] if found is not None else None
        return _load(about["fqn"], about["class"]) if about is not None else None
    registered = rpc.get_resource_module(package, module, "")
    if registered is None:
        return None
    about = vars(registered)["mod_info"]
    return _load(about["fqn"], about["classes"][token]) if token in about["classes"] else None


def _load(module: str, name: str) -> type:
    with hushed():
        found: type = getattr(importlib.import_module(module), name)
    return found


@contextlib.contextmanager
def hushed() -> Iterator[None]:
    """Without what the SDKs warn of when imported, which is about themselves and never about a program."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"pulumi(_\w+)?(\.|$)")
        yield


def _arguments(cls: type) -> type:
    """The arguments class: a resource's module exports exactly that and the resource."""
    module = importlib.import_module(cls.__module__)
    (found,) = (getattr(module, name) for name in module.__all__ if _is_input(getattr(module, name)))
    return typing.cast("type", found)


def function_path(token: str) -> str | None:
    """The Python path of a provider's function: ``aws:index/getRegion:getRegion`` is ``pulumi_aws.get_region``."""
    found = _function_package(token)
    return None if found is None else f"{found}.{snake(token.rpartition(':')[2])}"


def function_result(token: str) -> Mapping[str, Field] | None:
    """What a provider's function answers, or ``None`` when no imported SDK has it."""
    package = _function_package(token)
    name = token.rpartition(":")[2]
    if package is None:
        return None
    with hushed():
        result = getattr(importlib.import_module(package), f"{name[0].upper()}{name[1:]}Result", None)
    return None if result is None else fields(result)


def _function_package(token: str) -> str | None:
    """The package of a function: the one of any resource registered beside it, for the SDK lists no functions."""
    package, module, _ = token.split(":")
    area = module.partition("/")[0]
    known = rpc.get_resource_package(package, "")
    if known is None:
        return None
    root: str = vars(known)["pkg_info"]["fqn"]
    if area in ("", "index"):
        return root
    for modules in rpc._RESOURCE_MODULES.values():
        about = vars(modules[0]).get("mod_info", {})
        if about.get("pkg") == package and about["mod"].partition("/")[0] == area:
            return str(about["fqn"])
    return root


def snake(name: str) -> str:
    """``getCallerIdentity`` as ``get_caller_identity``."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")
