"""What a run gives: every dataset by name, loaded when it is asked for, and what each task did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from glacier.dataset import Dataset
from glacier.errors import TaskError, nearest
from glacier.runtime.manifest import Place
from glacier.runtime.run import trouble
from glacier.runtime.stores import Store
from glacier.runtime.written import Written


class TaskRun(NamedTuple):
    """What a task did: its seconds from reading to the last byte written, how often it was tried, its outputs."""

    task: str
    seconds: float
    attempts: int
    outputs: Mapping[str, Written]


class Results(Mapping[str, Any]):
    """The datasets of a run: ``results["clean"]`` or ``results[clean]``.

    A dataset that is kept on disk is read each time it is asked for, in the form its task returned it (a source: in
    the form its first reader takes it). ``tasks`` says what each task did, in the order in which they ended.
    """

    def __init__(
        self,
        places: Mapping[str, Place],
        stores: Mapping[str, Store],
        types: Mapping[str, Any],
        tasks: tuple[TaskRun, ...],
    ) -> None:
        self._places, self._stores, self._types = places, stores, types
        self.tasks = tasks

    def __getitem__(self, key: str | Dataset) -> Any:
        name = key.name if isinstance(key, Dataset) else key
        place = self._places.get(name)
        if place is None:
            raise KeyError(self._unknown(name))
        store = self._stores[place.store]
        read = getattr(store, "peek", store.read)  # messages that a task has taken are still what the run gave
        wanted = self._types.get(name)
        try:
            return read(place, wanted)
        except Exception as error:
            raise trouble("(results)", name, error) from error

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, key: object) -> bool:
        return (key.name if isinstance(key, Dataset) else key) in self._places

    def __repr__(self) -> str:
        return f"<Results: {', '.join(self._places)}>"

    def _unknown(self, name: object) -> str:
        meant = nearest(str(name), self._places)
        return f"{name}: no such dataset; " + (f"did you mean {meant!r}?" if meant else f"there is: {', '.join(self)}")


class NothingRan(Results):
    """What running gives while a module is only being imported for its tasks; to use it is an error that says so."""

    def __init__(self, pipeline: str) -> None:
        super().__init__({}, {}, {}, ())
        self._pipeline = pipeline

    def __getitem__(self, key: str | Dataset) -> Any:
        raise TaskError(
            f"of {self._pipeline}",
            "nothing ran: this module is being imported for its tasks",
            help='put what runs the pipeline and uses its results under: if __name__ == "__main__":',
        )
