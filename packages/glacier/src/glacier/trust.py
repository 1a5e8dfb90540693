"""Lets tasks of one cloud into another without any stored key, and keeps all of it on one page: the trust program.

A task that reads or writes on another cloud is that cloud's *guest*. Its own cloud says who it is (``passport``,
``claims``); the host believes that cloud, for exactly this task (``admit``), and grants are given to what the guest is
there (``principal``). What the guest must know to get in stands in the addresses of the storages it goes to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from glacier.access import compute_kind, program_name, site_of, storage_kind, uses
from glacier.infra import Concat, Lookup, Node, Program, Ref, Section, Statement, Value, values
from glacier.plan import PlacedTask, Plan
from glacier.target import Draft, Site, Target, Trust
from glacier.terms import Grant, Principal, Unsupported

TRUST = "trust"  # the folder of the program, and the last word of its name


@dataclass(frozen=True, slots=True)
class Visit:
    """A task of one cloud that has something to do on another."""

    task: PlacedTask
    host: str
    provider: str  # whose the host is

    @property
    def owner(self) -> str:
        """The guest's name on the host.

        A provider may have several hosts, which a task may visit all. The one that is called like its provider is not
        said, so that a guest has the same name whatever other hosts there are.
        """
        where = "" if self.host == self.provider else f"-on-{self.host}"
        return f"{self.task.owner}-from-{self.task.home.cloud}{where}"


def visits(plan: Plan) -> tuple[Visit, ...]:
    """Every visit of a task to another provider's cloud, in the order of the tasks."""
    found: dict[Visit, None] = {}
    for task in plan.tasks:
        for storage, _, _ in uses(plan, task):
            if storage.home.provider != task.home.provider:
                found.setdefault(Visit(task, storage.home.cloud, storage.home.provider))
    return tuple(found)


def trust_of(target: Target) -> Trust:
    """What a cloud says about trust; planning has refused the clouds that say nothing."""
    assert not isinstance(target.trust, Unsupported)
    return target.trust


def known(plan: Plan, visit: Visit, drafts: Mapping[str, Draft], program: str) -> Principal:
    """Who a guest is by what its own cloud says, as one of the programs sees it."""
    task, cloud = visit.task, visit.task.home.cloud
    home = program_name(plan, cloud)
    site = Site(drafts[cloud], task.owner, "" if program == home else home)
    who = compute_kind(plan, task).principal(task.particular, site)
    claims = trust_of(plan.targets[cloud]).claims(site, plan.targets[visit.host].provider)
    return replace(who, claims=claims)


def letting_in(plan: Plan, cloud: str, drafts: Mapping[str, Draft]) -> Iterator[tuple[Visit, list[Statement]]]:
    """What a host's own program holds for its guests."""
    program = program_name(plan, cloud)
    for visit in visits(plan):
        if visit.host == cloud:
            site = Site(drafts[cloud], visit.owner)
            made = trust_of(plan.targets[cloud]).keys(known(plan, visit, drafts, program), site)
            yield visit, [item for item in made if isinstance(item, Node | Lookup)]


def address_for(plan: Plan, visit: Visit, drafts: Mapping[str, Draft], url: Value) -> Value:
    """A storage's address with what the guest needs to get in."""
    guest = known(plan, visit, drafts, program_name(plan, visit.task.home.cloud))
    site = Site(drafts[visit.host], visit.owner, program_name(plan, visit.host))
    parts: list[Value] = [url]
    for name, value in trust_of(plan.targets[visit.host]).words(guest, site).items():
        parts += ["&" if "?" in _plain(parts) else "?", f"{name}=", value]
    return Concat(tuple(parts))


def _plain(parts: Iterable[Value]) -> str:
    """The text in a value that is known already."""
    return "".join(
        _plain(part.parts) if isinstance(part, Concat) else part if isinstance(part, str) else "" for part in parts
    )


def program(plan: Plan, drafts: Mapping[str, Draft]) -> Program | None:
    """All that one cloud may do in another; ``None`` when nothing crosses."""
    planned = visits(plan)
    if not planned:
        return None
    name = program_name(plan, TRUST)
    clouds = dict.fromkeys(cloud for visit in planned for cloud in (visit.host, visit.task.home.cloud))
    here = {cloud: Draft(plan.targets[cloud], plan.graph.name, name, prefix=f"{cloud}-") for cloud in clouds}
    preambles: dict[str, list[Statement]] = {}
    for cloud, draft in here.items():
        preambles[cloud] = list(plan.targets[cloud].preamble(Site(draft, cloud)))
        draft.provider = Ref(preambles[cloud][-1].id)
    body = [
        Section(title=f"Task {visit.task.task.name} of {visit.task.home.cloud} on {visit.host}", statements=made)
        for visit in planned
        if (made := tuple(_visit(plan, visit, drafts, here, name)))
    ]
    shared = [
        Section(title=f"Shared on {cloud}: {part.replace('-', ' ').replace('_', ' ')}", statements=statements)
        for cloud, draft in here.items()
        for part, made in draft.shared
        if (statements := tuple(item for item in made if isinstance(item, Node | Lookup)))
    ]
    referred = {ref for section in (*shared, *body) for statement in section.statements for ref in _refs(statement)}
    first = [item for preamble in preambles.values() if preamble[-1].id in referred for item in preamble]
    return Program(
        name=name,
        doc=f"What tasks of the pipeline {plan.graph.name} may do on clouds other than their own: all of it.",
        sections=(Section(title="Providers", statements=tuple(first)), *shared, *body),
    )


def _visit(
    plan: Plan, visit: Visit, drafts: Mapping[str, Draft], here: Mapping[str, Draft], name: str
) -> Iterator[Statement]:
    cloud = visit.task.home.cloud
    home, host = trust_of(plan.targets[cloud]), trust_of(plan.targets[visit.host])
    who = known(plan, visit, drafts, name)
    site = Site(here[visit.host], visit.owner)
    at_home = Site(drafts[visit.host], visit.owner, program_name(plan, visit.host))
    made = [
        *home.passport(
            who, plan.targets[visit.host].provider, Site(here[cloud], f"{visit.task.owner}-to-{visit.host}")
        ),
        *host.admit(who, site, at_home),
    ]
    guest = replace(host.principal(who, site, at_home), owner=visit.owner)
    for storage, verb, paths in uses(plan, visit.task):
        if storage.home.cloud == visit.host:
            place = site_of(plan, storage, here[visit.host], name)
            grant = Grant(verb=verb, paths=paths, who=guest)
            made += storage_kind(plan, storage).grant(storage.particular, grant, place)
    yield from (item for item in made if isinstance(item, Node | Lookup))


def _refs(statement: Statement) -> Iterator[str]:
    return (value.node for value in values(statement) if isinstance(value, Ref))
