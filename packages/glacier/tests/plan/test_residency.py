"""Where data must stay: what keeps to it, what does not, and how a rule is passed on and released."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from glacier import Dataset, Pipeline, task
from glacier.errors import Diagnostic, Severity
from glacier.pipeline import Task
from pricing import Priced
from toycloud import Shelf


def found(*tasks: Task[..., Any], region: str = "attic", residency: Any = None) -> list[Diagnostic]:
    pipeline = Pipeline("stays", tasks, residency=residency) if residency else Pipeline("stays", tasks)
    return [d for d in Priced(region=region).plan(pipeline).diagnostics if d.code == "residency"]


def moving(source: Dataset, made: Dataset) -> Task[..., Any]:
    @task
    def move(x: Annotated[Any, source]) -> Annotated[Any, made]: ...

    return move


@pytest.mark.parametrize("words", ["eu", "EU", "de", "attic", ["us", "eu"], ["garden", "attic"], "any"])
def test_what_stays_where_it_must(words: Any) -> None:
    source = Dataset("source", Shelf(), residency=words)
    assert found(moving(source, Dataset("made", Shelf()))) == []


def test_without_a_rule_data_may_be_anywhere() -> None:
    assert found(moving(Dataset("source", Shelf(region="cellar")), Dataset("made", Shelf()))) == []


def test_a_storage_outside() -> None:
    source = Dataset("source", Shelf(region="cellar"), residency="eu")
    (error,) = found(moving(source, Dataset("made", Shelf())))
    assert (error.severity, error.subject, error.where) == (Severity.ERROR, "dataset source", source.where)
    assert error.message == "is kept in cellar on toy, in US, and must stay in eu: source"
    assert "residency='any'" in error.help


def test_a_task_outside_that_reads_it() -> None:
    source = Dataset("source", Shelf(region="attic"), residency="de")
    errors = found(moving(source, Dataset("made", Shelf(region="attic"))), region="cellar")
    assert [(error.subject, error.message) for error in errors] == [
        ("task move", "runs in cellar on toy, in US, and must stay in de: source → move")
    ]


def test_what_is_made_from_it_must_stay_too() -> None:
    source = Dataset("source", Shelf(), residency="eu")
    (error,) = found(moving(source, Dataset("made", Shelf(region="cellar"))))
    assert error.subject == "dataset made"
    assert error.message.endswith("must stay in eu: source → move → made")


def test_what_is_released_may_leave() -> None:
    source = Dataset("source", Shelf(), residency="eu")
    assert found(moving(source, Dataset("made", Shelf(region="cellar"), residency="any"))) == []


def test_a_rule_of_ones_own_is_beside_the_inherited() -> None:
    source = Dataset("source", Shelf(), residency="de")
    errors = found(moving(source, Dataset("made", Shelf(region="garden"), residency="fr")))
    assert [error.message.rpartition("must stay in ")[2] for error in errors] == ["de: source → move → made"]


def test_a_pipeline_may_have_a_rule() -> None:
    errors = found(moving(Dataset("source", Shelf()), Dataset("made")), region="cellar", residency="de")
    said = {error.subject for error in errors}
    assert {"task move", "dataset source", "dataset made"} >= said
    assert "task move" in said
    assert all("pipeline stays" in error.message for error in errors)
    assert found(moving(Dataset("source", Shelf()), Dataset("made")), residency="de") == []
