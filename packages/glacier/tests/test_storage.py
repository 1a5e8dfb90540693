"""The generic storages: their defaults, and that their annotations and their signatures say the same."""

from __future__ import annotations

import inspect
import typing

import pytest
from glacier import compute, storage
from glacier.resource import Generic, public_fields
from glacier.storage import Cache, Database, ObjectStorage, Queue

GENERICS = [ObjectStorage, Database, Cache, Queue, compute.Serverless, compute.Container]


@pytest.mark.parametrize("cls", GENERICS)
def test_annotations_agree_with_the_signature(cls: type[Generic]) -> None:
    parameters = list(inspect.signature(cls).parameters.values())
    *named, hints = parameters
    assert (hints.name, hints.kind) == ("hints", inspect.Parameter.VAR_KEYWORD)
    fields = [field.name for field in public_fields(cls)]
    assert sorted(parameter.name for parameter in named) == sorted(fields)
    types = typing.get_type_hints(cls)
    accepted = typing.get_type_hints(cls.__init__)
    made = cls()
    for parameter in named:
        assert parameter.default is not parameter.empty, "every generic resource can be made without arguments"
        assert accepted[parameter.name] == types[parameter.name], parameter.name
        assert getattr(made, parameter.name) == parameter.default


@pytest.mark.parametrize("cls", GENERICS)
def test_annotations_are_in_the_order_of_the_signature(cls: type[Generic]) -> None:
    *named, _ = inspect.signature(cls).parameters
    assert named == [field.name for field in public_fields(cls)]


@pytest.mark.parametrize("cls", GENERICS)
def test_shows_what_it_is(cls: type[Generic]) -> None:
    shown = repr(cls())
    assert shown.startswith(f"{cls.__name__}(")
    assert all(f"{field.name}=" in shown for field in public_fields(cls))
    assert "where" not in shown
    assert "hints" not in shown


def test_the_defaults_are_those_of_the_design() -> None:
    made = ObjectStorage()
    assert (made.resource_name, made.access_pattern, made.versioning) == (None, "frequent", False)
    assert (made.encryption, made.lifecycle_days) == (True, None)
    assert (Database().engine, Database().size) == ("postgres", "small")
    assert Cache().size_mb == 512
    assert Queue().fifo is False


def test_every_storage_takes_a_name() -> None:
    for cls in (ObjectStorage, Database, Cache, Queue):
        assert cls(resource_name="lake").own_name == "lake"


def test_every_public_storage_is_generic() -> None:
    found = [value for value in vars(storage).values() if isinstance(value, type) and issubclass(value, Generic)]
    kinds = {value.kind for value in found if hasattr(value, "kind")}
    assert kinds == {"object_storage", "database", "cache", "queue"}
