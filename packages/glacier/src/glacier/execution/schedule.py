"""Decides which tasks run beside each other: each as soon as what it reads is there, as many as there are workers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from glacier.compute import Local
from glacier.errors import TaskError
from glacier.execution.results import TaskRun
from glacier.graph import AnyTask, Graph
from glacier.resource import Resource


def side_by_side(
    graph: Graph, workers: int, start: Callable[[AnyTask], TaskRun], stop: Callable[[], None], runs: list[TaskRun]
) -> None:
    """Run every task with ``start``, at most ``workers`` at once; ``runs`` gets each as it ends.

    ``compute.local(workers=n)`` bounds how many of the tasks that share it run at once. After a failure no task is
    started; the error is raised when those that run have ended. Any other exception, as Ctrl-C is one, calls ``stop``
    first, so that nobody waits for what still runs.
    """
    missing = {task: len(graph.upstream(task)) for task in graph.tasks}
    ready = [task for task in graph.tasks if not missing[task]]
    running: dict[Future[TaskRun], AnyTask] = {}
    busy: Counter[Resource] = Counter()
    failure: TaskError | None = None
    with ThreadPoolExecutor(workers, thread_name_prefix="glacier") as threads:
        try:
            while running or (ready and failure is None):
                while failure is None and len(running) < workers and (task := _next(ready, busy)) is not None:
                    busy[task.compute] += 1
                    running[threads.submit(start, task)] = task
                for ended in wait(running, return_when=FIRST_COMPLETED).done:
                    task = running.pop(ended)
                    busy[task.compute] -= 1
                    try:
                        runs.append(ended.result())
                    except TaskError as error:
                        failure = failure or error
                        continue
                    ready.extend(_freed(graph, task, missing))
        except BaseException:
            stop()
            raise
    if failure is not None:
        raise failure


def _next(ready: list[AnyTask], busy: Counter[Resource]) -> AnyTask | None:
    """The first task that is ready and may start; it is taken from the list."""
    for position, task in enumerate(ready):
        if not isinstance(task.compute, Local) or busy[task.compute] < task.compute.workers:
            return ready.pop(position)
    return None


def _freed(graph: Graph, done: AnyTask, missing: dict[AnyTask, int]) -> list[AnyTask]:
    """The tasks that waited only for this one, in order of their names."""
    readers = {reader for dataset in done.outputs for reader in graph.consumers.get(dataset, ())}
    for reader in readers:
        missing[reader] -= 1
    return sorted((reader for reader in readers if not missing[reader]), key=lambda task: task.name)
