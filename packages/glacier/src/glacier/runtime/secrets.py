"""Gets the values of secrets where a task runs, right before it is called, and keeps them out of every text.

A task's environment holds references, never values: ``GLACIER_SECRET_…`` is

===================================================  ===================================================
``aws:ARN``                                          a secret of AWS Secrets Manager
``gcp:projects/PROJECT/secrets/NAME``                the latest version of a secret of Secret Manager
``azure:https://VAULT.vault.azure.net/secrets/NAME``  the latest version of a secret of Azure Key Vault
===================================================  ===================================================
"""

from __future__ import annotations

import base64
import json
import re
import traceback
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TypeAlias
from urllib.parse import quote, quote_plus

from glacier.errors import TaskError
from glacier.runtime.libraries import library
from glacier.runtime.problems import Problem, Raised
from glacier.runtime.tokens import Refused, azure_token, call, google_token

Reveal: TypeAlias = Callable[[str], str]  # a secret's value by its name

HIDDEN = "***"  # what stands in a text where a value was
_NOT_FOUND = 404
_PUT = 'put its value in place: the deployment guide, README.md, has the commands under "Put the secrets in place"'


class Values:
    """Secrets' values by name, which may be handed on, and never shown."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)

    def __call__(self, name: str) -> str:
        """The value of one."""
        return self._values[name]

    def only(self, names: Iterable[str]) -> Values:
        """Those of some names."""
        return Values({name: self._values[name] for name in names})

    def hide(self, text: str) -> str:
        """A text with every value in it replaced by ``***``, also where it is written as Python, JSON or URLs do."""
        for form in sorted({form for value in self._values.values() for form in _forms(value)}, key=len, reverse=True):
            text = text.replace(form, HIDDEN)
        return text

    def __repr__(self) -> str:
        return f"<Values of {', '.join(self._values) or 'no secrets'}>"

    def __reduce__(self) -> tuple[object, ...]:
        return Values, (self._values,)


def _forms(value: str) -> Iterable[str]:
    escaped = (repr(value)[1:-1], json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1])
    return (form for form in (value, *escaped, quote(value, safe=""), quote_plus(value)) if form)


def environment_key(name: str) -> str:
    """The environment variable that holds a secret's reference: ``db password`` → ``GLACIER_SECRET_DB_PASSWORD``."""
    return f"GLACIER_SECRET_{variable(name)}"


def variable(name: str) -> str:
    """A secret's name as environment variables are named: ``db password`` → ``DB_PASSWORD``."""
    return "_".join(re.findall("[A-Z0-9]+", name.upper()))


def from_environment(environment: Mapping[str, str]) -> Reveal:
    """What finds values by the references in an environment; raises :class:`Problem` for one that is not set."""

    def reveal(name: str) -> str:
        key = environment_key(name)
        if key not in environment:
            raise Problem("has no address", f"set {key} in the environment")
        value = fetch(environment[key])
        if not value:
            raise Problem("is not set", _PUT)
        return value

    return reveal


def reveal_all(task: str, names: Iterable[str], reveal: Reveal) -> Values:
    """The values that a task is given; raises :class:`~glacier.errors.TaskError` with the names of both."""
    values: dict[str, str] = {}
    for name in names:
        try:
            values[name] = reveal(name)
        except Problem as problem:
            raise TaskError(task, f"its secret {name} {problem.message}", help=problem.help) from problem.__cause__
    return Values(values)


def fetch(reference: str) -> str:
    """A secret's value; raises :class:`~glacier.runtime.problems.Problem` for one that is not set, or not to be had."""
    cloud, _, place = reference.partition(":")
    fetcher = _FETCHERS.get(cloud)
    if fetcher is None:
        # What was given may be the value itself, so it is not in the message.
        known = ", ".join(f"{name}:…" for name in _FETCHERS)
        raise Problem("has an address that nothing here opens", f"an address begins with one of {known}")
    return fetcher(place)


def _aws(arn: str) -> str:
    """docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html."""
    parts = arn.split(":")
    errors = library("botocore.exceptions")
    client = library("boto3").client("secretsmanager", region_name=parts[3] if len(parts) > 3 else None)
    try:
        answer = client.get_secret_value(SecretId=arn)
    except client.exceptions.ResourceNotFoundException:  # there is no value yet, or no secret
        raise Problem("is not set", _PUT) from None
    except (errors.ClientError, errors.BotoCoreError) as error:
        raise _unreadable(str(error)) from None
    if "SecretString" not in answer:
        raise Problem("holds bytes, and a secret is text", _PUT)
    return str(answer["SecretString"])


def _gcp(name: str) -> str:
    """cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets.versions/access."""
    url = f"https://secretmanager.googleapis.com/v1/{name}/versions/latest:access"
    held = base64.b64decode(json.loads(_asked(url, google_token))["payload"]["data"])
    try:
        return held.decode()
    except UnicodeDecodeError:
        raise Problem("holds bytes, and a secret is text", _PUT) from None


def _azure(url: str) -> str:
    """learn.microsoft.com/rest/api/keyvault/secrets/get-secret/get-secret."""
    return str(json.loads(_asked(f"{url}?api-version=7.4", partial(azure_token, "https://vault.azure.net")))["value"])


def _asked(url: str, token: Callable[[], str]) -> bytes:
    try:
        headers = {"Authorization": f"Bearer {token()}"}
    except Problem as problem:
        raise _unreadable(problem.message) from None
    try:
        return call("GET", url, headers=headers).body
    except Problem as problem:
        if isinstance(problem, Refused) and problem.status == _NOT_FOUND:
            raise Problem("is not set", _PUT) from None
        raise _unreadable(problem.message) from None


def _unreadable(why: str) -> Problem:
    return Problem(f"cannot be read: {why}", "does the task's identity have this access?")


_FETCHERS: Mapping[str, Callable[[str], str]] = {"aws": _aws, "gcp": _gcp, "azure": _azure}


def hidden(error: TaskError, values: Values) -> TaskError:
    """The same error without any value in what it says."""
    message = values.hide(error.message)
    if isinstance(error, Raised):
        return Raised(error.task, message, frames=[_frame(frame, values) for frame in error.frames])
    return TaskError(error.task, message, dataset=error.dataset, help=values.hide(error.help))


def _frame(frame: traceback.FrameSummary, values: Values) -> traceback.FrameSummary:
    line = values.hide(frame.line or "")
    return frame if line == frame.line else traceback.FrameSummary(frame.filename, frame.lineno, frame.name, line=line)


def cleaned(error: BaseException, values: Values) -> BaseException | None:
    """The user's own exception without any value in its text, or ``None`` where that cannot be had.

    What an exception says is made of its arguments, as a rule; it is changed in place, so that it keeps its traceback.
    """
    if not _shows(error, values):
        return error
    for each in _chain(error):
        each.args = tuple(values.hide(part) if isinstance(part, str) else part for part in each.args)
        if notes := getattr(each, "__notes__", None):
            notes[:] = [values.hide(note) for note in notes]
    return None if _shows(error, values) else error


def _shows(error: BaseException, values: Values) -> bool:
    """Whether a value is in what Python says of an exception, or of those that led to it."""
    said = [text for each in _chain(error) for text in traceback.format_exception_only(each)]
    said += [_shown(part) for each in _chain(error) for part in each.args]
    return any(values.hide(text) != text for text in said)


def _shown(part: object) -> str:
    try:
        return repr(part)
    except Exception:  # what cannot be shown shows no value
        return ""


def _chain(error: BaseException) -> list[BaseException]:
    """An exception with those that led to it, and those that are grouped in it, each once."""
    found: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    for each in waiting:
        if each is not None and all(each is not known for known in found):
            found.append(each)
            waiting += [each.__cause__, each.__context__, *getattr(each, "exceptions", ())]
    return found
