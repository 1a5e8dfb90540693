"""Datasets as documents of Cosmos DB, through plain requests (learn.microsoft.com/rest/api/cosmos-db).

A dataset's documents share a partition. They are replaced by writing the new ones beside the old, pointing the
partition's *head* at them, and removing the old: a reader sees one or the other, and a task that is tried again leaves
one result.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from email.utils import formatdate
from typing import Any
from urllib.parse import SplitResult, quote

from glacier.runtime import plain
from glacier.runtime.codecs import in_memory
from glacier.runtime.manifest import Place
from glacier.runtime.messages import messages_of
from glacier.runtime.problems import Problem
from glacier.runtime.tokens import Answer, azure_token, call
from glacier.runtime.who import Who
from glacier.runtime.written import Written

_VERSION = "2020-07-15"  # of the requests
_HEAD = "head"
_NEXT = "x-ms-continuation"


class Documents:
    """The datasets of one container; ``url`` is the container's."""

    def __init__(self, url: str, account: str) -> None:
        self._url, self._account = url, account
        self._token: str | None = None

    def read(self, place: Place, wanted: Any) -> Any:
        """The items of a dataset, in the order in which they were returned."""
        head = self._head(place)
        if head is None:
            raise self.missing(place)
        found = self._query(place, "SELECT c.number, c.item FROM c WHERE c.version = @version", head)
        items = sorted(found, key=lambda document: document["number"])
        return in_memory([plain.from_json(json.dumps(document["item"]).encode()) for document in items], wanted)

    def write(self, place: Place, value: Any, wanted: Any) -> Written:
        """Replace a dataset by the items of a list: one document for each."""
        items = messages_of(value)
        self._token = None  # a task may have worked for longer than the one for reading holds
        version = uuid.uuid4().hex
        for number, item in enumerate(items):
            document = {"id": f"{version}-{number}", "version": version, "number": number, "item": json.loads(item)}
            self._upsert(place, document)
        self._upsert(place, {"id": _HEAD, "current": version})
        # All are known before the first goes: what is deleted meanwhile would move the pages of the answer.
        for old in list(self._query(place, "SELECT c.id FROM c WHERE c.version != @version", version)):
            self._ask(place, "DELETE", f"{self._url}/docs/{quote(old['id'])}")
        return Written(self._where(place), sum(map(len, items)))

    def exists(self, place: Place) -> bool:
        """Whether the dataset was ever written."""
        return self._head(place) is not None

    def missing(self, place: Place) -> Problem:
        """A dataset that no task has written is not there."""
        return Problem(f"there is nothing in {self._where(place)}", "run the task that writes it first")

    def settle(self, place: Place) -> None:
        """What was read stays."""

    def close(self) -> None:
        """Nothing is kept open."""

    def _head(self, place: Place) -> str | None:
        found = list(self._query(place, "SELECT c.current FROM c WHERE c.id = @version", _HEAD))
        return str(found[0]["current"]) if found else None

    def _upsert(self, place: Place, document: Mapping[str, Any]) -> None:
        body = {**document, "dataset": place.path}
        self._ask(place, "POST", f"{self._url}/docs", {"x-ms-documentdb-is-upsert": "true"}, body)

    def _query(self, place: Place, query: str, version: str) -> Iterator[dict[str, Any]]:
        body = {"query": query, "parameters": [{"name": "@version", "value": version}]}
        asked = {"x-ms-documentdb-isquery": "true", "Content-Type": "application/query+json"}
        more: dict[str, str] = {}
        while True:
            answer = self._ask(place, "POST", f"{self._url}/docs", asked | more, body)
            documents: Sequence[dict[str, Any]] = json.loads(answer.body)["Documents"]
            yield from documents
            following = {name.lower(): value for name, value in answer.headers.items()}.get(_NEXT)
            if not following:
                return
            more = {_NEXT: following}

    def _ask(
        self, place: Place, method: str, url: str, headers: Mapping[str, str] | None = None, body: object = None
    ) -> Answer:
        if self._token is None:
            self._token = azure_token(self._account)
        signed = {
            "Authorization": quote(f"type=aad&ver=1.0&sig={self._token}", safe=""),
            "x-ms-date": formatdate(usegmt=True),
            "x-ms-version": _VERSION,
            "x-ms-documentdb-partitionkey": json.dumps([place.path]),
        }
        return call(method, url, headers={**signed, **(headers or {})}, body=body)

    def _where(self, place: Place) -> str:
        return f"{self._url} partition {place.path}"


def cosmos(parts: SplitResult, who: Who) -> Documents:
    """``cosmosdb://HOST/DATABASE/CONTAINER``."""
    database, _, container = parts.path.strip("/").partition("/")
    account = f"https://{parts.netloc}"
    return Documents(f"{account}/dbs/{database}/colls/{container}", account)
