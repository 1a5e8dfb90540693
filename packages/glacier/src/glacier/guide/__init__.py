"""Writes the deployment guide that stands beside the generated programs: ``README.md``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from glacier.access import storage_kind
from glacier.bundle import Artifact, Needs, builds_image
from glacier.guide import deploying
from glacier.infra import Node, Program
from glacier.lowering import workflow_name
from glacier.plan import Home, Line, Plan, crossing, doors, money, path_of
from glacier.runtime.secrets import variable
from glacier.target import Prerequisites, Target
from glacier.terms import Unsupported
from glacier.trust import TRUST


def text(
    plan: Plan,
    programs: Mapping[str, Program],
    bundles: Mapping[str, tuple[Artifact, ...]],
    gone: Sequence[str] = (),
) -> str:
    """The guide, in the order in which one does things; ``gone`` are folders of programs that make nothing any more."""
    parts = [
        *_head(plan, programs),
        *_prerequisites(plan, programs),
        *_packages(plan, bundles),
        *_configuration(plan, programs),
        *deploying.gone(gone),
        *deploying.deploy(programs),
        *_images(plan, programs, bundles),
        *_secrets(plan),
        *_inputs(plan),
        *_run(plan, programs),
        *_crossing(plan),
        *_contents(plan, programs),
        *_access(plan),
        *_costs(plan),
        *_changes(plan),
        *_existing(plan),
        *deploying.teardown(programs),
    ]
    return "\n".join(parts) + "\n"


def _head(plan: Plan, programs: Mapping[str, Program]) -> Iterator[str]:
    yield f"# Deploying {plan.graph.name}\n"
    where = ", ".join(
        f"`{cloud}/` ({plan.targets[cloud].provider}, {plan.targets[cloud].place})" for cloud in plan.clouds
    )
    if TRUST in programs:
        where += f", and `{TRUST}/`, which is all that tasks of one cloud may do on another"
    yield f"Complete Pulumi programs in Python: {where}. They are yours, and need nothing of Glacier to be deployed.\n"


def _prerequisites(plan: Plan, programs: Mapping[str, Program]) -> Iterator[str]:
    yield "## Before you start\n"
    yield "- the [Pulumi CLI](https://www.pulumi.com/docs/install/), logged in to a backend (`pulumi login`)"
    yield "- Python 3.11 or newer, and [uv](https://docs.astral.sh/uv/)"
    for provider in dict.fromkeys(plan.targets[cloud].provider for cloud in plan.clouds):
        yield f"- credentials for {provider} that may create what is listed below"
    yield from (f"- {needed}" for needed in dict.fromkeys(_needed(plan, programs)))
    yield ""


def _needed(plan: Plan, programs: Mapping[str, Program]) -> Iterator[str]:
    """What has to be there, or to be so, for what the programs make and ask for; trust is made on every cloud's own."""
    for cloud in plan.clouds:
        statements = [each for name in (cloud, TRUST) if name in programs for each in programs[name].statements]
        types = {each.type if isinstance(each, Node) else each.function for each in statements}
        yield from (tool for needed_by, tool in plan.targets[cloud].tools.items() if needed_by in types)
    for storage in plan.storages:
        kind = storage_kind(plan, storage)
        if isinstance(kind, Prerequisites):
            yield from kind.prerequisites(storage.particular)


def _packages(plan: Plan, bundles: Mapping[str, tuple[Artifact, ...]]) -> Iterator[str]:
    folders = [
        (cloud, artifact)
        for cloud, artifacts in bundles.items()
        for artifact in artifacts
        if any(plan.runs[task].particular.kind != "container" for task in artifact.tasks)
    ]
    yield "## 1. Install the packages that the functions import\n"
    yield "`glacier compile` has done it, unless it was told `--no-build`. To do it again, from this folder:\n"
    yield "```sh\nglacier build .\n```\n"
    yield "It pins every package by its hash in `locks/`, to be kept with the rest, and shows how large folders are.\n"
    here = [(cloud, artifact) for cloud, artifact in folders if not plan.targets[cloud].builds]
    if here:
        yield "Without Glacier: into each folder of code, for the machine that runs it.\n"
        yield "```sh"
        for cloud, artifact in here:
            yield from _install(f"{cloud}/functions/{artifact.name}", artifact.needs, plan.targets[cloud])
        yield "```\n"
    there = list(dict.fromkeys(cloud for cloud, _ in folders if plan.targets[cloud].builds))
    if there or not here:
        where = " and ".join(there) or "containers"
        yield f"Nothing is to be installed for {where}: the packages are installed where the code is built.\n"


def _install(folder: str, needs: Needs, target: Target) -> Iterator[str]:
    """Wheels for the machine and the C library of the cloud's own Python, where that Python looks for them."""
    there = folder if target.packages_go == "." else f"{folder}/{target.packages_go}"
    yield f"uv pip install --target {there} --requirements {folder}/requirements.txt \\"
    platform = f"--python-platform {needs.platform(target)} --python-version {needs.python}"
    yield f"  {platform} --only-binary :all: --link-mode copy"


def _configuration(plan: Plan, programs: Mapping[str, Program]) -> Iterator[str]:
    yield "## 2. Create a stack and configure it\n"
    if len(programs) > 1:
        yield "One in each folder, all with the same name: programs read from each other's stack of that name.\n"
    for cloud, program in programs.items():
        yield f"```sh\ncd {cloud}\npulumi stack init dev"
        for config in program.settings:
            if config.default is None:
                yield f"pulumi config set {'--secret ' if config.secret else ''}{config.name} …  # {config.description}"
        yield "cd ..\n```\n"
        for config in program.settings:
            if config.default is not None:
                shown = str(config.default).lower()
                yield f"- `pulumi config set {config.name} …`: {config.description} (now `{shown}`)"
        yield ""
    chosen = ", ".join(_named(plan))
    but = f" Only what you named yourself ({chosen}) they cannot both have." if chosen else ""
    yield f"A second stack (`pulumi stack init prod`) is a second, separate deployment with names of its own.{but}\n"


def _images(plan: Plan, programs: Mapping[str, Program], bundles: Mapping[str, tuple[Artifact, ...]]) -> Iterator[str]:
    built = [placed for placed in plan.tasks if builds_image(placed) and plan.targets[placed.home.cloud].sign_in]
    if not built:
        return
    yield "## 4. Build and push the container images\n"
    yield "The repositories exist now. From the folder of the stack:\n"
    yield "```sh"
    for placed in built:
        artifact = next(a for a in bundles[placed.home.cloud] if placed.task in a.tasks)
        output = f"image_{placed.owner.replace('-', '_')}"
        machine = {"arm64": "linux/arm64"}.get(getattr(placed.particular, "architecture", ""), "linux/amd64")
        yield f"docker build --platform {machine} -t $(pulumi stack output {output}) functions/{artifact.name}"
        yield f"docker push $(pulumi stack output {output})"
    yield "```\n"
    for cloud in dict.fromkeys(placed.home.cloud for placed in built):
        yield f"Sign in to the registry of {cloud} first: `{plan.targets[cloud].sign_in}`.\n"


def _secrets(plan: Plan) -> Iterator[str]:
    if not plan.secrets:
        return
    yield "## Put the secrets in place\n"
    yield "Each is made without a value, and no value goes through Pulumi. A task that is given one that is not set"
    yield "fails, and says so.\n"
    yield "| secret | on | may be read by |\n|---|---|---|"
    for placed in plan.secrets:
        yield f"| {placed.secret.name} | {placed.cloud} | {', '.join(task.name for task in placed.tasks)} |"
    name = variable(plan.secrets[0].secret.name)
    yield "\n`read` takes a value of one line, shows it nowhere and keeps it in no history. One of several lines, such"
    yield "as a key in PEM, is not for `read`: the shell would take its second line for a command, show it and remember"
    yield "it. Have such a value in a file that only you may read, leave out the line with `read`, and write `cat FILE`"
    yield f'(its whole path) in the place of `printf %s "${name}"`: the file is put in place as it is.\n'
    notes: dict[str, str] = {}
    for placed in plan.secrets:
        keeper = plan.targets[placed.cloud].secrets
        if not isinstance(keeper, Unsupported):
            name = variable(placed.secret.name)
            # Brackets: a shell reads to the last one before it runs the first line. Pasted without them, or with more
            # after them, `read` would take the next command, and the shell would be told the value.
            yield f"```sh\n(\ncd {placed.cloud}\nIFS= read -rs {name}"
            yield from keeper.commands(name, placed.owner.replace("-", "_"))
            yield ")\n```\n"
            if keeper.NOTE:
                notes.setdefault(placed.cloud, keeper.NOTE)
    yield from (f"On {cloud}: {note}\n" for cloud, note in notes.items())
    yield "The same again replaces a value: the next run of a task reads the new one.\n"


def _inputs(plan: Plan) -> Iterator[str]:
    if not plan.graph.sources:
        return
    yield "## Put the inputs in place\n"
    yield "No task writes these datasets. Each is one file in its folder:\n"
    for dataset in plan.graph.sources:
        placed = plan.keeps[dataset]
        output = f"storage_{placed.owner.replace('-', '_')}"
        place = f"the storage that `pulumi stack output {output}` names ({placed.home.cloud})"
        yield f"- `{dataset.name}`: in `{path_of(dataset)}` of {place}"
    yield ""


def _run(plan: Plan, programs: Mapping[str, Program]) -> Iterator[str]:
    yield "## Run the pipeline\n"
    last = max(plan.legs.values())
    if last:
        yield (
            "The work changes clouds on its way. Each cloud's own workflow runs the tasks of one leg; start a leg when"
            " every workflow of the one before has ended.\n"
        )
    for leg in range(last + 1):
        if last:
            yield f"**Leg {leg + 1}**\n"
        for cloud, program in programs.items():
            names = [
                placed.task.name
                for placed in plan.tasks
                if placed.home.cloud == cloud and plan.legs[placed.task] == leg
            ]
            if names:
                yield from _start(plan, program, cloud, leg, names)


def _start(plan: Plan, program: Program, cloud: str, leg: int, names: Sequence[str]) -> Iterator[str]:
    output = workflow_name(leg).replace("-", "_")
    shown = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
    if any(exported.name == output for exported in program.outputs):
        yield f"On {cloud}: {shown}.\n"
        for command in plan.targets[cloud].how_to_run:
            yield f"```sh\ncd {cloud}\n{command.replace('stack output workflow', f'stack output {output}')}\n```\n"
    else:
        yield f"The tasks on {cloud} are too many for one workflow; call them stage by stage, as listed below.\n"


def _crossing(plan: Plan) -> Iterator[str]:
    transfers = crossing.between_clouds(plan)
    if not transfers:
        return
    yield "## What crosses clouds\n"
    yield "| dataset | from | to | cost | because |\n|---|---|---|---|---|"
    for transfer in transfers:
        ends = f"{_end(transfer.producer, transfer.source)} | {_end(transfer.consumer, transfer.destination)}"
        yield f"| {transfer.dataset.name} | {ends} | {crossing.cost(transfer)} | {transfer.because} |"
    yield "\nA normal transfer is the same bytes between two regions of the sending cloud.\n"
    yield from (f"- {said}" for said in (*doors.sentences(plan), *crossing.recommendations(plan)))
    yield ""


def _end(name: str, home: Home) -> str:
    return f"{name} ({home.cloud} {home.region})"


def _contents(plan: Plan, programs: Mapping[str, Program]) -> Iterator[str]:
    yield "## What each stack creates\n"
    for cloud, program in programs.items():
        counts = Counter(node.type for node in program.nodes)
        yield f"**{cloud}**: {sum(counts.values())} resources\n"
        yield "| type | count |\n|---|---|"
        yield from (f"| `{node_type}` | {count} |" for node_type, count in sorted(counts.items()))
        yield ""
    yield "| dataset | kept in | where | because |\n|---|---|---|---|"
    for dataset in plan.graph.datasets:
        placed = plan.keeps[dataset]
        home = placed.home
        kept = f"{type(placed.particular).__name__} `{placed.owner}`"
        yield f"| {dataset.name} | {kept} | {home.cloud}, {home.region} | {home.because} |"
    yield "\n| task | runs on | where | stage |\n|---|---|---|---|"
    for task in plan.tasks:
        home, stage = task.home, plan.graph.stages[task.task] + 1
        yield f"| {task.task.name} | {type(task.particular).__name__} | {home.cloud}, {home.region} | {stage} |"
    yield ""


def _access(plan: Plan) -> Iterator[str]:
    yield "## Who may do what\n"
    yield "Each task has an identity of its own, which may do this and nothing else to your data:\n"
    yield "| task | may read | may write |\n|---|---|---|"
    for task in plan.graph.tasks:
        reads = ", ".join(dict.fromkeys(d.name for d in task.inputs.values())) or "–"
        yield f"| {task.name} | {reads} | {', '.join(d.name for d in task.outputs) or '–'} |"
    yield ""


def _costs(plan: Plan) -> Iterator[str]:
    yield "## What it costs\n"
    yield "List prices before free tiers, dated; a quantity nobody gave is shown as unknown, not as zero.\n"
    yield "| for | item | quantity | price in USD | USD | as of |\n|---|---|---|---|---|---|"
    yield from (_cost(line) for line in plan.estimate.lines[:200])
    if len(plan.estimate.lines) > 200:
        yield f"\n{len(plan.estimate.lines) - 200} more lines are in `glacier.json`."
    monthly, per_run = money.dollars(plan.estimate.monthly), money.dollars(plan.estimate.per_run)
    yield f"\nKnown: {monthly} USD a month, and {per_run} USD a run.\n"


def _cost(line: Line) -> str:
    quantity = money.quantity(line) if line.quantity is None else f"{money.quantity(line)} a {line.per}"
    cost = money.dollars(line.cost)
    return f"| {line.subject} | {line.item} | {quantity} | {money.price(line)} | {cost} | {line.as_of} |"


def _changes(plan: Plan) -> Iterator[str]:
    yield "## Change something\n"
    yield "Change the pipeline and compile it again; `pulumi preview` shows what that means."
    yield "Changes of your own to any resource go into `overrides.py`, which is never overwritten.\n"


def _named(plan: Plan) -> list[str]:
    """The names that the user chose for what is made."""
    return [
        f"`{s.particular.own_name}`"
        for s in plan.storages
        if s.holding.resource is not None and s.holding.resource.own_name and s.particular.own_name
        if not getattr(s.particular, "existing", False)
    ]


def _existing(plan: Plan) -> Iterator[str]:
    if not _named(plan):
        return
    yield "## Take over buckets that exist already\n"
    names = ", ".join(_named(plan))
    yield f"{names} will be created. If it exists already, compile with `--adopt`: the program then imports it,"
    yield "and its public access block, policy, encryption and lifecycle rules are replaced by the ones in the program."
    yield "Run `pulumi preview` first; compile without `--adopt` again once `pulumi up` has imported it.\n"
