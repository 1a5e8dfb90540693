"""Policies and state machines that a program hands over as text, against the JSON schemas that cfn-lint carries."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from typing import Any, Final, Literal, TypeAlias

from cfnlint.helpers import load_resource  # type: ignore[import-untyped]  # ships no types
from cfnlint.jsonschema import StandardValidator  # type: ignore[import-untyped]  # ships no types
from cfnlint.schema.resolver import RefResolver  # type: ignore[import-untyped]  # ships no types

from glacier.testing.records import Recorded
from glacier.testing.wire import UNKNOWN

Kind: TypeAlias = Literal["identity", "trust", "resource", "resource_ecr", "states"]

# Which input of which resource type holds which kind of document. A provider without documents has no rows.
DOCUMENTS: Final[Mapping[tuple[str, str], Kind]] = {
    ("aws:iam/role:Role", "assume_role_policy"): "trust",
    ("aws:iam/rolePolicy:RolePolicy", "policy"): "identity",
    ("aws:iam/policy:Policy", "policy"): "identity",
    ("aws:iam/userPolicy:UserPolicy", "policy"): "identity",
    ("aws:iam/groupPolicy:GroupPolicy", "policy"): "identity",
    ("aws:s3/bucketPolicy:BucketPolicy", "policy"): "resource",
    ("aws:sqs/queuePolicy:QueuePolicy", "policy"): "resource",
    ("aws:sqs/queue:Queue", "policy"): "resource",
    ("aws:sns/topicPolicy:TopicPolicy", "policy"): "resource",
    ("aws:sns/topic:Topic", "policy"): "resource",
    ("aws:kms/key:Key", "policy"): "resource",
    ("aws:kms/keyPolicy:KeyPolicy", "policy"): "resource",
    ("aws:secretsmanager/secretPolicy:SecretPolicy", "policy"): "resource",
    ("aws:secretsmanager/secret:Secret", "policy"): "resource",
    ("aws:ec2/vpcEndpoint:VpcEndpoint", "policy"): "resource",
    ("aws:cloudwatch/eventBusPolicy:EventBusPolicy", "policy"): "resource",
    ("aws:cloudwatch/logResourcePolicy:LogResourcePolicy", "policy_document"): "resource",
    ("aws:ecr/repositoryPolicy:RepositoryPolicy", "policy"): "resource_ecr",
    ("aws:sfn/stateMachine:StateMachine", "definition"): "states",
}


def check_documents(resources: Iterable[Recorded], table: Mapping[tuple[str, str], Kind] = DOCUMENTS) -> list[str]:
    """What is wrong with the documents of recorded resources, in sentences that name the resource and the path.

    Documents not known before deploying are passed over: look at those of an update.
    """
    return [
        f"{one.type} {one.name!r}: {name}{problem}"
        for one in resources
        for name, value in one.inputs.items()
        if (kind := table.get((one.type, name))) is not None and value is not UNKNOWN
        for problem in _problems(kind, value)
    ]


def _problems(kind: Kind, text: object) -> Iterator[str]:
    try:
        document = json.loads(str(text))
    except json.JSONDecodeError as error:
        yield f": is no JSON document: {error}"
        return
    if kind == "states" and isinstance(document, dict):
        yield from (f": {problem}" for problem in _wandering(document, "/"))
        _push_down(document, document.get("QueryLanguage"))
    for found in _validator(kind).iter_errors(document):
        yield f"{''.join(f'[{step!r}]' for step in found.path)}: {found.message}"


@functools.cache
def _validator(kind: Kind) -> Any:
    if kind == "states":
        schema = deepcopy(load_resource("cfnlint.data.schemas.other.step_functions", "statemachine.json"))
        # The schema judges a state by the language written on it, and leaves two things out of that: a success may
        # name one, and an expression may stand for the seconds to wait.
        schema["definitions"]["succeed"]["properties"]["QueryLanguage"] = {"$ref": "#/definitions/queryLanguage"}
        schema["definitions"]["wait"]["properties"]["Seconds"]["type"] = ["number", "string"]
        store = {"definition": schema}
    else:
        schema = load_resource("cfnlint.data.schemas.other.iam", f"policy_{kind}.json")
        store = {"policy": load_resource("cfnlint.data.schemas.other.iam", "policy.json"), schema["$id"]: schema}
    return StandardValidator(schema).evolve(resolver=RefResolver.from_schema(schema, store=store), schema=schema)


def _machines(state: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The machines inside a state: the branches of a parallel, what a map does with each item."""
    branches = state.get("Branches")
    for index, branch in enumerate(branches if isinstance(branches, list) else []):
        yield f"Branches/{index}/", branch
    for name in ("ItemProcessor", "Iterator"):
        if name in state:
            yield f"{name}/", state[name]


def _states(machine: object) -> dict[str, dict[str, Any]]:
    found = machine.get("States") if isinstance(machine, dict) else None
    return {name: state for name, state in (found or {}).items() if isinstance(state, dict)}


def _push_down(machine: object, language: object) -> None:
    """Write a machine's query language on its states, where the schema looks for it."""
    for state in _states(machine).values():
        if language is not None:
            state.setdefault("QueryLanguage", language)
        for _, inner in _machines(state):
            _push_down(inner, state.get("QueryLanguage", language))


def _wandering(machine: Mapping[str, Any], path: str) -> Iterator[str]:
    """Transitions to states that are not there, and states that no transition leads to."""
    states = _states(machine)
    targets = [("StartAt", machine.get("StartAt"))]
    targets += [(f"States/{name}/{where}", to) for name, state in states.items() for where, to in _transitions(state)]
    for where, target in targets:
        if isinstance(target, str) and target not in states:
            yield f"missing target {target!r} at {path}{where}"
    for name in states.keys() - {target for _, target in targets}:
        yield f"no transition leads to the state {name!r} of {path}"
    for name, state in states.items():
        for where, inner in _machines(state):
            if isinstance(inner, dict):
                yield from _wandering(inner, f"{path}States/{name}/{where}")


def _transitions(state: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    for key in ("Next", "Default"):
        if key in state:
            yield key, state[key]
    for key in ("Choices", "Catch"):
        rules = state.get(key)
        for index, rule in enumerate(rules if isinstance(rules, list) else []):
            if isinstance(rule, dict):
                yield f"{key}/{index}/Next", rule.get("Next")
