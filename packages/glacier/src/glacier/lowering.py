"""Turns a plan into one program per cloud, always in the same order, so that references only point backwards.

foundation → storage → secrets → for each task: identity, grants, function → workflow → outputs
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from glacier import infra, trust
from glacier.access import compute_kind, program_name, site_of, storage_kind, uses
from glacier.bundle import Artifact, environment_key
from glacier.errors import CompileError, Diagnostic
from glacier.graph import Verb
from glacier.infra import Concat, Lookup, Node, Output, Program, Ref, Section, Statement, Value
from glacier.naming import slug
from glacier.plan import PlacedSecret, PlacedStorage, PlacedTask, Plan
from glacier.runtime import secrets
from glacier.runtime.manifest import authority_key
from glacier.target import Draft, Secrets, Site
from glacier.terms import Grant, Job, Made, Principal, Unsupported


def lower(plan: Plan, artifacts: Mapping[str, tuple[Artifact, ...]], *, adopt: bool = False) -> dict[str, Program]:
    """The program of each cloud that has something to make, in the order in which to deploy them.

    With ``adopt``, existing named buckets are imported.
    """
    drafts = {
        cloud: Draft(plan.targets[cloud], plan.graph.name, program_name(plan, cloud), adopt=adopt)
        for cloud in plan.clouds
    }
    first = {cloud: _provider(draft, cloud) for cloud, draft in drafts.items()}
    bodies = {cloud: _body(plan, cloud, artifacts.get(cloud, ()), drafts) for cloud in plan.clouds}
    programs = {cloud: _program(plan, cloud, drafts[cloud], first[cloud], *bodies[cloud]) for cloud in plan.clouds}
    between = trust.program(plan, drafts)
    if between is not None:
        programs[trust.TRUST] = between
    reads = {cloud: program.foreign for cloud, program in programs.items()}
    finished = _ordered(_exporting(programs, reads), reads)
    for program in finished.values():
        infra.check(program)
    return finished


def _body(
    plan: Plan, cloud: str, artifacts: tuple[Artifact, ...], drafts: Mapping[str, Draft]
) -> tuple[list[Section], list[Output]]:
    """What a cloud's program creates, apart from what several owners share; and its outputs."""
    target, draft = plan.targets[cloud], drafts[cloud]
    storages = [storage for storage in plan.storages if storage.home.cloud == cloud]
    body: list[Section] = []
    outputs: list[Output] = []
    for way in (way for way in plan.ways if way.home.cloud == cloud):
        Site(draft, way.part).shared(way.part)
    for storage in storages:
        made = list(storage_kind(plan, storage).emit(storage.particular, Site(draft, storage.owner)))
        body.extend(_section(_storage_title(storage), made, _storage_comment(plan, storage)))
        outputs.extend(item for item in made if isinstance(item, Output))
    for secret in (secret for secret in plan.secrets if secret.cloud == cloud):
        made = list(_secrets(plan, secret).emit(slug(secret.secret.name), Site(draft, secret.owner)))
        body.extend(_section(f"Secret {secret.secret.name}", made, _secret_comment(secret)))
        outputs.append(Output(name=secret.owner.replace("-", "_"), value=_reference(plan, secret, draft)))
    for visit, letting_in in trust.letting_in(plan, cloud, drafts):
        title = f"Guest from {visit.task.home.cloud}: task {visit.task.task.name}"
        body.extend(_section(title, letting_in, "Who it is here; the trust program says who may be it."))
    folders = {task: artifact for artifact in artifacts for task in artifact.tasks}
    steps: dict[int, dict[int, list[Any]]] = {}
    for task in (task for task in plan.tasks if task.home.cloud == cloud):
        site = Site(draft, task.owner)
        job = _job(plan, task, folders[task.task], drafts)
        made = list(_task(plan, task, job, site))
        body.extend(_section(f"Task {task.task.name}", made, _task_comment(task)))
        outputs.extend(item for item in made if isinstance(item, Output))
        step = compute_kind(plan, task).step(task.particular, site, job)
        steps.setdefault(plan.legs[task.task], {}).setdefault(plan.graph.stages[task.task], []).append(step)
    for leg, stages in sorted(steps.items()):
        name = workflow_name(leg)
        workflow = list(target.workflow([stages[stage] for stage in sorted(stages)], Site(draft, name)))
        body.extend(_section(_workflow_title(plan, leg), workflow, ""))
        outputs.extend(_workflow(workflow, name))
    return body, [*_addresses(plan, storages, draft), *outputs]


def _provider(draft: Draft, cloud: str) -> Section:
    """The provider of a program, which everything in it names: so it must be there before anything else."""
    preamble = tuple(draft.target.preamble(Site(draft, cloud)))
    draft.provider = Ref(preamble[-1].id)
    return Section(title="Provider", statements=preamble)


def _program(
    plan: Plan, cloud: str, draft: Draft, first: Section, body: list[Section], outputs: list[Output]
) -> Program:
    shared = [
        section for part, made in draft.shared for section in _section(f"Shared: {part.replace('_', ' ')}", made, "")
    ]
    program = Program(
        name=draft.program, doc=_doc(plan, cloud), sections=(first, *shared, *body), outputs=tuple(outputs)
    )
    _refuse_taken_names(program)
    return program


def workflow_name(leg: int) -> str:
    """The owner of a leg's workflow: the first has no number, so that it stays when others come."""
    return "workflow" if leg == 0 else f"workflow-{leg + 1}"


def _workflow_title(plan: Plan, leg: int) -> str:
    last = max(plan.legs.values())
    return "The order in which the tasks run" + (f", leg {leg + 1} of {last + 1}" if last else "")


def _exporting(programs: Mapping[str, Program], reads: Mapping[str, frozenset[Ref]]) -> dict[str, Program]:
    """The programs, each with an output for every attribute that another one reads."""
    wanted: dict[str, set[Ref]] = {}
    for refs in reads.values():
        for ref in refs:
            wanted.setdefault(ref.program, set()).add(ref)
    return {
        cloud: replace(program, outputs=(*program.outputs, *_outputs(wanted.get(program.name, set()))))
        for cloud, program in programs.items()
    }


def _outputs(refs: Iterable[Ref]) -> Iterator[Output]:
    for ref in sorted(refs, key=lambda ref: ref.output):
        yield Output(name=ref.output, value=Ref(ref.node, ref.path))


def _ordered(programs: Mapping[str, Program], reads: Mapping[str, frozenset[Ref]]) -> dict[str, Program]:
    """The programs in an order in which each comes after those it reads from.

    Where programs read from each other there is none: the one that waits for the fewest comes first, and is told
    which of the others come later.
    """
    names = {program.name for program in programs.values()}
    waits = {cloud: {ref.program for ref in refs} & names for cloud, refs in reads.items()}
    left, done = dict(programs), dict[str, Program]()
    while left:
        gone = {program.name for program in done.values()}
        first = min(left, key=lambda cloud: len(waits[cloud] - gone))  # of equals the one that was given first
        late = waits[first] - gone
        program = left.pop(first)
        done[first] = replace(program, late=frozenset(late)) if late else program
    return done


def _task(plan: Plan, task: PlacedTask, job: Job, site: Site) -> Iterator[Made]:
    kind = compute_kind(plan, task)
    yield from kind.identity(task.particular, site)
    who = kind.principal(task.particular, site)
    for storage, verb, paths in uses(plan, task):
        if storage.home.provider == task.home.provider:
            grant = Grant(verb=verb, paths=paths, who=who)
            place = site_of(plan, storage, site.draft, site.draft.program)
            yield from storage_kind(plan, storage).grant(storage.particular, grant, place)
    yield from _secret_grants(plan, task, who, site.draft)
    yield from kind.emit(task.particular, site, job)


def _secrets(plan: Plan, secret: PlacedSecret) -> Secrets:
    """What a cloud says about secrets; planning has refused the clouds that say nothing."""
    found = plan.targets[secret.cloud].secrets
    assert not isinstance(found, Unsupported)
    return found


def _secret_grants(plan: Plan, task: PlacedTask, who: Principal, draft: Draft) -> Iterator[Made]:
    for secret in plan.given.get(task.task, ()):
        grant = Grant(verb=Verb.READ, paths=(), who=who)
        yield from _secrets(plan, secret).grant(grant, Site(draft, secret.owner))


def _reference(plan: Plan, secret: PlacedSecret, draft: Draft) -> Value:
    return _secrets(plan, secret).reference(slug(secret.secret.name), Site(draft, secret.owner))


def _job(plan: Plan, task: PlacedTask, artifact: Artifact, drafts: Mapping[str, Draft]) -> Job:
    settings: dict[str, Value] = dict(getattr(task.particular, "env", None) or {})
    settings["GLACIER_TASK"] = task.task.name
    for storage in sorted({plan.keeps[dataset] for dataset in task.task.datasets}, key=lambda storage: storage.owner):
        place = site_of(plan, storage, drafts[storage.home.cloud], program_name(plan, task.home.cloud))
        address = storage_kind(plan, storage).address(storage.particular, place)
        url = address.url
        if storage.home.provider != task.home.provider:
            visit = trust.Visit(task, storage.home.cloud, storage.home.provider)
            url = trust.address_for(plan, visit, drafts, url)
        settings[environment_key(storage.owner)] = url
        if not isinstance(address.authority, str | Unsupported | None):  # those go with the code, or are refused
            settings[authority_key(environment_key(storage.owner))] = address.authority
    for secret in plan.given.get(task.task, ()):
        reference = _reference(plan, secret, drafts[task.home.cloud])
        settings[secrets.environment_key(secret.secret.name)] = Concat((f"{task.home.provider}:", reference))
    return Job(
        name=task.task.name,
        folder=f"functions/{artifact.name}",
        digest=artifact.digest,
        environment=settings,
        network=task.task in plan.inside,
        retries=task.task.retries,
        timeout=task.task.timeout,
    )


def _section(title: str, made: Iterable[Made], comment: str) -> Iterator[Section]:
    statements = [item for item in made if isinstance(item, Node | Lookup)]
    if statements:
        first = replace(statements[0], comment=statements[0].comment or comment)
        yield Section(title=title, statements=(first, *statements[1:]))


def _storage_title(storage: PlacedStorage) -> str:
    names = [dataset.name for dataset in storage.holding.datasets]
    if len(names) == 1:
        return f"Dataset {names[0]}"
    shown = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
    return f"Storage {storage.owner}: datasets {shown}"


def _storage_comment(plan: Plan, storage: PlacedStorage) -> str:
    sentences = []
    for dataset in storage.holding.datasets[:8]:
        producer = plan.graph.producers.get(dataset)
        readers = ", ".join(task.name for task in plan.graph.consumers.get(dataset, ()))
        written = f"written by {producer.name}" if producer else "put there by somebody else"
        sentences.append(f"{dataset.name}: {written}" + (f", read by {readers}." if readers else "."))
    return " ".join(sentences)


def _secret_comment(secret: PlacedSecret) -> str:
    readers = ", ".join(task.name for task in secret.tasks)
    return f"{secret.secret.name}: read by {readers}. Its value is not here: the README says how to put it in place."


def _task_comment(task: PlacedTask) -> str:
    reads = ", ".join(dict.fromkeys(dataset.name for dataset in task.task.inputs.values()))
    writes = ", ".join(dataset.name for dataset in task.task.outputs)
    does = [f"reads {reads}"] if reads else []
    does += [f"writes {writes}"] if writes else []
    return f"{task.task.name} {' and '.join(does)}." if does else ""


def _doc(plan: Plan, cloud: str) -> str:
    homes = [*(placed.home for placed in plan.storages), *(placed.home for placed in plan.tasks)]
    home = next(home for home in homes if home.cloud == cloud)
    first = f"Infrastructure of the pipeline {plan.graph.name} on {plan.targets[cloud].provider}, in {home.region}."
    rest = (
        "Written by Glacier from the pipeline's declaration. It is yours: read it, deploy it with `pulumi up`, and put"
        " changes that must survive the next compilation into overrides.py."
    )
    return "\n\n".join("\n".join(textwrap.wrap(text, 88)) for text in (first, rest))


def _addresses(plan: Plan, storages: Iterable[PlacedStorage], draft: Draft) -> Iterator[Output]:
    for storage in storages:
        address = storage_kind(plan, storage).address(storage.particular, Site(draft, storage.owner))
        yield Output(name=f"storage_{storage.owner.replace('-', '_')}", value=address.url)


def _workflow(workflow: list[Statement], name: str) -> Iterator[Output]:
    if workflow:
        yield Output(name=name.replace("-", "_"), value=Ref(workflow[-1].id, ("id",)))


def _refuse_taken_names(program: Program) -> None:
    """Two owners whose names differ only in where a word ends can meet in one variable: say so, do not guess."""
    seen: dict[str, str] = {}
    for section in program.sections:
        for statement in section.statements:
            other = seen.setdefault(statement.id, section.title)
            if other != section.title:
                raise CompileError(
                    [
                        Diagnostic(
                            code="name",
                            subject=section.title,
                            message=f"would share the name {statement.id!r} with {other}",
                            help="rename one of the two",
                        )
                    ]
                )
