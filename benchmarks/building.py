"""Measures `glacier build`: with nothing kept, with wheels kept, with trees kept, and with all in place; prints JSON.

    python benchmarks/building.py
    python benchmarks/building.py --requirement pandas --requirement pyarrow

Needs the package index. One function on AWS, for this process's own minor version, so that modules are compiled too.
Each is measured once: the first depends on the network, and the others on it not at all.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from glacier import Pipeline, task
from glacier.vendoring import build
from glacier_aws import AWSCompiler
from glacier_aws.compute import Lambda

DEFAULT = ("idna", "markupsafe")


def exported(requirements: Sequence[str], directory: Path) -> Path:
    """A pipeline of one task, compiled."""

    @task(compute=Lambda(runtime=f"python3.{sys.version_info.minor}", requirements=list(requirements)))
    def work() -> None: ...

    AWSCompiler().compile(Pipeline("building", [work])).export_pulumi(directory)
    return directory


def measure(requirements: Sequence[str]) -> dict[str, Any]:
    """Seconds of each build, and what came out."""
    seconds: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        os.environ["UV_CACHE_DIR"] = str(place / "wheels")
        infra, trees = exported(requirements, place / "infra"), place / "trees"

        def timed(name: str) -> Any:
            begin = time.perf_counter()
            built = build(infra, cache=trees)
            seconds[name] = round(time.perf_counter() - begin, 3)
            return built

        timed("nothing kept")
        shutil.rmtree(trees)
        timed("wheels kept")
        shutil.rmtree(infra)
        exported(requirements, infra)
        timed("trees kept, a new export")
        built = timed("all in place")
    (size,) = built.sizes
    return {
        "requirements": list(requirements),
        "packages": len(size.packages),
        "unzipped_mib": round(size.of("unzipped") / 2**20, 1),
        "zipped_mib": round(size.of("zipped") / 2**20, 1),
        "placed": built.fits,
        "seconds": seconds,
    }


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requirement", action="append", metavar="NAME", help=f"instead of {' and '.join(DEFAULT)}")
    chosen = parser.parse_args()
    machine = {"python": platform.python_version(), "machine": platform.machine(), "cores": os.cpu_count()}
    print(json.dumps({"on": machine, "building": measure(chosen.requirement or DEFAULT)}, indent=1))


if __name__ == "__main__":
    main()
