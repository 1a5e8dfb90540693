"""Calls a function app of Azure as a generated workflow does: sends a message, and waits to hear of the end."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, Queue
from typing import Any

from servers import clouds
from servers.azure_calls import as_message, call
from servers.running import HOST, Server

# That a function may take to report its end: one that is not let in abroad asks again for a minute and a half.
SECONDS = 120


class Failed(Exception):
    """Every try of a task has failed, or nothing was heard of it; what its app wrote is the message."""


@contextmanager
def waiting() -> Iterator[tuple[str, Queue[str]]]:
    """A URL to report an end to, and what was reported."""
    said: Queue[str] = Queue()

    class Step(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said.put(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["status"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has where it is defined
            """Say nothing."""

    with ThreadingHTTPServer((HOST, 0), Step) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://{HOST}:{server.server_port}", said
        server.shutdown()


def call_app(logs: Path, code: Path, environment: Mapping[str, str], storage: Server, task: str) -> dict[str, Any]:
    """Start a task's app, send it one message, and give what it logged when it had finished.

    Raises :class:`Failed` when the workflow was told so.
    """
    queues = f"http://{HOST}:{storage.ports[1]}"
    for name in ("calls", "calls-poison"):
        call(queues, "PUT", name, {})
        call(queues, "DELETE", f"{name}/messages", {})
    with waiting() as (url, said), clouds.azure_function(logs, code, environment, storage, task) as app:
        text = json.dumps({"task": task, "run": "one", "answer": url})
        call(queues, "POST", "calls/messages", {}, as_message(base64.b64encode(text.encode()).decode()))
        try:
            status = said.get(timeout=SECONDS)
        except Empty:
            raise Failed(app.tail()) from None
        log = app.log.read_text()
    if status != "Succeeded":
        raise Failed(log)
    events = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    return dict(next(event for event in events if event["event"] == "finished"))
