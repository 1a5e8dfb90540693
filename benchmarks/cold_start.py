"""Measures how long a Lambda function takes from its start to its first answer, and from then on; writes JSON.

    python benchmarks/cold_start.py --rounds 7
    python benchmarks/cold_start.py --docs      also writes the table in docs/benchmarks.md

Three functions in one run, in turn, each under AWS's own emulator of Lambda and AWS's own runtime for Python:

    bare     answers, and does nothing else
    boto3    reads a CSV file from S3, and writes JSON there, with boto3, as one would by hand
    glacier  the same as a task of examples/sales.py, exported

S3 is an emulator on the same machine, so the network is left out. As on Lambda, whose folder of code is read-only, no
byte code is kept between two starts but what was built. Numbers compare within one run only.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "benchmarks"), str(ROOT / "tools"), str(ROOT / "examples")]

import boto3  # noqa: E402
import page  # noqa: E402
import sales  # noqa: E402
from glacier.vendoring import build  # noqa: E402
from glacier_aws import AWSCompiler  # noqa: E402
from servers import clouds, installing, pythons  # noqa: E402

BUCKET = "glacier-cold-start"
CALL = "/2015-03-31/functions/function/invocations"
BARE = """
def handler(event, context):
    return {}
"""
BY_HAND = f"""
import csv, io, json
import boto3
s3 = boto3.client("s3")

def handler(event, context):
    text = s3.get_object(Bucket="{BUCKET}", Key="orders/data.csv")["Body"].read().decode()
    rows = [
        {{"region": row["region"], "amount": float(row["amount"])}}
        for row in csv.DictReader(io.StringIO(text))
        if row["amount"]
    ]
    s3.put_object(Bucket="{BUCKET}", Key="clean/by-hand.json", Body=json.dumps(rows).encode())
    return {{"rows": len(rows)}}
"""


@dataclass(frozen=True)
class Function:
    """A folder of code, and what it is given."""

    code: Path
    environment: Mapping[str, str]


def functions(folder: Path, known: Mapping[str, str]) -> dict[str, Function]:
    """The three, ready to be started."""
    library = installing.install("boto3")
    compiled = [installing.deployed(), "-m", "compileall", "-q", library]  # as Lambda's own boto3 is
    subprocess.run(compiled, check=True)
    for name, text in (("bare", BARE), ("boto3", BY_HAND)):
        (folder / name).mkdir()
        (folder / name / "handler.py").write_text(text, encoding="utf-8")
    here = installing.deployed().parent  # for which `build` compiles what it finds a Python for
    os.environ["PATH"] = f"{here}{os.pathsep}{os.environ['PATH']}"
    AWSCompiler().compile(sales.pipeline).export_pulumi(folder / "out")
    build(folder / "out", cache=installing.HOME / "packages")
    code = folder / "out" / "aws" / "functions" / "tasks"
    address = f"s3://{BUCKET}/?region={clouds.REGION}"
    given = {"GLACIER_TASK": "tidy", "GLACIER_STORE_ORDERS": address, "GLACIER_STORE_SCRATCH": address}
    return {
        "bare": Function(folder / "bare", {}),
        "boto3": Function(folder / "boto3", {**known, "PYTHONPATH": str(library)}),
        "glacier": Function(code, {**known, **given}),
    }


def called(url: str) -> float:
    """Seconds that a call takes."""
    begin = time.perf_counter()
    body = json.dumps({"task": "tidy", "run": "measured"}).encode()
    with urllib.request.urlopen(urllib.request.Request(url + CALL, body), timeout=60) as answer:
        found = json.load(answer)
    if "errorType" in found:
        raise RuntimeError(found)
    return time.perf_counter() - begin


def one(function: Function, folder: Path, calls: int) -> tuple[float, list[float]]:
    """Seconds from the start of the process to its first answer, and of each call after it."""
    environment = {**function.environment, "PYTHONDONTWRITEBYTECODE": "1"}
    begin = time.perf_counter()
    with clouds.lambda_function(folder, function.code, "handler.handler", environment, "measured") as server:
        called(server.url)
        return time.perf_counter() - begin, [called(server.url) for _ in range(calls)]


def measured(folder: Path, rounds: int, calls: int) -> dict[str, dict[str, float]]:
    """Milliseconds: of the very first start, and the medians of the other starts and of all calls after one."""
    with ExitStack() as stack:
        server = stack.enter_context(clouds.ministack(folder))
        known = clouds.aws_environment(server.url)
        keys = {"aws_access_key_id": clouds.ROOT, "aws_secret_access_key": clouds.ROOT, "region_name": clouds.REGION}
        s3 = boto3.client("s3", endpoint_url=server.url, **keys)
        s3.create_bucket(Bucket=BUCKET)
        orders = "".join(f"{row['region']},{row['amount']}\n" for row in sales.collect())
        s3.put_object(Bucket=BUCKET, Key="orders/data.csv", Body=f"region,amount\n{orders}".encode())
        three = functions(folder, known)
        cold: dict[str, list[float]] = {name: [] for name in three}
        warm: dict[str, list[float]] = {name: [] for name in three}
        for _ in range(rounds + 1):  # in turn, so that a slow moment of the machine falls on all of them
            for name, function in three.items():
                first, others = one(function, folder, calls)
                cold[name].append(first)
                warm[name] += others
    return {
        name: {
            "first_ms": round(cold[name][0] * 1000, 1),  # nothing of it was in the machine's memory yet
            "cold_ms": round(statistics.median(cold[name][1:]) * 1000, 1),
            "warm_ms": round(statistics.median(warm[name]) * 1000, 1),
        }
        for name in three
    }


def table(found: Mapping[str, Any]) -> str:
    """The section of the documentation."""
    rows = [
        f"Measured by `python benchmarks/cold_start.py` on Python {found['python']}, {found['rounds']} starts each,",
        "under AWS's own emulator of Lambda, with S3 on the same machine. The task reads CSV from S3 and writes JSON",
        "there; `boto3` does the same by hand. A warm call is one after the first, in the same process.\n",
        "| what | first start ms | cold start ms | warm call ms |",
        "|---|---:|---:|---:|",
    ]
    rows += [
        f"| {name} | {each['first_ms']:.0f} | {each['cold_ms']:.0f} | {each['warm_ms']:.1f} |"
        for name, each in found["functions"].items()
    ]
    return "\n".join(rows)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--calls", type=int, default=10)
    parser.add_argument("--docs", action="store_true", help="write the table in docs/benchmarks.md")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        found: dict[str, Any] = {
            "python": pythons.DEPLOYED,
            "rounds": arguments.rounds,
            "functions": measured(Path(directory), arguments.rounds, arguments.calls),
        }
    print(json.dumps(found, indent=1))
    if arguments.docs:
        page.below(table(found))


if __name__ == "__main__":
    main()
