"""Everything a compiled pipeline consists of on disk: programs, settings, code, the guide and the readable plan."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from glacier import disk, guide
from glacier.bundle import Artifact
from glacier.infra import Config, Program
from glacier.plan import Plan, Transfer, crossing, path_of
from glacier.render import packages_of, render

OVERRIDES = '''"""Your own changes to what Glacier generated: written once, never overwritten.

``transform`` sees every resource before it is created and may change any of its
properties. To tag one bucket, for example:

    if args.type_ == "aws:s3/bucket:Bucket" and args.name == "sales-raw":
        args.props["tags"] = {"owner": "data-team"}
        return pulumi.ResourceTransformationResult(args.props, args.opts)
"""

import pulumi


def transform(
    args: pulumi.ResourceTransformationArgs,
) -> pulumi.ResourceTransformationResult | None:
    """Return a resource's new properties and options; ``None`` leaves it as it is."""
    return None
'''

EMPTY = '''"""Makes nothing: the pipeline no longer has this program, and `pulumi up` removes what it made.

README.md, one folder up, says when, and what becomes of data. Delete this folder when its stacks are empty.
"""
'''


def files(
    plan: Plan,
    programs: Mapping[str, Program],
    bundles: Mapping[str, tuple[Artifact, ...]],
    former: Mapping[str, Mapping[str, bytes]] = {},
) -> dict[str, bytes]:
    """Every file, by its path below the output directory.

    ``former`` are programs that the directory has already, with what Pulumi must have to know their stacks. One that
    the pipeline no longer has becomes a program that makes nothing: without a program nobody could remove what it made,
    and trust that nobody removes goes on.
    """
    gone = {folder: kept for folder, kept in former.items() if folder not in programs}
    made = {path: content for kept in gone.values() for path, content in kept.items()}
    made |= {f"{folder}/__main__.py": EMPTY.encode() for folder in gone}
    for cloud, program in programs.items():
        made[f"{cloud}/__main__.py"] = render(program).encode()
        made[f"{cloud}/{disk.PROJECT}"] = "".join(_settings(plan, program)).encode()
        made[f"{cloud}/requirements.txt"] = "".join(f"{line}\n" for line in _requirements(plan, program)).encode()
        made[f"{cloud}/overrides.py"] = OVERRIDES.encode()
        for artifact in bundles.get(cloud, ()):
            made |= {f"{cloud}/functions/{artifact.name}/{path}": content for path, content in artifact.files.items()}
    made["README.md"] = guide.text(plan, programs, bundles, tuple(gone)).encode()
    record = {
        **readable(plan, programs),
        "folders": [_folder(plan, cloud, each) for cloud, artifacts in bundles.items() for each in artifacts],
        "files": {path: disk.digest(content) for path, content in sorted(made.items())},
    }
    made[disk.RECORD] = as_json(record).encode()
    return made


def _folder(plan: Plan, cloud: str, artifact: Artifact) -> dict[str, Any]:
    """What building a folder of code needs to know: what it requires, for what, where it goes, and what it may weigh.

    ``packages`` is ``None`` where the packages are installed by the cloud, or in an image; ``brings`` is what can be
    imported without them, or ``None`` where layers may hold anything; ``limits`` are in MiB, or ``None`` where the
    cloud documents none.
    """
    target = plan.targets[cloud]
    runs = [plan.runs[task].particular for task in artifact.tasks]
    is_function = any(particular.kind != "container" for particular in runs)
    is_layered = any(getattr(particular, "layers", None) for particular in runs)
    brings = sorted({name for particular in runs for name in target.brings.get(particular.kind, ())})
    limits = {part: target.tables.limits.get(("Package", part)) for part in ("unzipped", "zipped")}
    return {
        "path": f"{cloud}/functions/{artifact.name}",
        "cloud": cloud,
        "lock": artifact.needs.lock,
        "python": artifact.needs.python,
        "platform": artifact.needs.platform(target),
        "function": is_function,
        "packages": target.packages_go if is_function and not target.builds else None,
        "requires": artifact.files["requirements.txt"].decode().splitlines(),
        "brings": None if is_layered else brings,
        "digest": artifact.digest,
        "limits": {
            part: {"max": limit.max, "source": read.title, "read_on": read.read_on}
            for part, limit in limits.items()
            if limit is not None and is_function
            for read in [target.tables.sources("limits")[limit.source]]
        },
    }


def _requirements(plan: Plan, program: Program) -> list[str]:
    """Pulumi and the SDKs that a program imports, at the versions it was proven against."""
    used = {"pulumi", *(package.replace("_", "-") for package in packages_of(program))}
    pinned = {line for target in plan.targets.values() for line in target.tables.requirements}
    return sorted(line for line in pinned if line.partition("==")[0] in used)


def as_json(record: Mapping[str, Any]) -> str:
    """A record as JSON with one row per line, so that a difference between two shows what changed."""
    return "{\n" + ",\n".join(f"{json.dumps(name)}: {_rows(value)}" for name, value in record.items()) + "\n}\n"


def _rows(value: Any) -> str:
    if isinstance(value, dict) and value:
        return (
            "{\n"
            + ",\n".join(f" {json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in value.items())
            + "\n}"
        )
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(f" {json.dumps(item, ensure_ascii=False)}" for item in value) + "\n]"
    return json.dumps(value, ensure_ascii=False)


def _settings(plan: Plan, program: Program) -> Iterator[str]:
    """``Pulumi.yaml``; every text is quoted as JSON, which YAML reads."""
    yield f"name: {json.dumps(program.name)}\n"
    yield f"description: {json.dumps(f'The pipeline {plan.graph.name}, compiled by Glacier')}\n"
    yield "runtime:\n  name: python\n  options:\n    toolchain: pip\n    virtualenv: venv\n"
    configs = program.settings
    if configs:
        yield "config:\n"
    for config in configs:
        yield from _setting(config)


def _setting(config: Config) -> Iterator[str]:
    types = {"str": "string", "bool": "boolean", "int": "integer"}
    yield f"  {config.name}:\n    type: {types[config.type]}\n"
    if config.description:
        yield f"    description: {json.dumps(config.description, ensure_ascii=False)}\n"
    if config.secret:
        yield "    secret: true\n"
    if config.default is not None:
        yield f"    default: {json.dumps(config.default)}\n"


def _transfer(transfer: Transfer) -> dict[str, Any]:
    rate = transfer.rate
    return {
        "dataset": transfer.dataset.name,
        "task": transfer.access.task.name,
        "verb": transfer.access.verb.value,
        "producer": transfer.producer,
        "consumer": transfer.consumer,
        "from": {"cloud": transfer.source.cloud, "region": transfer.source.region},
        "to": {"cloud": transfer.destination.cloud, "region": transfer.destination.region},
        "between_clouds": transfer.between_clouds,
        "because": transfer.because,
        "usd_per_unit": rate.usd if rate else None,
        "unit": rate.unit if rate else None,
        "times_usual": round(rate.times, 2) if rate and rate.times is not None else None,
        "usd": transfer.usd,
        "as_of": rate.as_of if rate else None,
    }


def readable(plan: Plan, programs: Mapping[str, Program]) -> dict[str, Any]:
    """The plan as plain data: what ``glacier plan --json`` prints and ``glacier.json`` holds."""
    return {
        "schema": 1,
        "pipeline": plan.graph.name,
        "clouds": {
            cloud: {"provider": plan.targets[cloud].provider, "region": plan.targets[cloud].place}
            for cloud in plan.clouds
        },
        "storages": [
            {
                "name": s.owner,
                "cloud": s.home.cloud,
                "region": s.home.region,
                "because": s.home.because,
                "is": type(s.particular).__name__,
                "datasets": {d.name: path_of(d) for d in s.holding.datasets},
            }
            for s in plan.storages
        ],
        "tasks": [
            {
                "name": t.task.name,
                "cloud": t.home.cloud,
                "region": t.home.region,
                "because": t.home.because,
                "is": type(t.particular).__name__,
                "stage": plan.graph.stages[t.task],
            }
            for t in plan.tasks
        ],
        "grants": [{"task": a.task.name, "may": a.verb.value, "dataset": a.dataset.name} for a in plan.graph.accesses],
        "secrets": [
            {"name": placed.secret.name, "cloud": placed.cloud, "tasks": [task.name for task in placed.tasks]}
            for placed in plan.secrets
        ],
        "transfers": [_transfer(transfer) for transfer in plan.transfers],
        "recommendations": list(crossing.recommendations(plan)) if crossing.between_clouds(plan) else [],
        "estimate": [
            {
                "for": line.subject,
                "item": line.item,
                "quantity": line.quantity,
                "unit": line.unit,
                "per": line.per,
                "usd_per_unit": line.usd,
                "usd": line.cost,
                "as_of": line.as_of,
            }
            for line in plan.estimate.lines
        ],
        "resources": {
            cloud: [{"type": node.type, "name": node.name} for node in program.nodes]
            for cloud, program in programs.items()
        },
        "diagnostics": [
            {"code": d.code, "severity": d.severity.value, "subject": d.subject, "message": d.message, "help": d.help}
            for d in plan.diagnostics
        ],
    }
