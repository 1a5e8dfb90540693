"""What is deployed and taken down, in which order, and what has to be seen to beforehand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from glacier.infra import Concat, Lookup, Program, Ref, Value
from glacier.terms import GUESTS
from glacier.trust import TRUST


def gone(folders: Sequence[str]) -> Iterator[str]:
    """How what the pipeline no longer has is removed, from the programs that make nothing any more."""
    if not folders:
        return
    clouds = [folder for folder in folders if folder != TRUST]
    yield "## Remove what the pipeline no longer has\n"
    named = " and ".join(f"`{folder}/`" for folder in folders)
    yield f"The pipeline has no {named} any more, but what was deployed from there is still in the cloud. The program"
    yield "there now makes nothing: `pulumi up` removes what it made, in each of its stacks (`pulumi stack ls`). Delete"
    yield "the folder when they are empty.\n"
    if TRUST in folders:
        yield f"`{TRUST}/` first, before anything else is deployed: until then the trust between clouds goes on.\n"
        yield from _up(TRUST)
    if clouds:
        names = " and ".join(f"`{cloud}/`" for cloud in clouds)
        yield f"{names} last, when the rest is deployed and what is still wanted of its data was copied.\n"
        for cloud in clouds:
            yield from _up(cloud)
        yield "It refuses while data is protected, which is the default. To remove everything *but the data*, first run"
        yield "`pulumi state unprotect --all`: what holds data is forgotten by the stack and stays in the cloud, to be"
        yield "deleted there by hand. In a stack with `keep_data` set to `false`, it deletes the data as well.\n"


def _up(folder: str, note: str = "") -> Iterator[str]:
    yield f"```sh\ncd {folder}{note}"
    yield "pulumi preview --refresh   # without --refresh a preview can miss what changed outside Pulumi"
    yield "pulumi up --refresh\ncd ..\n```\n"


def deploy(programs: Mapping[str, Program]) -> Iterator[str]:
    """In which order programs are deployed, and once more where they read from each other both ways."""
    yield "## 3. Look, then deploy\n"
    names = {program.name: cloud for cloud, program in programs.items()}
    if len(programs) > 1:
        yield f"In this order, since later programs read what earlier ones export: {' → '.join(programs)}.\n"
    for cloud, program in programs.items():
        yield from _beforehand(cloud, program, names)
        reads = ", ".join(names[other] for other in program.needs if other in names)
        yield from _up(cloud, f"    # reads from {reads}" if reads else "")
    for cloud, program in programs.items():
        if program.late:
            later = " and ".join(sorted(names[other] for other in program.late))
            yield (
                f"`{cloud}` and {later} read from each other: after the first time, run `pulumi up --refresh` in"
                f" `{cloud}` once more. Until then its tasks do not know the addresses of what is on {later}.\n"
            )


def _beforehand(cloud: str, program: Program, folders: Mapping[str, str]) -> Iterator[str]:
    """What belongs to an account and not to a stack, which a person sees to, as often as they like."""
    found = [one.beforehand for one in program.statements if isinstance(one, Lookup) and one.beforehand is not None]
    commands = list(dict.fromkeys(_shell(command, folders) for command in found))
    if commands:
        yield (
            f"`{cloud}` counts on what a whole account has for all stacks: none makes it, and none takes it away. Once"
            " for each stack, from this folder; what stands behind `||` makes what the first command does not find:\n"
        )
        yield from ("```sh", *commands, "```\n")


def _shell(value: Value, folders: Mapping[str, str]) -> str:
    """A value as a shell has it, which asks the other stacks for what they export."""
    match value:
        case str():
            return value
        case Concat(parts=parts):
            return "".join(_shell(part, folders) for part in parts)
        case Ref(program=program) if program in folders:
            return f"$(pulumi -C {folders[program]} stack output {value.output})"
    raise AssertionError(f"a shell does not know {value}")


def teardown(programs: Mapping[str, Program]) -> Iterator[str]:
    """How all of it is removed, or only what crosses clouds."""
    yield "## Tear it down\n"
    if len(programs) > 1:
        yield f"In the reverse order: {' → '.join(reversed(list(programs)))}. In each folder:\n"
    yield "```sh\npulumi destroy\n```\n"
    yield "refuses while data is protected, which is the default. To remove everything *but the data*:\n"
    yield "```sh"
    yield "pulumi state unprotect --all"
    yield "pulumi destroy   # what holds data is forgotten by the stack and stays in the cloud"
    yield "```\n"
    yield "To delete the data as well, first `pulumi config set keep_data false && pulumi up`, then `pulumi destroy`."
    if TRUST in programs:
        yield from _ending(programs)


def _ending(programs: Mapping[str, Program]) -> Iterator[str]:
    """How what crosses ends, and what a cloud needs that keeps the names of what was deleted."""
    yield f"\nTo end what crosses clouds and nothing else, destroy `{TRUST}` alone; `pulumi up` there begins it again."
    keeping = [cloud for cloud, program in programs.items() if GUESTS in program.settings]
    if keeping:
        where = " and ".join(f"`{cloud}`" for cloud in keeping)
        yield f"But for a while {where} gives nobody the names that were deleted: ask for new ones first, then deploy"
        yield "every folder, in the order above:\n"
        yield "```sh"
        yield from (f'pulumi -C {cloud} config set {GUESTS.name} "$(date +%s)"' for cloud in keeping)
        yield "```"
