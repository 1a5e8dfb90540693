"""Data that must stay somewhere stays there, and so does all that is made of it, until it is released."""

from __future__ import annotations

import pytest
from glacier import CompileError, Dataset, DeclarationError, Pipeline
from glacier.compilation import Compiler, MultiCloudCompiler
from glacier.residency import allows
from glacier_aws import AWSCompiler
from glacier_aws.compute import Lambda
from glacier_aws.storage import S3
from glacier_azure import AzureCompiler
from glacier_gcp import GCPCompiler
from glacier_gcp.compute import CloudFunction
from glacier_gcp.storage import GCS

EU, US = GCPCompiler(region="europe-west3"), AWSCompiler(region="us-east-1")


def pipeline(**released: object) -> Pipeline:
    """Patients in the EU, cleaned there, averaged there, and read in the US."""
    patients = Dataset("patients", storage=GCS(), residency="eu")
    clean = Dataset("clean", storage=GCS())
    averages = Dataset("averages", storage=GCS(), **released)  # type: ignore[arg-type]
    study = Dataset("study", storage=S3())
    made = Pipeline("study")

    @made.task(compute=CloudFunction())
    def tidy(rows: patients) -> clean:  # type: ignore[valid-type]
        return rows

    @made.task(compute=CloudFunction())
    def average(rows: clean) -> averages:  # type: ignore[valid-type]
        return rows

    @made.task(compute=Lambda())
    def compare(means: averages) -> study:  # type: ignore[valid-type]
        return means

    return made


def refusals(made: Pipeline, compiler: MultiCloudCompiler) -> list[str]:
    with pytest.raises(CompileError) as caught:
        compiler.compile(made)
    return [str(d) for d in caught.value.diagnostics if d.code == "residency"]


def test_what_is_made_of_it_stays_too_and_the_way_is_shown() -> None:
    found = refusals(pipeline(), MultiCloudCompiler({"gcp": EU, "aws": US}))
    assert len(found) == 2
    task = next(one for one in found if "task compare" in one)
    assert "us-east-1 on aws, in US" in task
    assert "patients → tidy → clean → average → averages → compare" in task
    assert any("dataset study" in one and "→ compare → study" in one for one in found)


@pytest.mark.filterwarnings("ignore::glacier.errors.CrossProviderTransferWarning")
def test_what_is_released_may_leave() -> None:
    compiled = MultiCloudCompiler({"gcp": EU, "aws": US}).compile(pipeline(residency="any"))
    assert [d for d in compiled.diagnostics if d.code == "residency"] == []


def test_the_storage_itself_must_be_there() -> None:
    found = refusals(pipeline(residency="any"), MultiCloudCompiler({"gcp": GCPCompiler(region="us-east4"), "aws": US}))
    assert any("dataset patients: is kept in us-east4 on gcp, in US" in one for one in found)
    assert any("task tidy: runs in us-east4" in one for one in found)


def test_a_whole_pipeline_may_be_bound() -> None:
    made = Pipeline("bound", residency=["eu-west-1", "de"])
    raw = Dataset("raw", storage=S3())

    @made.task
    def write() -> raw:  # type: ignore[valid-type]
        return 1

    AWSCompiler(region="eu-west-1").compile(made)
    AWSCompiler(region="eu-central-1").compile(made)
    with pytest.raises(CompileError, match="task write: runs in eu-west-2"):
        AWSCompiler(region="eu-west-2").compile(made)


@pytest.mark.parametrize(("word", "help_"), [("eu!", "'eu'"), ("", "a list of regions"), (3, "a list of regions")])
def test_a_word_that_is_no_place_is_refused_where_it_is_written(word: object, help_: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        Dataset("raw", residency=word)  # type: ignore[arg-type]
    assert help_ in str(caught.value)
    assert "test_residency.py" in str(caught.value)


@pytest.mark.parametrize(
    ("words", "region", "country", "expected"),
    [
        (("eu",), "eu-west-1", "IE", True),
        (("eu",), "eu-west-2", "GB", False),
        (("EU",), "eu-central-2", "CH", False),
        (("eea",), "norwayeast", "NO", True),
        (("uk",), "eu-west-2", "GB", True),
        (("de", "fr"), "europe-west9", "FR", True),
        (("us",), "us-east-1", "US", True),
        (("eu-west-1",), "eu-west-1", None, True),
        (("eu",), "somewhere-1", None, False),
    ],
)
def test_what_a_word_allows(words: tuple[str, ...], region: str, country: str | None, expected: bool) -> None:
    assert allows(words, region, country) is expected


@pytest.mark.parametrize("target", [AWSCompiler(), GCPCompiler(), AzureCompiler()], ids=lambda target: target.provider)
def test_every_region_is_in_a_country(target: Compiler) -> None:
    assert set(target.tables.regions) <= set(target.tables.countries)
