"""``azure_host.py PORT QUEUES FOLDER PACKAGES``: a host for Azure's own Python worker, which has none in any registry.

The worker is Microsoft's (azure-functions-runtime): it finds the functions of ``function_app.py``, makes a message of
what came from a queue, and runs them. The host is ours, and plainly so. It does with queues what Microsoft's says it
does (learn.microsoft.com/azure/azure-functions/functions-bindings-storage-queue-trigger): a message is Base64, is
hidden while a function has it, is deleted when the function succeeds, shown again when it fails, and moved to
``QUEUE-poison`` when it was tried often enough. Nothing here is about scaling, timeouts or who may call.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
import urllib.error
import uuid
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

from azure_calls import as_message, call

_HIDDEN = "600"  # seconds that a message is hidden for, at most
_TRIES = "AzureFunctionsJobHost__extensions__queues__maxDequeueCount"
_READY = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 19\r\n\r\n" + b'{"state":"Running"}'


class Message(SimpleNamespace):
    """A message of the protocol between host and worker."""

    def WhichOneof(self, group: str) -> str | None:  # noqa: N802 - protobuf's own name
        """The one field of a group that was said."""
        return next((name for name in vars(self) if name != "name"), None)


class Words(SimpleNamespace):
    """The kinds of messages, each made by its name."""

    def __getattr__(self, name: str) -> Callable[..., Message]:
        return Message


KINDS = Words(
    StatusResult=type("StatusResult", (Message,), {"Success": "success", "Failure": "failure"}),
    BindingInfo=type("BindingInfo", (Message,), {"in": 0, "out": 1, "inout": 2, "undefined": 0}),
)


def sent(**said: Any) -> Message:
    """A request to the worker."""
    return Message(request=Message(**said), properties={"protos": KINDS, "host": "127.0.0.1"})


class Worker:
    """Microsoft's worker, with the functions of one folder."""

    def __init__(self) -> None:
        import azure_functions_runtime as runtime

        self._runtime = runtime
        runtime.start_threadpool_executor()

    async def functions(self, folder: str) -> list[Message]:
        """What the worker found in the folder."""
        init = Message(capabilities={}, function_app_directory=folder)
        ended(await self._runtime.worker_init_request(sent(worker_init_request=init)))
        answer = ended(await self._runtime.functions_metadata_request(sent()))
        for each in answer.function_metadata_results or ():
            load = Message(function_id=each.function_id)
            ended(await self._runtime.function_load_request(sent(function_load_request=load)))
        return list(answer.function_metadata_results or ())

    async def call(self, function: Message, parameter: str, text: str, facts: dict[str, str]) -> None:
        """Give a message to a function; raises ``RuntimeError`` with what the worker says when it failed."""
        invocation = Message(
            invocation_id=uuid.uuid4().hex,
            function_id=function.function_id,
            input_data=[Message(name=parameter, data=Message(string=text))],
            trigger_metadata={name: Message(string=value) for name, value in facts.items()},
            trace_context=Message(trace_parent="", trace_state="", attributes={}),
            retry_context=Message(retry_count=0, max_retry_count=0, exception=None),
        )
        ended(await self._runtime.invocation_request(sent(invocation_request=invocation)))


def ended(answer: Message) -> Message:
    """An answer of the worker, unless it says that something failed."""
    if answer.result.status != "success":
        raise RuntimeError(f"{answer.result.exception.message}\n{answer.result.exception.stack_trace}")
    return answer


async def served(worker: Worker, function: Message, queues: str) -> None:
    """Give each message of a function's queue to it, one at a time and for ever."""
    (trigger,) = (found for found in map(json.loads, function.raw_bindings) if found["type"] == "queueTrigger")
    name, tries = trigger["queueName"], int(os.environ[_TRIES])
    while True:
        taken = await asyncio.to_thread(_taken, queues, name)
        if taken is None:
            await asyncio.sleep(0.02)
            continue
        body = base64.b64decode(taken["MessageText"]).decode()
        facts = {
            "Id": taken["MessageId"],
            "DequeueCount": taken["DequeueCount"],
            "PopReceipt": taken["PopReceipt"],
        }
        path, receipt = f"{name}/messages/{taken['MessageId']}", {"popreceipt": taken["PopReceipt"]}
        try:
            await worker.call(function, trigger["name"], body, facts)
        except RuntimeError as error:
            print(f"{function.name} failed: {error}", file=sys.stderr, flush=True)
            if int(taken["DequeueCount"]) < tries:
                await asyncio.to_thread(call, queues, "PUT", path, receipt | {"visibilitytimeout": "0"})
                continue
            await asyncio.to_thread(_poisoned, queues, f"{name}-poison", taken["MessageText"])
        await asyncio.to_thread(call, queues, "DELETE", path, receipt)


def _taken(queues: str, name: str) -> dict[str, str] | None:
    try:
        answer = call(queues, "GET", f"{name}/messages", {"visibilitytimeout": _HIDDEN})
    except urllib.error.HTTPError as error:
        with error:
            if error.code == 404:  # the queue is not there yet
                return None
            raise
    found = ElementTree.fromstring(answer.body).find("QueueMessage")
    return None if found is None else {each.tag: each.text or "" for each in found}


def _poisoned(queues: str, name: str, text: str) -> None:
    call(queues, "PUT", name, {})  # unless it is there
    call(queues, "POST", f"{name}/messages", {}, as_message(text))


async def main(port: int, queues: str, folder: str) -> None:
    """Start the worker, say on the port that it runs, and serve its functions."""
    worker = Worker()
    functions = await worker.functions(folder)

    async def said(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1024)
        writer.write(_READY)
        writer.close()

    async with await asyncio.start_server(said, "127.0.0.1", port), asyncio.TaskGroup() as serving:
        for function in functions:
            serving.create_task(served(worker, function, queues))


if __name__ == "__main__":
    port, queues, folder, packages = sys.argv[1:]
    sys.path[0:1] = [packages, folder]  # what the app brings comes before what the worker has
    os.chdir(folder)
    asyncio.run(main(int(port), queues, folder))
