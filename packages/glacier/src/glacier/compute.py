"""Places to run a task: ``compute.serverless(memory=1024)``, ``compute.container()``, ``compute.local()``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from glacier.resource import Generic, Resource


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


serverless = Serverless
container = Container
local = Local
