"""Several datasets in one bucket, whose names begin alike, and tasks that may use only some of them."""

from typing import Annotated

from glacier import Dataset, Pipeline
from glacier.storage import ObjectStorage

lake, vault = ObjectStorage("lake"), ObjectStorage("vault")

log = Dataset("log", storage=lake)
log_more = Dataset("log more", storage=lake)
days = Dataset("days", storage=lake)
secret = Dataset("secret", storage=vault)
kept = Dataset("kept")

pipeline = Pipeline("shared lake")


@pipeline.task
def receive() -> Annotated[str, log]:
    """Writes only."""
    return "1\n"


@pipeline.task
def count(text: Annotated[str, log], more: Annotated[str, log_more]) -> Annotated[int, days]:
    """Reads two, and writes another in the same bucket."""
    return len(text) + len(more)


@pipeline.task
def hide(number: Annotated[int, days]) -> tuple[Annotated[int, secret], Annotated[int, kept]]:
    """Writes to two other buckets."""
    return number, number


@pipeline.task
def look(number: Annotated[int, secret]) -> None:
    """Reads only."""
