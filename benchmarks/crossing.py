"""Measures copies from and to servers that are started here, over a network as between clouds; prints a table.

    python benchmarks/crossing.py moto                           within one server: who is busy, it or the client?
    python benchmarks/crossing.py azurite ministack --far source    a task beside the target reads from another cloud
    python benchmarks/crossing.py azurite ministack --far target    a task beside the source writes to another cloud
    python benchmarks/crossing.py azurite --far source --small      many small files, too

The ways are those of copying.py, with the same rounds and medians. What is far is behind network.py, a process of its
own. The CPU seconds of all are in the table, so that it is seen when one of them is what all wait for.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "tools"), str(HERE)]

import copying  # noqa: E402 - where it is has just been said
from servers import clouds  # noqa: E402
from servers.buckets import azure_container, gcs_bucket  # noqa: E402
from servers.running import HOST, Server, cpu_seconds  # noqa: E402

SERVERS = ("ministack", "moto", "azurite", "fake-gcs-server")
COLUMNS = {
    "mib_per_s": "MiB/s",
    "share": "of obstore",
    "cpu_s": "client CPU s",
    "source_cpu_s": "source CPU s",
    "target_cpu_s": "target CPU s",
    "network_cpu_s": "network CPU s",
    "seconds": "s",
    "peak_mib": "peak MiB",
}


@contextmanager
def started(name: str) -> Iterator[tuple[str, list[Server]]]:
    """A server with an empty bucket, as copying.py addresses it, and all that answers for it."""
    with tempfile.TemporaryDirectory(prefix="glacier-crossing-") as folder, ExitStack() as stack:
        make = {"ministack": clouds.ministack, "moto": clouds.moto, "azurite": clouds.azurite}.get(
            name, clouds.fake_gcs
        )
        server = stack.enter_context(make(Path(folder)))
        if name == "azurite":
            azure_container(server, copying.BUCKET)
            yield copying.AZURE + server.url, [server]
        elif name == "fake-gcs-server":
            gcs_bucket(server, copying.BUCKET)
            front = stack.enter_context(clouds.gcs_xml(Path(folder), server))
            yield f"{copying.GOOGLE}{front.url} {server.url}", [front, server]
        else:
            os.environ.update(clouds.aws_environment(server.url))
            copying.housed(copying.S3 + server.url)
            yield copying.S3 + server.url, [server]


@contextmanager
def network(server: Server, milliseconds: float, megabytes: float) -> Iterator[tuple[int, int]]:
    """The port and the process of a way to a server that is as long as one between clouds."""
    words = [sys.executable, str(HERE / "network.py"), *map(str, (server.ports[0], milliseconds, megabytes))]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline()), process.pid
        finally:
            process.terminate()


def table(ways: dict[str, dict[str, float]]) -> str:
    """What was measured, as the documentation shows it."""
    columns = [key for key in COLUMNS if key in next(iter(ways.values()))]
    lines = [["way", *(COLUMNS[key] for key in columns)], ["---", *("---:" for _ in columns)]]
    lines += [
        [name, *(f"{way[key]:.{0 if key == 'peak_mib' else 2}f}" for key in columns)] for name, way in ways.items()
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", choices=SERVERS)
    parser.add_argument("target", choices=SERVERS, nargs="?", help="another server (default: the same one)")
    parser.add_argument("--far", choices=("source", "target"), help="what is in another cloud (default: nothing)")
    parser.add_argument("--round-trip", type=float, default=30, metavar="MS", help="to what is far (default: 30)")
    parser.add_argument("--bandwidth", type=float, default=25, metavar="MB/S", help="of a connection (default: 25)")
    parser.add_argument("--mebibytes", type=int, default=256, help="the size of the object (default: 256)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each way has its turn (default: 3)")
    parser.add_argument("--small", action="store_true", help="also read many small files")
    chosen = parser.parse_args()
    print(
        f"{' '.join(['crossing.py', *sys.argv[1:]])}: {chosen.mebibytes} MiB, {chosen.rounds} rounds, {copying.MACHINE}"
    )
    with ExitStack() as stack:
        source, servers = stack.enter_context(started(chosen.source))
        copying.prepared(source, chosen.mebibytes)
        target, others = stack.enter_context(started(chosen.target)) if chosen.target else (source, servers)
        relay = None
        if chosen.far:
            server = servers[0] if chosen.far == "source" else others[0]
            port, relay = stack.enter_context(network(server, chosen.round_trip, chosen.bandwidth))
            away = f"http://{HOST}:{port}"
            if chosen.far == "source":
                source = source.replace(server.url, away)
            else:
                target = target.replace(server.url, away)

        def used() -> dict[str, float]:
            found = {"source_cpu_s": sum(server.cpu_seconds() for server in servers)}
            if chosen.target:
                found["target_cpu_s"] = sum(server.cpu_seconds() for server in others)
            return found if relay is None else found | {"network_cpu_s": cpu_seconds(relay)}

        copies = copying.measured(source, target, copying.ways(source, target), chosen.rounds, used)
        print(f"\n{table(copying.compared(copies, chosen.mebibytes))}", flush=True)
        if chosen.small:
            print(f"\n{table(copying.measured(source, target, list(copying.MANY), chosen.rounds, used))}")


if __name__ == "__main__":
    main()
