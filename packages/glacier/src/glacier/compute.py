"""Places to run a task: ``compute.serverless(memory=1024)``, ``compute.container()``, ``compute.local()``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from glacier.errors import Where, reject
from glacier.resource import Generic, Resource

# A package by its name, with what it may be followed by, or a wheel by its address; no option of pip's, file, or path.
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][\w.-]*\s*([\[<>=!~;@( ].*)?|[a-z+]+://\S+.*)")


@dataclass(frozen=True, eq=False, init=False)
class Serverless(Generic):
    """A function that runs when called: Lambda, Cloud Run functions, Azure Functions.

    ``memory`` is in MiB, ``timeout`` in seconds; ``env`` is plain settings, ``requirements`` the packages that
    the task imports, as ``pip`` writes them.
    """

    kind: ClassVar[str] = "serverless"
    memory: int
    timeout: int
    env: Mapping[str, str] | None
    requirements: Sequence[str] | None

    def __init__(
        self,
        memory: int = 512,
        timeout: int = 300,
        env: Mapping[str, str] | None = None,
        requirements: Sequence[str] | None = None,
        **hints: object,
    ) -> None:
        self._init(locals())


@dataclass(frozen=True, eq=False, init=False)
class Container(Generic):
    """A container that runs to its end: Fargate, Cloud Run jobs, Container Apps jobs.

    ``cpu`` is in virtual CPUs, ``memory`` in MiB, ``timeout`` in seconds. Without ``image`` the exported folder
    holds a Dockerfile for one.
    """

    kind: ClassVar[str] = "container"
    image: str | None
    cpu: float
    memory: int
    timeout: int
    env: Mapping[str, str] | None
    requirements: Sequence[str] | None

    def __init__(
        self,
        image: str | None = None,
        cpu: float = 1,
        memory: int = 512,
        timeout: int = 3600,
        env: Mapping[str, str] | None = None,
        requirements: Sequence[str] | None = None,
        **hints: object,
    ) -> None:
        self._init(locals())


@dataclass(frozen=True, eq=False)
class Local(Resource):
    """This machine only; ``workers`` is how many such tasks may run at once."""

    kind: ClassVar[str] = "local"
    workers: int = 1


def check_requirements(compute: object, subject: str, where: Where | None) -> None:
    """Refuse requirements that are no packages, of a resource or of the hints of one."""
    hints: Mapping[str, Mapping[str, object]] = getattr(compute, "hints", {})
    settings = [getattr(compute, "requirements", None), *(each.get("requirements") for each in hints.values())]
    given = [line for lines in settings if isinstance(lines, Sequence) for line in lines]
    wrong = [line for line in given if not (isinstance(line, str) and _REQUIREMENT.fullmatch(line))]
    if wrong:
        reject(
            "requirements",
            f"requirements={wrong!r} names no package",
            subject=subject,
            where=where,
            help='list the packages themselves: requirements=["pandas>=2", "idna"]; what is in files of yours, import',
        )


serverless = Serverless
container = Container
local = Local
