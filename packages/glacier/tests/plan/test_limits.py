"""Every field against its cloud's table: at the bound, past it, and between the steps a cloud has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
import toycloud
from glacier import Dataset, Pipeline, task
from glacier.errors import Diagnostic, Severity, Where
from glacier.plan.limits import within
from glacier.plan.placement import Subject
from glacier.resource import Resource
from glacier.tables import Tables
from toycloud import ToyCompiler

SUBJECT = Subject("task work", Where("pipeline.py", 7))
TABLES = Tables(
    "toys",
    {
        "limits": {
            "source": {"docs": {"title": "Toy limits", "read_on": "2026-01-02"}},
            "limit": {
                "Robot": {
                    "memory": {"source": "docs", "min": 128, "max": 4096, "unit": "MiB", "help": "a bigger robot"},
                    "color": {"source": "docs", "one_of": ["red", "blue", "green"]},
                    "days": {"source": "docs", "one_of": [1, 7]},
                    "name": {
                        "source": "docs",
                        "min": 3,
                        "max": 8,
                        "unit": "characters",
                        "pattern": "[a-z-]+",
                        "forbid": [["-.*", "begins with a hyphen"], [".*--.*", "has two hyphens side by side"]],
                    },
                    "height": {"source": "docs", "max": 100, "steps": [10, 50, 100]},
                    "arms": {"source": "docs", "pattern": "arm:.+", "help": "arm:NAME"},
                    "env": {"source": "docs", "pattern": "[A-Z_]+"},
                },
                "Other": {"memory": {"source": "docs", "max": 1}},
            },
            "pairs": {
                "Engine": {
                    "first": "cpu",
                    "second": "memory",
                    "source": "docs",
                    "steps": [
                        {"first": 0.5, "values": [512, 1024]},
                        {"first": 1, "from": 1024, "to": 4096, "by": 1024},
                        {"first": 2, "values": [4096, 8192]},
                    ],
                }
            },
        }
    },
)


@dataclass(frozen=True, eq=False)
class Robot(Resource):
    kind: ClassVar[str] = "serverless"
    memory: int = 512
    color: str = "red"
    days: int = 1
    name: str | None = None
    arms: Sequence[str] | None = None
    env: Mapping[str, str] | None = None
    height: int = 10


@dataclass(frozen=True, eq=False)
class Engine(Resource):
    kind: ClassVar[str] = "container"
    cpu: float = 1
    memory: int | None = 1024


def said(particular: Resource) -> list[Diagnostic]:
    found: list[Diagnostic] = []
    assert within(particular, TABLES, SUBJECT, found) is particular
    return found


@pytest.mark.parametrize(
    "right",
    [
        {"memory": 128},
        {"memory": 4096},
        {"color": "green"},
        {"days": 7},
        {"name": "abc"},
        {"name": "abcdefgh"},
        {"name": None},
        {"arms": ["arm:left", "arm:right"]},
        {"arms": []},
        {"env": {"MODE": "toy"}},
    ],
)
def test_within_its_limits(right: dict[str, Any]) -> None:
    assert said(Robot(**right)) == []


SOURCE = "source: Toy limits, read 2026-01-02"
WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"memory": 127}, "Robot.memory = 127 is below the least, 128 MiB", f"128 MiB or more\n{SOURCE}"),
    ({"memory": 4097}, "Robot.memory = 4097 is above the most, 4096 MiB", f"a bigger robot\n{SOURCE}"),
    ({"color": "gren"}, "Robot.color = 'gren' is none of red, blue, green", f"did you mean 'green'?\n{SOURCE}"),
    ({"color": "x"}, "Robot.color = 'x' is none of red, blue, green", SOURCE),
    ({"days": 2}, "Robot.days = 2 is none of 1, 7", SOURCE),
    ({"name": "ab"}, "Robot.name = 'ab' is below the least, 3 characters", f"3 characters or more\n{SOURCE}"),
    ({"name": "abcdefghi"}, "Robot.name = 'abcdefghi' is above the most, 8 characters", SOURCE),
    ({"name": "Abc"}, "Robot.name = 'Abc' has a character or a shape that is not allowed", SOURCE),
    ({"name": "-abc"}, "Robot.name = '-abc' begins with a hyphen", SOURCE),
    (
        {"arms": ["arm:left", "leg"]},
        "Robot.arms: 'leg' has a character or a shape that is not allowed",
        f"arm:NAME\n{SOURCE}",
    ),
    (
        {"env": {"MODE": "secret", "toy": "secret"}},
        "Robot.env: 'toy' has a character or a shape that is not allowed",
        SOURCE,
    ),
    (
        {"env": {"GLACIER_X": "secret"}},
        "Robot.env: 'GLACIER_X' begins with GLACIER_, which is Glacier's own",
        "another name",
    ),
]


@pytest.mark.parametrize(("wrong", "message", "help_"), WRONG, ids=[str(row[0]) for row in WRONG])
def test_past_its_limits(wrong: dict[str, Any], message: str, help_: str) -> None:
    (diagnostic,) = said(Robot(**wrong))
    assert diagnostic.message.endswith(message)
    assert diagnostic.help == help_
    assert (diagnostic.code, diagnostic.severity) == ("limit", Severity.ERROR)
    assert (diagnostic.subject, diagnostic.where) == ("task work", SUBJECT.where)


def test_everything_wrong_is_said() -> None:
    found = said(Robot(memory=1, color="x", days=9, name="--"))
    assert len(found) == 6
    assert sum("Robot.name" in diagnostic.message for diagnostic in found) == 3


PAIRS = [
    ((0.5, 512), (0.5, 512)),
    ((1, 4096), (1, 4096)),
    ((2, 8192), (2, 8192)),
    ((0.1, 1), (0.5, 512)),
    ((0.5, 513), (0.5, 1024)),
    ((0.5, 1025), (1, 2048)),
    ((0.75, 512), (1, 1024)),
    ((1, 4097), (2, 8192)),
    ((1.5, 512), (2, 4096)),
]


@pytest.mark.parametrize(("asked", "given"), PAIRS, ids=[str(row[0]) for row in PAIRS])
def test_a_pair_is_rounded_up_to_the_nearest(asked: tuple[float, int], given: tuple[float, int]) -> None:
    found: list[Diagnostic] = []
    engine = Engine(cpu=asked[0], memory=asked[1])
    fitted = within(engine, TABLES, SUBJECT, found)
    assert isinstance(fitted, Engine)
    assert (fitted.cpu, fitted.memory) == given
    if asked == given:
        assert fitted is engine
        assert found == []
    else:
        (note,) = found
        assert (note.code, note.severity) == ("rounded", Severity.NOTE)
        assert note.message == (
            f"Engine(cpu={asked[0]:g}, memory={asked[1]}) becomes cpu={given[0]:g}, memory={given[1]},"
            " the nearest pair the cloud has"
        )


def test_a_second_that_nobody_gave_is_the_least_beside_the_first() -> None:
    found: list[Diagnostic] = []
    fitted = within(Engine(cpu=2, memory=None), TABLES, SUBJECT, found)
    assert isinstance(fitted, Engine)
    assert (fitted.cpu, fitted.memory) == (2, 4096)
    assert found == []


@pytest.mark.parametrize(("asked", "given"), [(10, 10), (1, 10), (11, 50), (51, 100), (100, 100)])
def test_a_number_between_two_steps_is_rounded_up(asked: int, given: int) -> None:
    found: list[Diagnostic] = []
    fitted = within(Robot(height=asked), TABLES, SUBJECT, found)
    assert isinstance(fitted, Robot)
    assert fitted.height == given
    if asked == given:
        assert found == []
    else:
        (note,) = found
        assert (note.code, note.severity) == ("rounded", Severity.NOTE)
        assert note.message == f"Robot(height={asked}) becomes height={given}, the nearest the cloud has"


def test_a_number_above_the_last_step_is_refused_and_not_rounded() -> None:
    (error,) = said(Robot(height=101))
    assert (error.code, error.severity) == ("limit", Severity.ERROR)


class Small(ToyCompiler):
    """Toys whose permissions and workflows are small."""

    tables: ClassVar[Tables] = Tables(
        "small",
        {
            **toycloud.TABLES,
            "limits": {
                "source": {"docs": {"title": "Toy limits", "read_on": "2026-01-02"}},
                "limit": {
                    "Task": {"datasets": {"source": "docs", "max": 2, "help": "fewer datasets"}},
                    "Workflow": {"tasks": {"source": "docs", "max": 3, "help": "fewer tasks"}},
                },
            },
        },
    )


def found_for(tasks: int, datasets: int) -> list[Diagnostic]:
    made = []
    for number in range(tasks):
        written = tuple(Dataset(f"d {number} {other}") for other in range(datasets))

        @task(name=f"work {number}")
        def work() -> tuple[written]: ...  # type: ignore[valid-type]

        made.append(work)
    return list(Small().plan(Pipeline("counted", made)).diagnostics)


def test_as_many_as_a_cloud_takes() -> None:
    assert found_for(tasks=3, datasets=2) == []


def test_more_datasets_than_a_tasks_permissions_hold() -> None:
    (error,) = found_for(tasks=1, datasets=3)
    assert (error.code, error.severity, error.subject) == ("limit", Severity.ERROR, "task work 0")
    assert error.message == "names 3 datasets, and its permissions can hold 2"
    assert error.help == "fewer datasets"


def test_more_tasks_than_a_workflow_holds() -> None:
    (warning,) = found_for(tasks=4, datasets=1)
    assert (warning.code, warning.severity, warning.subject) == ("workflow", Severity.WARNING, "pipeline counted")
    assert warning.message.startswith("4 tasks on toy are more than one workflow can hold, 3: none is made")
    assert warning.help == "fewer tasks"


@pytest.mark.parametrize("asked", [(2.5, 512), (2, 8193), (0.5, 99999)])
def test_above_the_largest_pair(asked: tuple[float, int]) -> None:
    (diagnostic,) = said(Engine(cpu=asked[0], memory=asked[1]))
    assert diagnostic.code == "limit"
    assert diagnostic.severity is Severity.ERROR
    assert diagnostic.message.endswith("is above the largest pair, 2 and 8192")
