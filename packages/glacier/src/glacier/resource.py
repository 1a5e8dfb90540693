"""What every resource has in common, and how a generic one carries hints for particular clouds."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields
from functools import cache
from typing import Any, ClassVar, Literal, TypeVar, Union

from glacier import providers
from glacier.errors import Where, caller, nearest, reject


@dataclass(frozen=True, eq=False)
class Resource:
    """Something a cloud can give: a place for data, or a place to run.

    One object is one resource: sharing the object shares the bucket, an equal one beside it is another.
    """

    kind: ClassVar[str]
    provider: ClassVar[str | None] = None
    named_by: ClassVar[str | None] = None  # the field that holds the user's own name for the resource
    placed_by: ClassVar[str | None] = None  # the field that holds the region it is in, if it can have its own
    where: Where | None = field(init=False, repr=False, default=None, metadata={"internal": True})

    def __post_init__(self) -> None:
        object.__setattr__(self, "where", caller())
        check_fields(self)

    def get_type(self) -> str:
        """What sort of thing it is: ``object_storage``, ``database``, ``serverless``, …"""
        return self.kind

    def get_provider(self) -> str | None:
        """The only cloud that has it, or ``None`` when any cloud will do."""
        return self.provider

    def supports_provider(self, provider: str) -> bool:
        """Whether it can be compiled to a provider, such as ``"aws"``."""
        return self.provider == provider

    @property
    def own_name(self) -> str | None:
        """The name the user gave it, if they gave one."""
        name = getattr(self, self.named_by) if self.named_by else None
        return name if isinstance(name, str) else None

    @property
    def own_place(self) -> str | None:
        """The region it says it is in, if it says so."""
        place = getattr(self, self.placed_by) if self.placed_by else None
        return place if isinstance(place, str) else None


ResourceT = TypeVar("ResourceT", bound=Resource)


@dataclass(frozen=True, eq=False)
class Generic(Resource):
    """A resource that any cloud can provide, with hints that count only on their own cloud.

    A hint is a field of the cloud's own class with the cloud's name before it:
    ``ObjectStorage(aws_storage_class="STANDARD_IA")`` sets ``S3.storage_class``.
    """

    hints: Mapping[str, Mapping[str, object]] = field(init=False, repr=False, metadata={"internal": True})

    def supports_provider(self, provider: str) -> bool:
        """Whether it can be compiled to a provider that is installed here."""
        return provider in providers.installed() and bool(providers.load(provider).supports(self.kind))  # type: ignore[attr-defined]  # a Target

    def _init(self, given: dict[str, object]) -> None:
        """Set the fields from the parameters of ``__init__`` (its ``locals()``)."""
        hints = typing.cast("dict[str, object]", given.pop("hints"))
        own = {f.name for f in public_fields(type(self))}
        for name, value in given.items():
            if name in own:
                object.__setattr__(self, name, value)
        object.__setattr__(self, "hints", sort_hints(type(self).__name__, hints, own))
        self.__post_init__()


def alike(generic: Generic, cls: type[ResourceT]) -> ResourceT:
    """A cloud's own class with what a generic one says, field by field, where both have the field."""
    own = {f.name for f in public_fields(cls)}
    return cls(**{f.name: getattr(generic, f.name) for f in public_fields(type(generic)) if f.name in own})


def sort_hints(owner: str, hints: Mapping[str, object], own: set[str]) -> Mapping[str, Mapping[str, object]]:
    """Hints by provider; a keyword that begins with no provider's name is a ``TypeError``."""
    sorted_: dict[str, dict[str, object]] = {}
    for keyword, value in hints.items():
        provider, _, name = keyword.partition("_")
        if not name or not providers.is_provider(provider):
            meant = nearest(keyword, own)
            raise TypeError(
                f"{owner}() got an unexpected keyword argument {keyword!r}"
                + (f"; did you mean {meant!r}?" if meant else "; a hint begins with a provider: aws_…, gcp_…, azure_…")
            )
        sorted_.setdefault(provider, {})[name] = value
    return sorted_


def public_fields(cls: type) -> tuple[Field[Any], ...]:
    """The fields a user sets, without those Glacier keeps for itself."""
    return tuple(f for f in fields(cls) if not f.metadata.get("internal"))


@cache
def field_types(cls: type[Any]) -> dict[str, Any]:
    """The declared type of each field a user sets."""
    hints = typing.get_type_hints(cls)
    return {f.name: hints[f.name] for f in public_fields(cls)}


def check_fields(resource: Resource) -> None:
    """Refuse a value whose type, or whose word, a field does not take."""
    cls: Any = type(resource)
    for name, hint in field_types(cls).items():
        value = getattr(resource, name)
        if not accepts(value, hint):
            words = [word for word in _words(hint) if isinstance(word, str)]
            meant = nearest(value, words) if isinstance(value, str) else None
            reject(
                "field",
                f"{cls.__name__}({name}={value!r}) takes {describe(hint)}",
                help=f"did you mean {name}={meant!r}?" if meant else "",
            )


def accepts(value: object, hint: Any) -> bool:
    """Whether a value is of a declared type, for the types that resource fields have."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (Union, types.UnionType):
        return any(accepts(value, choice) for choice in arguments)
    if origin is Literal:
        return any(value == word and type(value) is type(word) for word in arguments)
    if origin in (tuple, Sequence, list):
        is_row = isinstance(value, Sequence) and not isinstance(value, str | bytes)
        return is_row and all(accepts(item, arguments[0]) for item in typing.cast("Sequence[object]", value))
    if origin in (Mapping, dict):
        return isinstance(value, Mapping) and all(
            accepts(k, arguments[0]) and accepts(v, arguments[1]) for k, v in value.items()
        )
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return value is None if hint is type(None) else isinstance(value, hint)


def describe(hint: Any) -> str:
    """A declared type as a person says it: ``'a' or 'b'``, ``int or None``."""
    words = [repr(word) if isinstance(word, str) else str(word) for word in _words(hint)]
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " or " + words[-1]


def _words(hint: Any) -> Iterator[object]:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (Union, types.UnionType):
        for choice in arguments:
            yield from _words(choice)
    elif origin is Literal:
        yield from arguments
    elif hint is type(None):
        yield _Bare("None")
    else:
        yield _Bare(str(hint).replace("collections.abc.", "") if origin else hint.__name__)


class _Bare:
    """A word that is shown without quotes."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text
