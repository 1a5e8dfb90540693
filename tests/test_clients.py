"""A folder of code brings the clients of where its tasks' data is, and nothing that its cloud has there already."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
from glacier import Dataset, Pipeline, compute
from glacier.resource import Resource
from glacier.storage import Cache, Database, ObjectStorage, Queue
from mixes import BUCKETS, COMPILERS, FUNCTIONS, JOBS, compiler, quietly, visit

FUNCTION, JOB = compute.serverless(), compute.container()


def listed(files: Mapping[str, bytes]) -> set[str]:
    """The names of what the folders of code install, beside what every folder does."""
    everywhere = {"obstore", "functions-framework", "azure-functions"}
    lists = [text for path, text in files.items() if path.endswith("/requirements.txt") and "functions" in path]
    return {re.split(r"[\[=<>;]", line)[0] for text in lists for line in text.decode().splitlines()} - everywhere


def packages(cloud: str, storage: Resource, where: Resource) -> set[str]:
    """What a task's folder installs for one storage."""
    pipeline = Pipeline("clients")

    @pipeline.task(compute=where)
    def work(value: Dataset("kept", storage=storage)) -> None:  # type: ignore[valid-type]
        return None

    return listed(COMPILERS[cloud]().compile(pipeline).files)


@pytest.mark.parametrize(
    ("cloud", "storage", "where", "expected"),
    [
        ("aws", ObjectStorage(), FUNCTION, set()),
        ("aws", Database(), FUNCTION, {"psycopg"}),  # Lambda has boto3, which fetches the password
        ("aws", Database(engine="mysql"), JOB, {"pymysql", "boto3"}),
        ("aws", Cache(), FUNCTION, {"redis"}),
        ("aws", Cache(), JOB, {"redis", "boto3"}),
        ("aws", Queue(), FUNCTION, set()),
        ("aws", Queue(), JOB, {"boto3"}),
        ("gcp", Database(), FUNCTION, {"psycopg"}),
        ("gcp", Cache(), JOB, {"redis"}),
        ("gcp", Queue(), FUNCTION, set()),
        ("azure", Database(), FUNCTION, {"psycopg"}),
        ("azure", Cache(), FUNCTION, {"redis"}),
        ("azure", Queue(fifo=True), JOB, {"azure-servicebus"}),
    ],
)
def test_what_a_folder_brings(cloud: str, storage: Resource, where: Resource, expected: set[str]) -> None:
    assert packages(cloud, storage, where) == expected


def test_a_container_on_aws_says_who_it_is_with_aws_own_client() -> None:
    assert "boto3" in listed(quietly(compiler("aws", "gcp"), visit("aws", "gcp", works=JOBS)).files)
    assert "boto3" not in listed(quietly(compiler("aws", "gcp"), visit("aws", "gcp")).files)


@pytest.mark.parametrize(
    ("settings", "packed"),
    [
        ({}, True),
        ({"format": "json"}, True),
        ({"format": "parquet"}, False),  # which its own library packs
        ({"transfer": {"compress": False}}, False),
        ({"path": "made.json"}, False),  # one object is what its name says
        ({"path": "made.json.zst"}, True),
    ],
)
def test_what_crosses_is_packed_by_both_who_write_and_who_read(settings: Mapping[str, Any], packed: bool) -> None:
    made = Dataset("made", storage=BUCKETS["aws"](), **settings)
    pipeline = Pipeline("packed")

    @pipeline.task(compute=FUNCTIONS["aws"]())
    def write() -> made:  # type: ignore[valid-type]
        return None

    @pipeline.task(compute=FUNCTIONS["gcp"]())
    def read(value: made) -> None:  # type: ignore[valid-type]
        return None

    files = quietly(compiler("aws", "gcp"), pipeline).files
    for cloud in ("aws", "gcp"):
        mine = {path: text for path, text in files.items() if path.startswith(f"{cloud}/")}
        assert ("backports.zstd" in listed(mine)) == packed
        assert f"{cloud}/functions/tasks/manifest.json" in mine  # whatever crosses, the folder keeps its name


def test_nothing_is_packed_where_nothing_crosses() -> None:
    assert packages("aws", ObjectStorage(), FUNCTION) == set()
