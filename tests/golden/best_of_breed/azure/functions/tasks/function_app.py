"""The entry point of every function in this folder: Azure calls it for each message in its queue.

A message is ``{"task": …, "run": …, "answer": URL}``. What raises is tried again, as often as the app's settings say,
and is then put into the second queue; either way the workflow that waits at ``answer`` hears how it ended.
"""

import json
import logging
import time
import urllib.error
import urllib.request

import azure.functions as func
from glacier.runtime.entry import azure_main

app = func.FunctionApp()


@app.function_name("task")
@app.queue_trigger(arg_name="message", queue_name="calls", connection="AzureWebJobsStorage")
def task(message: func.QueueMessage) -> None:
    """Run the task."""
    call = message.get_json()
    answer = call.pop("answer", None)
    azure_main(call)
    report(answer, "Succeeded")


@app.function_name("failed")
@app.queue_trigger(arg_name="message", queue_name="calls-poison", connection="AzureWebJobsStorage")
def failed(message: func.QueueMessage) -> None:
    """Say that every try has failed."""
    report(message.get_json().get("answer"), "Failed")


def report(answer: str | None, status: str) -> None:
    """Tell the workflow, and tell it again rather than run the task again.

    One that has been stopped meanwhile does not listen, which is no failure.
    """
    if answer is None:
        return
    body = json.dumps({"status": status}).encode()
    request = urllib.request.Request(answer, body, {"Content-Type": "application/json"})
    for pause in (1, 10, 60, None):
        try:
            urllib.request.urlopen(request, timeout=60).close()
            return
        except OSError as error:
            if isinstance(error, urllib.error.HTTPError) and error.code < 500:
                logging.warning("the workflow does not wait any more: %s", error)
                return
            if pause is None:
                raise
        time.sleep(pause)
