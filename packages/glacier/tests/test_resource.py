"""What every resource answers, which values its fields take, and how hints are sorted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest
from declaring import refused
from glacier import DeclarationError, compute, providers
from glacier.resource import Generic, Resource, accepts, describe
from glacier.storage import Cache, Database, ObjectStorage, Queue


@dataclass(frozen=True, eq=False)
class Drawer(Resource):
    kind: ClassVar[str] = "object_storage"
    provider: ClassVar[str | None] = "nimbus"
    named_by: ClassVar[str | None] = "label"

    label: str | None = None


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (ObjectStorage, "object_storage"),
        (Database, "database"),
        (Cache, "cache"),
        (Queue, "queue"),
        (compute.serverless, "serverless"),
        (compute.container, "container"),
        (compute.local, "local"),
    ],
)
def test_type_and_provider_are_the_words_of_the_design(make: Callable[[], Resource], kind: str) -> None:
    assert make().get_type() == kind
    assert make().get_provider() is None


class _Everything:
    @classmethod
    def supports(cls, kind: str) -> bool:
        return kind in ("object_storage", "serverless")


def test_a_generic_resource_supports_what_its_providers_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(providers, "installed", lambda: {"aws": None})
    monkeypatch.setattr(providers, "load", lambda name: _Everything)
    assert ObjectStorage().supports_provider("aws") is True
    assert compute.serverless().supports_provider("aws") is True
    assert Queue().supports_provider("aws") is False
    assert ObjectStorage().supports_provider("gcp") is False, "known, not installed"
    assert ObjectStorage().supports_provider("nimbus") is False


def test_a_particular_resource_supports_its_own_cloud_only() -> None:
    assert Drawer().supports_provider("nimbus") is True
    assert Drawer().supports_provider("aws") is False
    assert Drawer().get_provider() == "nimbus"
    assert Drawer().get_type() == "object_storage"
    assert Drawer(label="top").own_name == "top"


def test_local_compute_is_on_no_cloud() -> None:
    assert not any(compute.local().supports_provider(cloud) for cloud in ("aws", "gcp", "azure"))


def test_equal_resources_are_two_resources() -> None:
    one, other = ObjectStorage(), ObjectStorage()
    assert one != other
    assert len({one, other, one}) == 2


def test_a_resource_is_frozen() -> None:
    with pytest.raises(AttributeError):
        ObjectStorage().versioning = True  # type: ignore[misc]


@pytest.mark.parametrize(
    ("written", "message", "help_"),
    [
        ('ObjectStorage(versioning="yes")', "ObjectStorage(versioning='yes') takes bool", ""),
        ("ObjectStorage(lifecycle_days=1.5)", "ObjectStorage(lifecycle_days=1.5) takes int or None", ""),
        (
            'ObjectStorage(access_pattern="archived")',
            "ObjectStorage(access_pattern='archived') takes 'frequent', 'infrequent' or 'archive'",
            "did you mean access_pattern='archive'?",
        ),
        ('Database(engine="oracle")', "Database(engine='oracle') takes 'postgres' or 'mysql'", ""),
        ("Database(storage_gb=True)", "Database(storage_gb=True) takes int", ""),
        ('Cache(size_mb="512")', "Cache(size_mb='512') takes int", ""),
        ("Queue(fifo=1)", "Queue(fifo=1) takes bool", ""),
        ('compute.serverless(memory="1 GB")', "Serverless(memory='1 GB') takes int", ""),
        ('compute.serverless(env={"A": 1})', "Serverless(env={'A': 1}) takes Mapping[str, str] or None", ""),
        (
            'compute.serverless(requirements="polars")',
            "Serverless(requirements='polars') takes Sequence[str] or None",
            "",
        ),
        ('compute.container(cpu="half")', "Container(cpu='half') takes float", ""),
        ("compute.container(cpu=True)", "Container(cpu=True) takes float", ""),
        ("compute.local(workers=None)", "Local(workers=None) takes int", ""),
    ],
)
def test_a_wrong_value_is_refused_on_its_line(tmp_path: Path, written: str, message: str, help_: str) -> None:
    found = refused(tmp_path, f"x = {written}  # here")
    assert (found.code, found.message, found.help) == ("field", message, help_)


def test_a_whole_number_is_a_number() -> None:
    assert compute.container(cpu=2).cpu == 2
    assert compute.container(cpu=0.25).cpu == 0.25


def test_hints_are_kept_by_cloud() -> None:
    storage = ObjectStorage(aws_storage_class="STANDARD_IA", azure_tier="Cool", aws_kms_key="k")
    assert storage.hints == {"aws": {"storage_class": "STANDARD_IA", "kms_key": "k"}, "azure": {"tier": "Cool"}}
    assert compute.serverless(gcp_max_instances=3).hints == {"gcp": {"max_instances": 3}}
    assert ObjectStorage().hints == {}


@pytest.mark.parametrize(
    ("keyword", "said"),
    [
        ("versionin", "did you mean 'versioning'?"),
        ("storage_class", "a hint begins with a provider: aws_…, gcp_…, azure_…"),
        ("aws", "a hint begins with a provider"),
        ("aws_", "a hint begins with a provider"),
        ("ibm_tier", "a hint begins with a provider"),
    ],
)
def test_a_keyword_that_is_no_hint_is_a_type_error(keyword: str, said: str) -> None:
    with pytest.raises(TypeError) as caught:
        ObjectStorage(**{keyword: "x"})
    assert f"ObjectStorage() got an unexpected keyword argument {keyword!r}" in str(caught.value)
    assert said in str(caught.value)


def test_a_cloud_that_is_installed_may_be_hinted_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(providers, "installed", lambda: {"nimbus": None})
    assert ObjectStorage(nimbus_tier="low").hints == {"nimbus": {"tier": "low"}}


@pytest.mark.parametrize(
    ("value", "hint", "is_one"),
    [
        (1, int, True),
        (True, int, False),
        (1, float, True),
        (True, float, False),
        (None, int | None, True),
        ("a", Literal["a", "b"], True),
        (True, Literal[1], False),
        (["a"], Sequence[str], True),
        (("a", 1), Sequence[str], False),
        ("ab", Sequence[str], False),
        (b"ab", Sequence[int], False),
        ({"a": "b"}, Mapping[str, str], True),
        ({1: "b"}, Mapping[str, str], False),
        (["a"], Mapping[str, str], False),
        ([["a"]], Sequence[Sequence[str]], True),
    ],
)
def test_accepts(value: object, hint: Any, is_one: bool) -> None:
    assert accepts(value, hint) is is_one


def test_describe() -> None:
    assert describe(Literal["a", "b"] | None) == "'a', 'b' or None"
    assert describe(int) == "int"


def test_a_resource_name_is_a_name(tmp_path: Path) -> None:
    for name in ("", "!", "1st", "données", "x" * 101):
        found = refused(tmp_path, f"x = Cache(resource_name={name!r})  # here")
        assert (found.code, found.message) == ("name", f"Cache(resource_name={name!r}) is not a name")
    assert ObjectStorage("Data lake").own_name == "Data lake"
    assert ObjectStorage().own_name is None
    assert compute.serverless().own_name is None


def test_a_class_without_fields_of_its_own_is_still_checked() -> None:
    with pytest.raises(DeclarationError):
        ObjectStorage(encryption=None)  # type: ignore[arg-type]
    assert isinstance(ObjectStorage(), Generic)
