"""A cloud as configured, and what a cloud must say about each kind of resource.

A *kind* is a module: everything one cloud has to say about, for example, object storage. It holds the cloud's own
class (``PARTICULAR``) and the functions of :class:`StorageKind` or :class:`ComputeKind`; one that has more to say of
its fields than the table of limits has that of :class:`Reviews` too, and a storage that asks something of what is there
already that of :class:`Prerequisites`. Kinds yield nodes; the core collects, orders and checks them. A kind never sees
the plan, another kind, or another cloud.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Protocol, TypeAlias, runtime_checkable

from glacier import naming
from glacier.errors import Diagnostic
from glacier.infra import Lookup, Node, Options, Ref, Statement, Value
from glacier.resource import Resource
from glacier.tables import Tables
from glacier.terms import RANDOM, Address, Door, Grant, Job, Made, Meter, Principal, Unsupported


class StorageKind(Protocol):
    """What a cloud says about one kind of storage."""

    @property
    def PARTICULAR(self) -> type[Resource]:  # noqa: N802 - a module's constant
        """The cloud's own class."""

    def specialize(self, generic: Any, /) -> Resource | Unsupported:
        """The generic resource in this cloud's own words, or why it has none for such a one."""

    def emit(self, spec: Any, site: Site, /) -> Iterator[Made]:
        """The infrastructure."""

    def grant(self, spec: Any, grant: Grant, site: Site, /) -> Iterator[Made]:
        """Exactly this access, and no more."""

    def address(self, spec: Any, site: Site, /) -> Address:
        """Where the runtime finds it."""

    def meters(self, spec: Any, stored_bytes: int | None, /) -> Iterator[Meter]:
        """What it is billed for."""


class ComputeKind(Protocol):
    """What a cloud says about one kind of compute."""

    @property
    def PARTICULAR(self) -> type[Resource]:  # noqa: N802 - a module's constant
        """The cloud's own class."""

    def specialize(self, generic: Any, /) -> Resource:
        """The generic resource in this cloud's own words."""

    def identity(self, spec: Any, site: Site, /) -> Iterator[Made]:
        """Who the task is."""

    def principal(self, spec: Any, site: Site, /) -> Principal:
        """How grants name it."""

    def emit(self, spec: Any, site: Site, job: Job, /) -> Iterator[Made]:
        """The function or job itself, with its code."""

    def step(self, spec: Any, site: Site, job: Job, /) -> Any:
        """How this cloud's workflow calls it; only the same cloud's ``workflow`` reads the answer."""

    def meters(self, spec: Any, seconds: float | None, /) -> Iterator[Meter]:
        """What one run is billed for."""


@runtime_checkable
class Reviews(Protocol):
    """What a kind of storage or of compute may say besides; most say nothing that the table of limits does not."""

    def review(self, spec: Any, /) -> Iterator[Diagnostic]:
        """What is wrong with, or worth knowing of, a combination of fields."""


@runtime_checkable
class Prerequisites(Protocol):
    """What a kind of storage may say besides, of things that no program makes."""

    def prerequisites(self, spec: Any, /) -> Iterator[str]:
        """What must be so before anything is deployed, as the guide lists it."""


class Trust(Protocol):
    """What a cloud says about its tasks that go to other clouds, and about tasks that come from there.

    No key is stored anywhere: a task shows what its own cloud says of it, and the other cloud believes that cloud.
    The owner of a guest's :class:`Site` is the guest's name here; ``home`` is the same in this cloud's own program.
    """

    def claims(self, site: Site, to: str, /) -> Mapping[str, Value]:
        """What this cloud says of its tasks to another one; ``site`` is the task's."""

    def passport(self, who: Principal, to: str, site: Site, /) -> Iterator[Made]:
        """In the trust program: that a task of this cloud may have it said."""

    def keys(self, guest: Principal, site: Site, /) -> Iterator[Made]:
        """In this cloud's own program: what a guest must know before it is deployed, such as an id that is assigned."""

    def words(self, guest: Principal, site: Site, /) -> Mapping[str, Value]:
        """What a guest's addresses say of how to get in; they stand in them as ``name=value``."""

    def admit(self, guest: Principal, site: Site, home: Site, /) -> Iterator[Made]:
        """In the trust program: that this guest, and nobody else, may become what its grants are given to."""

    def principal(self, guest: Principal, site: Site, home: Site, /) -> Principal:
        """Who the guest is here, once it is let in; grants name it."""


class Secrets(Protocol):
    """What a cloud says about secrets: texts that a person puts there, and that only some tasks may read.

    The owner of a secret's :class:`Site` is its name within the pipeline. No value is ever in a program: nodes make the
    place for one, and :meth:`commands` put it there.
    """

    @property
    def DOOR(self) -> str:  # noqa: N802 - a module's constant
        """The shared part by which a task inside a network comes to them; empty where every network has a way there."""

    @property
    def NOTE(self) -> str:  # noqa: N802 - a module's constant
        """What one must know besides to put a value there, as a sentence; empty where there is nothing."""

    def emit(self, name: str, site: Site, /) -> Iterator[Made]:
        """The place for its value; ``name`` is the secret's, as a slug."""

    def reference(self, name: str, site: Site, /) -> Value:
        """By what the runtime asks for it; the name of the cloud and a colon are put before it."""

    def grant(self, grant: Grant, site: Site, /) -> Iterator[Made]:
        """That one task may read exactly this."""

    def commands(self, variable: str, output: str, /) -> Sequence[str]:
        """What puts a value in place: from the shell's ``variable``, into what the stack's ``output`` refers to.

        It says ``printf %s "$variable" |`` where the value goes in; for one of several lines a person writes ``cat``.
        """

    def meters(self) -> Iterator[Meter]:
        """What one is billed for."""


Shared: TypeAlias = "Callable[[Site], Iterator[Statement]]"


@dataclass(frozen=True, kw_only=True)
class Target:
    """A cloud as configured: settings, tables of facts, and one module per kind of resource."""

    provider: ClassVar[str]
    storage_kinds: ClassVar[Mapping[str, StorageKind | Unsupported]]
    compute_kinds: ClassVar[Mapping[str, ComputeKind | Unsupported]]
    more_kinds: ClassVar[Sequence[StorageKind | ComputeKind]] = ()  # particulars that no generic becomes
    shared_parts: ClassVar[Mapping[str, Shared]] = {}
    confined: ClassVar[frozenset[str]] = frozenset()  # kinds of compute that leave a network by its doors only
    doors: ClassVar[Mapping[str, Door]] = {}  # which shared parts are doors; where anything is confined, WAY_OUT is one
    trust: ClassVar[Trust | Unsupported] = Unsupported("it has no trust with other clouds")
    secrets: ClassVar[Secrets | Unsupported] = Unsupported(
        "it has no place for them yet", "run these tasks on a cloud that has one"
    )
    tables: ClassVar[Tables]
    place_field: ClassVar[str] = "region"  # the setting that says where
    how_to_run: ClassVar[Sequence[str]] = ()  # commands that start the workflow of a deployed stack
    egress: ClassVar[Mapping[str, str]] = {}  # the price of what leaves the cloud, where storage or compute has its own
    entry: ClassVar[Mapping[str, str]] = {}  # files that every folder of code needs on this cloud
    brings: ClassVar[Mapping[str, Sequence[str]]] = {}  # packages that a kind of compute has without being asked
    builds: ClassVar[bool] = False  # the cloud itself installs what a folder's requirements.txt lists
    packages: ClassVar[Sequence[str]] = ()  # what every folder of code installs on this cloud, as ``pip`` writes it
    packages_go: ClassVar[str] = "."  # where in a folder of code its packages are, unless the cloud installs them
    sign_in: ClassVar[str] = ""  # what signs docker in to the registry, where deploying does not build images itself
    tools: ClassVar[Mapping[str, str]] = {}  # what deploying needs besides Pulumi, by the type or look-up that needs it

    naming_prefix: str = ""
    tags: Mapping[str, str] | None = None

    @property
    def place(self) -> str:
        """The region, by whatever word this cloud has for it."""
        return str(getattr(self, self.place_field))

    @classmethod
    def supports(cls, kind: str) -> bool:
        """Whether a generic kind can be compiled to this cloud."""
        found = cls.storage_kinds.get(kind) or cls.compute_kinds.get(kind)
        return found is not None and not isinstance(found, Unsupported)

    def preamble(self, site: Site) -> Iterator[Statement]:
        """The provider itself, which every resource names."""
        raise NotImplementedError

    def workflow(self, stages: Sequence[Sequence[Any]], site: Site) -> Iterator[Statement]:
        """What runs the tasks in order, from each compute kind's ``step``; a stage waits for the one before."""
        raise NotImplementedError


@dataclass(slots=True)
class Draft:
    """A program being written: the shared parts asked for so far, and every node by its variable."""

    target: Target
    pipeline: str
    program: str = ""  # what the program is called
    prefix: str = ""  # stands before the names of shared parts, where several clouds share a program
    adopt: bool = False  # named buckets that exist are taken over, not created
    provider: Ref | None = None
    shared: list[tuple[str, list[Statement]]] = field(default_factory=list)
    parts: dict[str, Mapping[str, Statement]] = field(default_factory=dict)
    made: dict[tuple[str, ...], Ref] = field(default_factory=dict)  # what a kind made, for those that come after it


@dataclass(frozen=True, slots=True)
class Site:
    """Where something is being built: for which owner (a dataset's storage, a task), in which program."""

    draft: Draft
    owner: str
    program: str = ""  # the program the owner's nodes are in, when it is another one

    @property
    def target(self) -> Any:
        """The cloud as configured; a kind knows its own class of target."""
        return self.draft.target

    @property
    def pipeline(self) -> str:
        """The pipeline's name as a slug, with the naming prefix."""
        return naming.slug(f"{self.draft.target.naming_prefix} {self.draft.pipeline}")

    def id(self, part: str) -> str:
        """The variable of one of this owner's nodes; a part is one word."""
        return naming.identifier(self.owner, part)

    def ref(self, part: str, *path: str | int) -> Ref:
        """An attribute of one of this owner's nodes."""
        return Ref(self.id(part), path, self.program)

    def name(self, node_type: str, *parts: str) -> str:
        """A logical name for a node of this owner."""
        return naming.logical(self.draft.target.tables.names, node_type, self.pipeline, self.owner, *parts)

    def node(
        self,
        node_type: str,
        part: str,
        inputs: Mapping[str, Value],
        *,
        main: bool = False,
        options: Options = Options(),
        comment: str = "",
    ) -> Node:
        """A resource of this owner; the ``main`` one has the owner's plain name, the others add their part.

        A resource of another SDK, such as ``random.RandomPassword``, does not name this cloud's provider.
        """
        is_ours = node_type.startswith(f"{self.draft.target.provider}.")
        return Node(
            id=self.id(part),
            type=node_type,
            name=self.name(node_type, "" if main else part),
            inputs={name: value for name, value in inputs.items() if value is not None},
            options=replace(options, provider=self.draft.provider) if is_ours else options,
            comment=comment,
        )

    def random(self, part: str, *, main: bool = False, keepers: Mapping[str, Value] | None = None) -> Node:
        """Six characters, for a name that Pulumi does not make unique; they are others when one of ``keepers`` is."""
        inputs: dict[str, Value] = {"length": RANDOM, "special": False, "upper": False, "keepers": keepers}
        return self.node("random.RandomString", part, inputs, main=main)

    def lookup(
        self, function: str, part: str, inputs: Mapping[str, Value] = {}, *, beforehand: Value = None, comment: str = ""
    ) -> Lookup:
        """A question to the provider, answered when deploying."""
        return Lookup(
            id=self.id(part),
            function=function,
            inputs=inputs,
            provider=self.draft.provider,
            beforehand=beforehand,
            comment=comment,
        )

    def shared(self, part: str, make: Shared | None = None) -> Mapping[str, Any]:
        """Something several owners use (a network, a code bucket), made when it is first asked for.

        The answer holds the part's statements by their own part names: ``site.shared("network")["vpc"]["id"]``.
        ``make`` makes a part that no table can list beforehand, such as the upload of one folder of code.
        """
        if part not in self.draft.parts:
            site = Site(self.draft, self.draft.prefix + part)
            made = list((make or self.draft.target.shared_parts[part])(site))
            self.draft.shared.append((part, made))
            prefix = naming.identifier(site.owner) + "_"
            self.draft.parts[part] = {statement.id.removeprefix(prefix): statement for statement in made}
        parts = self.draft.parts[part]
        if self.program and self.program == self.draft.program:  # asked by another program
            return {name: _Elsewhere(statement.id, self.program) for name, statement in parts.items()}
        return parts


@dataclass(frozen=True, slots=True)
class _Elsewhere:
    """A statement of another program, of which only attributes can be had."""

    id: str
    program: str

    def __getitem__(self, path: str | tuple[str | int, ...]) -> Ref:
        return Ref(self.id, path if isinstance(path, tuple) else (path,), self.program)
