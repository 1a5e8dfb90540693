"""Measures compiling, importing, starting and running; writes JSON and, with --docs, the table in docs/benchmarks.md.

    just bench                        everything, about three minutes
    just bench --most 1000            smaller pipelines only
    just bench --workflows DIR        also WfFormat files found there

Each compile is measured in a process of its own, so that memory is its own. Ratios are within one run.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import page  # noqa: E402

SIZES = (10, 100, 1_000, 10_000)


def compile_one(shape: str, size: int, path: str | None) -> dict[str, Any]:
    """Declare and compile one pipeline to files on disk, in this process."""
    from glacier.compilation import Compiler, MultiCloudCompiler
    from glacier_aws import AWSCompiler
    from glacier_gcp import GCPCompiler

    from benchmarks.pipelines import SHAPES, workflow

    compiler: Compiler | MultiCloudCompiler = AWSCompiler()
    if shape == "mixed":
        clouds = {"aws": AWSCompiler(), "gcp": GCPCompiler()}
        compiler = MultiCloudCompiler(clouds, enable_cross_cloud_warnings=False)
    begin = time.perf_counter()
    pipeline = workflow(Path(path)) if path else SHAPES[shape](size)
    declared = time.perf_counter()
    compiled = compiler.compile(pipeline)
    lowered = time.perf_counter()
    with tempfile.TemporaryDirectory() as directory:
        compiled.export_pulumi(Path(directory) / "infra")
        end = time.perf_counter()
        text = (Path(directory) / "infra" / "aws" / "__main__.py").read_text()
    return {
        "shape": Path(path).stem.split("-")[0] if path else shape,
        "tasks": len(pipeline.tasks),
        "datasets": len(pipeline.datasets),
        "transfers": len(compiled.transfers),
        "resources": sum(len(list(program.nodes)) for program in compiled.programs.values()),
        "lines": text.count("\n"),
        "declare_s": declared - begin,
        "compile_s": lowered - declared,
        "write_s": end - lowered,
        "total_s": end - begin,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def in_process(*arguments: str) -> Any:
    """Run one measurement in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent)}
    command = [sys.executable, str(HERE / "run.py"), *arguments]
    return json.loads(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)


def compiling(most: int, workflows: Path | None) -> list[dict[str, Any]]:
    """Every shape at every size, and the workflows of a folder."""
    runs = [
        in_process("--one", shape, str(size))
        for shape in ("chain", "fan", "layers", "mixed")
        for size in SIZES
        if size <= most
    ]
    paths = sorted(workflows.glob("*.json")) if workflows else []
    return runs + [in_process("--one", "workflow", "0", "--path", str(path)) for path in paths]


def starting() -> dict[str, float]:
    """Seconds to import Glacier and to answer ``glacier --help``, beside a bare interpreter."""
    python = sys.executable
    script = str(Path(python).parent / "glacier")
    commands = {
        "python": [python, "-c", "pass"],
        "import_glacier": [python, "-c", "import glacier"],
        "import_glacier_aws": [python, "-c", "import glacier_aws"],
        "glacier_help": [script, "--help"],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(11):  # in turn, so that a slow moment of the machine falls on all of them
        for name, command in commands.items():
            begin = time.perf_counter()
            subprocess.run(command, capture_output=True, check=True)
            times[name].append(time.perf_counter() - begin)
    return {name: statistics.median(found) for name, found in times.items()}


def running(size: int = 1_000) -> dict[str, float]:
    """Microseconds per trivial task of a chain: nothing persisted, everything persisted, and the bare equivalents."""
    from glacier.execution import LocalExecutor

    from benchmarks.pipelines import chain

    pipeline = chain(size)
    with tempfile.TemporaryDirectory() as directory:
        inputs = {"d0": 1}
        memory = LocalExecutor(root=directory, persist=False, inputs=inputs)
        stored = LocalExecutor(root=directory, persist=True, inputs=inputs)
        return {
            "bare_loop_us": best(lambda: bare_loop(pipeline), size),
            "in_memory_us": best(lambda: memory.execute(pipeline), size),
            "bare_atomic_write_us": best(lambda: bare_writes(Path(directory) / "bare", size), size),
            "bare_write_and_read_us": best(lambda: bare_writes(Path(directory) / "bare", size, read=True), size),
            "persisted_us": best(lambda: stored.execute(pipeline), size),
        }


def bare_loop(pipeline: Any) -> None:
    """What any runner must do at least: call each function with what it reads, keep what it returns."""
    values: dict[Any, Any] = dict.fromkeys(pipeline.datasets[:1], 1)
    for each in pipeline.tasks:
        values[each.outputs[0]] = each.function(*(values[dataset] for dataset in each.inputs.values()))


def bare_writes(folder: Path, size: int, *, read: bool = False) -> None:
    """One file per task, written beside its place and moved there, in a folder of its own."""
    for number in range(size):
        place = folder / f"d{number}"
        place.mkdir(parents=True, exist_ok=True)
        temporary, target = place / "data.json#1", place / "data.json"
        with open(temporary, "wb") as file:
            file.write(b"1")
        os.replace(temporary, target)
        if read:
            json.loads(target.read_bytes())


def best(work: Callable[[], object], size: int, times: int = 5) -> float:
    """The least microseconds per task over some runs."""
    found = []
    for _ in range(times):
        begin = time.perf_counter()
        work()
        found.append((time.perf_counter() - begin) / size * 1e6)
    return min(found)


def tables(result: dict[str, Any]) -> str:
    """The page of the documentation."""
    rows = [
        "# Benchmarks\n",
        f"Measured by `just bench` on {result['machine']}. Times of one run on a shared machine: read the ratios.\n",
        "## Compiling, to files on disk\n",
        "Chains, fans, layers of a hundred and real workflows go to AWS; `mixed` is the layers, with every tenth on",
        "Google Cloud, trust included.\n",
        "| shape | tasks | resources | transfers | lines | declare s | compile s | write s | all s | ms each | MiB |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    rows.extend(
        f"| {run['shape']} | {run['tasks']:,} | {run['resources']:,} | {run['transfers']:,} | {run['lines']:,} "
        f"| {run['declare_s']:.3f} | {run['compile_s']:.3f} | {run['write_s']:.3f} | {run['total_s']:.3f} "
        f"| {run['total_s'] / run['tasks'] * 1000:.2f} | {run['peak_mib']:.0f} |"
        for run in result["compile"]
    )
    for shape, ratio in result["linearity"].items():
        rows.append(f"\nTime per task at 10,000 against 1,000, {shape}: {ratio:.2f}×.")
    rows.append(f"\nTime per task of `mixed` against `layers`: {result['mixed_against_single']:.2f}×.")
    rows += ["\n## Starting\n", "| what | ms |", "|---|---:|"]
    rows += [f"| {name.replace('_', ' ')} | {seconds * 1000:.0f} |" for name, seconds in result["start"].items()]
    rows += ["\n## Running here: a chain of 1,000 trivial tasks\n", "| what | µs per task |", "|---|---:|"]
    rows += [f"| {name.removesuffix('_us').replace('_', ' ')} | {value:.1f} |" for name, value in result["run"].items()]
    return "\n".join(rows) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=10_000, help="the largest pipeline")
    parser.add_argument("--workflows", type=Path, help="a folder of WfFormat files")
    parser.add_argument("--out", type=Path, help="where to write the JSON (default: standard output)")
    parser.add_argument("--docs", action="store_true", help="write docs/benchmarks.md")
    parser.add_argument("--one", nargs=2, metavar=("SHAPE", "SIZE"), help=argparse.SUPPRESS)
    parser.add_argument("--path", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        print(json.dumps(compile_one(chosen.one[0], int(chosen.one[1]), chosen.path)))
        return
    result: dict[str, Any] = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "compile": compiling(chosen.most, chosen.workflows),
        "start": starting(),
        "run": running(),
    }
    per_task = {(run["shape"], run["tasks"]): run["total_s"] / run["tasks"] for run in result["compile"]}
    shapes = [shape for shape in ("chain", "fan", "layers", "mixed") if (shape, 10_000) in per_task]
    most = max(size for shape, size in per_task if shape == "mixed")
    result["mixed_against_single"] = per_task["mixed", most] / per_task["layers", most]
    result["linearity"] = {shape: per_task[shape, 10_000] / per_task[shape, 1_000] for shape in shapes}
    text = json.dumps(result, indent=1)
    if chosen.out:
        chosen.out.write_text(text + "\n")
    else:
        print(text)
    if chosen.docs:
        page.above(tables(result))


if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parent))
    main()
