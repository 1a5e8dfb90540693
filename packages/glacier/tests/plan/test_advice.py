"""What compiles but is probably not meant."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from glacier import Dataset, Pipeline, compute, task
from glacier.compilation import MultiCloudCompiler
from glacier.errors import Diagnostic, Severity
from glacier.pipeline import Task
from glacier.plan.advice import cannot_be_imported
from glacier.storage import ObjectStorage
from glacier_aws import AWSCompiler
from glacier_aws.compute import Lambda
from glacier_aws.storage import S3
from toycloud import TinCompiler, ToyCompiler


def found(*tasks: Task[..., Any], compiler: Any = None) -> list[Diagnostic]:
    return list((compiler or AWSCompiler()).plan(Pipeline("advice", tasks)).diagnostics)


def pair(*datasets: Dataset) -> Task[..., Any]:
    @task
    def make() -> tuple[tuple(Annotated[Any, dataset] for dataset in datasets)]: ...  # type: ignore[valid-type]

    return make


def test_a_storage_that_is_shared_should_have_a_name() -> None:
    lake = ObjectStorage()
    (warning,) = found(pair(Dataset("b", lake), Dataset("a", lake)))
    assert (warning.code, warning.severity, warning.subject) == ("name", Severity.WARNING, "datasets a, b")
    assert warning.message == "share a storage that has no name of its own; it is called 'a' after one of them"
    assert warning.help.endswith("ObjectStorage(resource_name=…)")
    assert warning.where == lake.where


def test_a_particular_is_named_by_its_own_field() -> None:
    bucket = S3()
    (warning,) = found(pair(Dataset("b", bucket), Dataset("a", bucket)))
    assert warning.help.endswith("S3(bucket=…)")


def test_a_storage_with_a_name_of_its_own_or_one_dataset_is_fine() -> None:
    lake = ObjectStorage(resource_name="lake")
    assert found(pair(Dataset("b", lake), Dataset("a", lake))) == []
    assert found(pair(Dataset("a", ObjectStorage()), Dataset("b", ObjectStorage()))) == []
    assert found(pair(Dataset("a"), Dataset("b"))) == []


def test_two_storages_of_one_name_are_an_error() -> None:
    one, other = ObjectStorage(resource_name="The lake"), ObjectStorage(resource_name="the-lake")
    (error,) = found(pair(Dataset("a", one), Dataset("b", other)))
    assert (error.code, error.severity, error.subject) == ("name", Severity.ERROR, "dataset b")
    assert error.message == "two storages are called 'the-lake'; the other holds dataset a"
    assert "name one of them" in error.help


def test_a_storage_may_not_be_called_like_the_dataset_of_another() -> None:
    (error,) = found(pair(Dataset("a", ObjectStorage()), Dataset("b", ObjectStorage(resource_name="a"))))
    assert error.message.startswith("two storages are called 'a'")


def test_nor_like_scratch() -> None:
    (error,) = found(pair(Dataset("a"), Dataset("b", ObjectStorage(resource_name="scratch"))))
    assert error.message.startswith("two storages are called 'scratch'")


def test_two_clouds_may_each_have_one() -> None:
    @task
    def here() -> Annotated[Any, Dataset("a")]: ...

    toy = MultiCloudCompiler({"toy": ToyCompiler(), "tin": TinCompiler()})
    assert found(here, compiler=toy) == []


def test_what_is_written_into_a_source_is_read_with_it() -> None:
    lake = ObjectStorage(resource_name="lake")
    raw, beside = Dataset("raw", lake), Dataset("raw more", lake)
    below, elsewhere = Dataset("clean", lake, path="raw/clean/"), Dataset("other", ObjectStorage(), path="raw/clean/")

    @task
    def clean(x: Annotated[Any, raw]) -> tuple[Annotated[Any, below], Annotated[Any, beside]]: ...

    @task
    def look(x: Annotated[Any, Dataset("part", lake, path="raw/day=1/")]) -> Annotated[Any, elsewhere]: ...

    (warning,) = found(clean, look)
    assert (warning.code, warning.severity, warning.subject) == ("path", Severity.WARNING, "dataset raw")
    assert warning.message == "is all that is in raw/ and below it, where clean writes clean"
    assert warning.help.endswith("Dataset('clean', …, path=…)")
    assert warning.where == raw.where


def test_reading_what_is_offline() -> None:
    cold = Dataset("cold", S3(storage_class="DEEP_ARCHIVE"))

    @task
    def write() -> Annotated[Any, cold]: ...

    @task
    def read(x: Annotated[Any, cold]) -> None: ...

    (warning,) = found(write, read)
    assert (warning.code, warning.severity, warning.subject) == ("offline", Severity.WARNING, "task read")
    assert warning.message.startswith("reads cold, whose storage_class DEEP_ARCHIVE is offline")
    assert warning.where == read.where
    assert found(write) == []


def test_a_task_that_is_stopped_before_its_own_time() -> None:
    @task(compute=Lambda(timeout=60), timeout=61, expected_duration=300)
    def slow() -> None: ...

    @task(compute=Lambda(timeout=60), timeout=60, expected_duration=60)
    def quick() -> None: ...

    first, second = found(slow, quick)
    assert {d.code for d in (first, second)} == {"timeout"}
    assert first.message == "timeout=61 s, but its compute stops it after 60 s"
    assert second.message == "expected_duration=300 s, but its compute stops it after 60 s"
    assert "compute.serverless(timeout=300)" in second.help
    assert (first.severity, first.subject) == (Severity.WARNING, "task slow")


def codes(diagnostics: Iterable[Diagnostic]) -> list[tuple[str, str]]:
    return [(diagnostic.code, diagnostic.subject) for diagnostic in diagnostics]


def test_a_task_inside_a_function_cannot_be_imported() -> None:
    @task
    def inner() -> None: ...

    nameless = Task(lambda: None, name="nameless", compute=compute.serverless())
    outer = Task(top_level)
    assert codes(cannot_be_imported((inner, nameless, outer), reachable=False)) == [
        ("import", "task inner"),
        ("import", "task nameless"),
    ]
    assert codes(cannot_be_imported((inner, nameless), reachable=True)) == []


def top_level() -> None: ...
