"""Word counts, side by side: standalone tasks, made in a loop, put into a pipeline at the end."""

from typing import Annotated

from glacier import Dataset, Pipeline, Task, task

PARTS = 4

text = Dataset("text", format="text")
Text = Annotated[str, text]
parts = [Dataset(f"part {number}") for number in range(PARTS)]
total = Dataset("total")


@task
def write() -> Text:
    """Something to count."""
    return "the quick brown fox jumps over the lazy dog and the dog sleeps " * 250


def counter(number: int) -> Task[..., dict[str, int]]:
    """A task that counts every fourth word."""

    @task(name=f"count {number}")
    def count(words: Text) -> Annotated[dict[str, int], parts[number]]:  # type: ignore[valid-type]
        counts: dict[str, int] = {}
        for word in words.split()[number::PARTS]:
            counts[word] = counts.get(word, 0) + 1
        return counts

    return count


@task
def add(
    a: Annotated[dict[str, int], parts[0]],
    b: Annotated[dict[str, int], parts[1]],
    c: Annotated[dict[str, int], parts[2]],
    d: Annotated[dict[str, int], parts[3]],
) -> Annotated[dict[str, int], total]:
    """All counts together."""
    words = {*a, *b, *c, *d}
    return {word: sum(counts.get(word, 0) for counts in (a, b, c, d)) for word in sorted(words)}


pipeline = Pipeline(tasks=[write, *(counter(number) for number in range(PARTS)), add], name="word count")
