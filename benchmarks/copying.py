"""Measures copies of one large object, and reading many small ones; writes JSON.

    python benchmarks/copying.py                     256 MiB, from folder to folder
    python benchmarks/copying.py --mebibytes 2048    a 2 GiB object
    python benchmarks/copying.py --s3 URL            in a bucket of an emulator of S3, with boto3 beside it
    python benchmarks/copying.py --azure URL         in a container of Azurite, with Microsoft's client beside it
    python benchmarks/copying.py --google XML JSON   in a bucket of fake-gcs-server (JSON), with Google's client beside;
                                                     the others go by tools/servers/gcs_xml.py (XML)

Each copy is made in a process of its own, in rounds in which every way has its turn, so that what the machine does
meanwhile is shared; the numbers are medians. ``cpu_s`` and ``peak_mib`` are the client's. On one machine a server takes
more of it than a client, so MiB/s ranks no clients there: only the share of what obstore alone gets, the CPU seconds
and the memory say something about Glacier. Half of every MiB can be packed.

``home`` is a copy within a cloud, ``abroad`` one between clouds with nothing packed and no copy kept, ``packed`` the
same packed, and ``kept`` has all switches on, as they are unless somebody says otherwise. The others copy with what a
client's own documentation shows for a stream; those that are not installed are named, and left out.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

MACHINE = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
MIB = 1 << 20
BUCKET = "glacier-copying"
SMALL_FILES, SMALL_BYTES = 1000, 10_000
S3, AZURE, GOOGLE = "s3+", "azure+", "google+"  # before the address of an emulator
AZURITE = {  # the account of every one: learn.microsoft.com/azure/storage/common/storage-use-azurite
    "account_name": "devstoreaccount1",
    "account_key": "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
}
SWITCHES = {
    "home": (),
    "abroad": ("parallel", "batch"),
    "packed": ("compress", "parallel", "batch"),
    "kept": ("compress", "parallel", "batch", "cache"),
}


def opened(where: str) -> Any:
    """An obstore store of the folder or bucket at an address."""
    from obstore.store import AzureStore, GCSStore, LocalStore, S3Store

    if where.startswith(S3):
        return S3Store(BUCKET, endpoint=where.removeprefix(S3), client_options={"allow_http": True})
    if where.startswith(AZURE):
        account = f"{where.removeprefix(AZURE)}/{AZURITE['account_name']}"
        return AzureStore(BUCKET, endpoint=account, client_options={"allow_http": True}, **AZURITE)
    if where.startswith(GOOGLE):
        xml = where.removeprefix(GOOGLE).split()[0]
        nobody = {
            "client_email": "",
            "private_key": "",
            "private_key_id": "",
            "disable_oauth": True,
            "gcs_base_url": xml,
        }
        return GCSStore(BUCKET, service_account_key=json.dumps(nobody), client_options={"allow_http": True})
    return LocalStore(where)


def container(where: str) -> Any:
    """Microsoft's own client of the container."""
    from azure.storage.blob import ContainerClient

    account = f"{where.removeprefix(AZURE)}/{AZURITE['account_name']}"
    return ContainerClient(account, BUCKET, credential=AZURITE)


def bucket(where: str) -> Any:
    """Google's own client of the bucket."""
    from google.auth.credentials import AnonymousCredentials
    from google.cloud.storage import Client

    emulator = {"api_endpoint": where.split()[1]}
    return Client("benchmark", AnonymousCredentials(), client_options=emulator).bucket(BUCKET)


def glacier(source: str, target: str, way: str) -> None:
    from glacier.runtime.buckets import Remote
    from glacier.runtime.manifest import Place
    from glacier.runtime.objects import Objects

    given, made = (Objects(Remote(opened(where), "benchmark://")) for where in (source, target))
    switches = SWITCHES[way]
    pieces = given.read(Place(store="s", path="in/data.bin", source=True, transfer=switches), Iterator[bytes])
    made.write(Place(store="s", path=f"{way}/", transfer=switches), pieces, Iterator[bytes])


def obstore(source: str, target: str, way: str) -> None:
    """As its documentation shows for a stream, with parts as large and as many as Glacier's."""
    import obstore as client

    given, made, part = opened(source), opened(target), 5 * MIB

    async def copy() -> None:
        found = await client.get_async(given, "in/data.bin")
        stream = found.stream(min_chunk_size=part)
        await client.put_async(made, "obstore", stream, chunk_size=part, max_concurrency=3)

    asyncio.run(copy())


def boto3(source: str, target: str, way: str) -> None:
    import boto3 as client

    given, made = (client.client("s3", endpoint_url=where.removeprefix(S3)) for where in (source, target))
    made.upload_fileobj(given.get_object(Bucket=BUCKET, Key="in/data.bin")["Body"], BUCKET, "boto3")


def s3fs(source: str, target: str, way: str) -> None:
    import shutil

    import s3fs as client

    near, far = (client.S3FileSystem(client_kwargs={"endpoint_url": url.removeprefix(S3)}) for url in (target, source))
    with far.open(f"{BUCKET}/in/data.bin", "rb") as given, near.open(f"{BUCKET}/s3fs", "wb") as made:
        shutil.copyfileobj(given, made, 5 * MIB)


def azure(source: str, target: str, way: str) -> None:
    given = container(source).download_blob("in/data.bin", max_concurrency=3)
    container(target).upload_blob("azure", given.chunks(), length=given.size, overwrite=True, max_concurrency=3)


def google(source: str, target: str, way: str) -> None:
    with bucket(source).blob("in/data.bin").open("rb") as given:
        bucket(target).blob("google").upload_from_file(given)


def many(source: str, target: str, way: str) -> None:
    """Read a folder of small files as one stream."""
    from glacier.runtime.buckets import Remote
    from glacier.runtime.manifest import Place
    from glacier.runtime.objects import Objects

    switches = ("parallel", "cache", "batch") if way == "batch" else ()
    given = Place(store="s", path="small/", source=True, transfer=switches)
    pieces = Objects(Remote(opened(source), "benchmark://")).read(given, Iterator[bytes])
    assert sum(map(len, pieces)) == SMALL_FILES * SMALL_BYTES


WAYS: dict[str, tuple[Callable[[str, str, str], None], str]] = {
    "obstore": (obstore, ""),
    "glacier, home": (glacier, "home"),
    "glacier, abroad": (glacier, "abroad"),
    "glacier, packed": (glacier, "packed"),
    "glacier, kept": (glacier, "kept"),
}
BESIDE = {  # by what an address begins with; each where what it imports is installed
    S3: {"boto3": ("boto3", boto3), "s3fs": ("s3fs", s3fs)},
    AZURE: {"azure-storage-blob": ("azure.storage.blob", azure)},
    GOOGLE: {"google-cloud-storage": ("google.cloud.storage", google)},
}
MANY: dict[str, tuple[Callable[[str, str, str], None], str]] = {
    "one by one": (many, "one"),
    "batch": (many, "batch"),
}


def one(source: str, target: str, name: str) -> dict[str, float]:
    """One way, in this process."""
    beside = {key: (call, "") for clients in BESIDE.values() for key, (_, call) in clients.items()}
    work, way = {**WAYS, **MANY, **beside}[name]
    before, cpu = time.perf_counter(), time.process_time()
    work(source, target, way)
    seconds, cpu = time.perf_counter() - before, time.process_time() - cpu
    with open("/proc/self/status", encoding="ascii") as status:  # getrusage counts what the process came from
        peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024
    return {"seconds": seconds, "cpu_s": cpu, "peak_mib": peak}


def measured(
    source: str, target: str, names: list[str], rounds: int, servers: Callable[[], dict[str, float]] = dict
) -> dict[str, dict[str, float]]:
    """The median of every way, each in processes of its own, in turns; ``servers`` says what they have used so far."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            words, before = [sys.executable, str(Path(__file__)), "--one", source, target, name], servers()
            done = subprocess.run(words, check=True, capture_output=True, text=True)
            used = {key: value - before[key] for key, value in servers().items()}
            found[name].append(json.loads(done.stdout) | used)
    return {
        name: {key: round(statistics.median(run[key] for run in runs), 3) for key in runs[0]}
        for name, runs in found.items()
    }


def compared(copies: dict[str, dict[str, float]], mebibytes: int) -> dict[str, dict[str, float]]:
    """Copies with their throughput, and its share of what obstore alone gets."""
    alone = copies["obstore"]["seconds"]
    return {
        name: {"mib_per_s": round(mebibytes / copy["seconds"], 1), "share": round(alone / copy["seconds"], 2), **copy}
        for name, copy in copies.items()
    }


def housed(where: str) -> None:
    """The bucket, when an emulator has none yet."""
    if where.startswith(S3):
        import boto3 as aws

        s3 = aws.client("s3", endpoint_url=where.removeprefix(S3))
        if BUCKET not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]:
            s3.create_bucket(Bucket=BUCKET)
    if where.startswith(AZURE) and not container(where).exists():
        container(where).create_container()
    if where.startswith(GOOGLE) and not bucket(where).exists():
        bucket(where).create()


def prepared(where: str, mebibytes: int) -> None:
    """The objects that are read; the same for everybody."""
    import obstore as client

    store, chance = opened(where), random.Random(1)
    pieces = (chance.randbytes(MIB // 2) + bytes(MIB // 2) for _ in range(mebibytes))
    client.put(store, "in/data.bin", pieces, chunk_size=8 * MIB, max_concurrency=3)
    for number in range(SMALL_FILES):
        client.put(store, f"small/{number:04}.bin", chance.randbytes(SMALL_BYTES))


def ways(source: str, target: str) -> list[str]:
    """Those that can copy from here to there."""
    names = list(WAYS)
    for start, clients in BESIDE.items():
        if source.startswith(start) and target.startswith(start):
            names += [name for name, (module, _) in clients.items() if _is_there(module)]
            missing = [name for name in clients if name not in names]
            if missing:
                print(f"not installed, and left out: {', '.join(missing)}", file=sys.stderr)
    return names


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # not even what it is in
        return False


def run(where: str, mebibytes: int, rounds: int) -> dict[str, Any]:
    housed(where)
    prepared(where, mebibytes)
    small = measured(where, where, list(MANY), rounds)
    return {
        "machine": MACHINE,
        "between": "folders of one disk" if Path(where).is_dir() else where,
        "mebibytes": mebibytes,
        "rounds": rounds,
        "copies": compared(measured(where, where, ways(where, where), rounds), mebibytes),
        "many_small_files": {"files": SMALL_FILES, "bytes_each": SMALL_BYTES, **small},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mebibytes", type=int, default=256, help="the size of the large object (default: 256)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each way has its turn (default: 3)")
    server = parser.add_mutually_exclusive_group()
    server.add_argument("--s3", metavar="URL", help="an emulator of S3; keys come from the environment")
    server.add_argument("--azure", metavar="URL", help="an emulator of Azure's blobs; needs azure-storage-blob")
    server.add_argument("--google", nargs=2, metavar=("XML", "JSON"), help="URLs; needs google-cloud-storage")
    parser.add_argument("--out", type=Path, help="where to write the JSON (default: standard output)")
    parser.add_argument("--one", nargs=3, metavar=("SOURCE", "TARGET", "WAY"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        print(json.dumps(one(*chosen.one)), flush=True)
        os._exit(0)  # obstore's own threads may abort while the interpreter ends, when all is done and measured
    with tempfile.TemporaryDirectory(prefix="glacier-copying-") as folder:
        places = {S3: chosen.s3, AZURE: chosen.azure, GOOGLE: " ".join(chosen.google or ())}
        address = next((start + url for start, url in places.items() if url), folder)
        result = run(address, chosen.mebibytes, chosen.rounds)
    text = json.dumps(result, indent=1) + "\n"
    if chosen.out:
        chosen.out.write_text(text, encoding="utf-8")
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
