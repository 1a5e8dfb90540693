"""Datasets as documents: what Cosmos DB is asked, by a small one that keeps documents by partition."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from glacier.runtime import documents
from glacier.runtime.documents import Documents
from glacier.runtime.manifest import Place
from glacier.runtime.problems import Problem
from glacier.runtime.stores import open_store
from glacier.runtime.tokens import Answer

ADDRESS = "cosmosdb://acc.documents.azure.com/glacier/data"
DOCS = "https://acc.documents.azure.com/dbs/glacier/colls/data/docs"


class Cosmos:
    """As much of Cosmos DB as the requests use; it answers queries two documents at a time."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], dict[str, Any]] = {}
        self.fails_at: int | None = None
        self.requests = 0

    def call(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: Any = None, timeout: int = 0
    ) -> Answer:
        assert headers is not None
        assert headers["Authorization"] == "type%3Daad%26ver%3D1.0%26sig%3Dtoken"
        assert headers["x-ms-date"].endswith("GMT")
        (partition,) = json.loads(headers["x-ms-documentdb-partitionkey"])
        self.requests += 1
        if self.requests == self.fails_at:
            raise Problem("killed")
        if method == "DELETE":
            del self.kept[partition, url.removeprefix(f"{DOCS}/")]
            return Answer(204, {}, b"")
        assert url == DOCS
        if "x-ms-documentdb-isquery" not in headers:
            assert headers["x-ms-documentdb-is-upsert"] == "true"
            assert body["dataset"] == partition
            self.kept[partition, body["id"]] = body
            return Answer(201, {}, b"{}")
        (parameter,) = body["parameters"]
        field = "id" if "c.id =" in body["query"] else "version"
        differ = "!=" in body["query"]
        found = [
            document
            for (where, _), document in sorted(self.kept.items())
            if where == partition and field in document and (document[field] == parameter["value"]) != differ
        ]
        start = int(headers.get("x-ms-continuation", 0))
        more = {"X-Ms-Continuation": str(start + 2)} if start + 2 < len(found) else {}
        return Answer(200, more, json.dumps({"Documents": found[start : start + 2]}).encode())


@pytest.fixture
def cosmos(monkeypatch: pytest.MonkeyPatch) -> Cosmos:
    made = Cosmos()
    monkeypatch.setattr(documents, "call", made.call)
    monkeypatch.setattr(
        documents, "azure_token", lambda resource: {"https://acc.documents.azure.com": "token"}[resource]
    )
    return made


def place(path: str = "table/") -> Place:
    return Place(store="s", path=path)


def test_what_is_written_is_read_in_its_order(cosmos: Cosmos) -> None:
    store = open_store(ADDRESS)
    assert isinstance(store, Documents)
    rows = [{"n": n, "t": "ä'\""} for n in range(12)]
    assert not store.exists(place())
    written = store.write(place(), rows, list)
    assert written.size
    assert store.exists(place())
    assert store.read(place(), list) == rows
    assert store.read(place(), Any) == rows


def test_writing_again_replaces_and_leaves_nothing(cosmos: Cosmos) -> None:
    store = open_store(ADDRESS)
    store.write(place(), [1, 2, 3, 4, 5], list)
    store.write(place("other/"), ["stays"], list)
    store.write(place(), [6], list)
    assert store.read(place(), list) == [6]
    assert store.read(place("other/"), list) == ["stays"]
    assert len([key for key in cosmos.kept if key[0] == "table/"]) == 2  # the head and one item
    store.write(place(), [], list)
    assert store.read(place(), list) == []


@pytest.mark.parametrize("request_", range(1, 7))
def test_a_write_that_is_cut_off_leaves_the_old_or_the_new(cosmos: Cosmos, request_: int) -> None:
    store = open_store(ADDRESS)
    store.write(place(), ["old 1", "old 2"], list)
    cosmos.fails_at = cosmos.requests + request_
    try:
        store.write(place(), ["new 1", "new 2"], list)
    except Problem:
        cosmos.fails_at = None
    assert store.read(place(), list) in (["old 1", "old 2"], ["new 1", "new 2"])
    store.write(place(), ["new 1", "new 2"], list)
    assert store.read(place(), list) == ["new 1", "new 2"]
    assert len(cosmos.kept) == 3


def test_a_dataset_that_nobody_wrote(cosmos: Cosmos) -> None:
    with pytest.raises(Problem, match="there is nothing in"):
        open_store(ADDRESS).read(place(), list)


def test_what_is_no_list(cosmos: Cosmos) -> None:
    with pytest.raises(Problem, match="return a list"):
        open_store(ADDRESS).write(place(), {"a": 1}, dict)
    assert not cosmos.kept
