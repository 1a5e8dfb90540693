"""Mistakes planted in policies and state machines, and seen."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pulumi_aws
import pytest
from glacier.testing import schema
from glacier.testing.documents import DOCUMENTS, check_documents
from glacier.testing.records import Options, Recorded
from glacier.testing.wire import UNKNOWN

pytestmark = pytest.mark.slow

ALLOW = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::raw/*"]}
ASSUME = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
GIVE = {**ALLOW, "Principal": {"AWS": "arn:aws:iam::123456789012:role/reader"}}
INVOKE = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "f"}}
ROLE = "aws:iam/role:Role", "assume_role_policy"
POLICY = "aws:iam/rolePolicy:RolePolicy", "policy"
BUCKET = "aws:s3/bucketPolicy:BucketPolicy", "policy"
QUEUE = "aws:sqs/queuePolicy:QueuePolicy", "policy"
IMAGES = "aws:ecr/repositoryPolicy:RepositoryPolicy", "policy"
MACHINE = "aws:sfn/stateMachine:StateMachine", "definition"
PULL = {"Effect": "Allow", "Action": ["ecr:BatchGetImage"], "Principal": {"Service": "lambda.amazonaws.com"}}


def document(*statements: object, version: str = "2012-10-17") -> dict[str, Any]:
    return {"Version": version, "Statement": list(statements)}


def machine(**states: object) -> dict[str, Any]:
    return {"StartAt": next(iter(states)), "States": states}


PARALLEL = machine(
    both={"Type": "Parallel", "Next": "done", "Branches": [machine(a={**INVOKE, "End": True})]},
    done={"Type": "Succeed"},
)
JSONATA = {
    "QueryLanguage": "JSONata",
    **machine(
        call={**{k: v for k, v in INVOKE.items() if k != "Parameters"}, "Arguments": {"F": "f"}, "Next": "each"},
        each={
            "Type": "Map",
            "Items": "{% $states.input %}",
            "ItemProcessor": machine(one={"Type": "Pass", "Output": {"a": "{% $states.input %}"}, "End": True}),
            "Next": "wait",
        },
        wait={"Type": "Wait", "Seconds": "{% $states.input.n %}", "Next": "choose"},
        choose={"Type": "Choice", "Choices": [{"Condition": "{% true %}", "Next": "done"}], "Default": "failed"},
        done={"Type": "Succeed", "Output": {"a": 1}},
        failed={"Type": "Fail", "Error": "no"},
    ),
}


def found(place: tuple[str, str], value: object) -> list[str]:
    type_, name = place
    text = value if isinstance(value, str) or value is UNKNOWN else json.dumps(value)
    recorded = Recorded(
        type=type_, name="one", urn="u", path="p", id="i", inputs={name: text}, outputs={}, options=Options()
    )
    return check_documents([recorded])


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (ROLE, document(ASSUME)),
        (POLICY, document(ALLOW)),
        (BUCKET, document(GIVE)),
        (QUEUE, document(GIVE)),
        (IMAGES, document(PULL)),
        (MACHINE, machine(call={**INVOKE, "Next": "done"}, done={"Type": "Succeed"})),
        (MACHINE, PARALLEL),
        (MACHINE, JSONATA),
        (POLICY, UNKNOWN),
        (("gcp:projects/iAMMember:IAMMember", "policy"), "no document at all"),
    ],
)
def test_a_sound_document(place: tuple[str, str], value: object) -> None:
    assert found(place, value) == []


def changed(value: dict[str, Any], *path: str | int, to: object) -> dict[str, Any]:
    copy: Any = deepcopy(value)
    inner = copy
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = to
    result: dict[str, Any] = copy
    return result


STATEMENT = ("Statement", 0)
PLANTED = {
    "a misspelt effect": (POLICY, changed(document(ALLOW), *STATEMENT, "Effect", to="Alow"), "'Alow' is not one of"),
    "a bad version": (POLICY, document(ALLOW, version="2012-10-18"), "'2012-10-18' is not one of"),
    "an action that is an object": (POLICY, changed(document(ALLOW), *STATEMENT, "Action", to={"a": 1}), "['Action']"),
    "no action": (POLICY, changed(document(ALLOW), *STATEMENT, "Action", to=[]), "minimum item count: 1"),
    "an action and its opposite": (POLICY, changed(document(ALLOW), *STATEMENT, "NotAction", to="*"), "NotAction"),
    "a resource that is no arn": (POLICY, changed(document(ALLOW), *STATEMENT, "Resource", to="raw"), "['Resource']"),
    "a misspelt key": (POLICY, changed(document(ALLOW), *STATEMENT, "Resorce", to="*"), "'Resorce' was unexpected"),
    "a bad condition": (POLICY, changed(document(ALLOW), *STATEMENT, "Condition", to={"Stringy": {}}), "'Stringy'"),
    "a principal in an identity policy": (POLICY, document(GIVE), "'Principal' was unexpected"),
    "no principal in a trust policy": (ROLE, document({"Effect": "Allow", "Action": "sts:AssumeRole"}), "Principal"),
    "a resource in a trust policy": (ROLE, document({**ASSUME, "Resource": "*"}), "'Resource' was unexpected"),
    "a principal that is no arn": (BUCKET, changed(document(GIVE), *STATEMENT, "Principal", "AWS", to="me"), "'me'"),
    "no principal in a queue's policy": (QUEUE, document(ALLOW), "Principal"),
    "a typo in a registry's policy": (IMAGES, document({**PULL, "Effect": "Alow"}), "'Alow' is not one of"),
    "no document": (POLICY, "{", "is no JSON document"),
    "a bad state type": (MACHINE, machine(call={**INVOKE, "Type": "Tusk", "End": True}), "'Tusk' is not one of"),
    "a state that neither ends nor goes on": (MACHINE, machine(call=INVOKE), "Next"),
    "a misspelt key of a state": (MACHINE, machine(call={**INVOKE, "End": True, "Retri": []}), "'Retri' was unexpec"),
    "a missing target": (MACHINE, machine(call={**INVOKE, "Next": "gone"}), "missing target 'gone' at /States/call/Ne"),
    "a missing start": (MACHINE, {**machine(call={**INVOKE, "End": True}), "StartAt": "x"}, "missing target 'x' at /S"),
    "a missing target after a failure": (
        MACHINE,
        machine(call={**INVOKE, "End": True, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "gone"}]}),
        "missing target 'gone' at /States/call/Catch/0/Next",
    ),
    "a missing target of a choice": (
        MACHINE,
        changed(JSONATA, "States", "choose", "Choices", 0, "Next", to="gone"),
        "missing target 'gone' at /States/choose/Choices/0/Next",
    ),
    "a missing target in a branch": (
        MACHINE,
        changed(PARALLEL, "States", "both", "Branches", 0, "StartAt", to="gone"),
        "missing target 'gone' at /States/both/Branches/0/StartAt",
    ),
    "a bad type in a branch": (
        MACHINE,
        changed(PARALLEL, "States", "both", "Branches", 0, "States", "a", "Type", to="Tusk"),
        "'Tusk' is not one of",
    ),
    "a state that nothing leads to": (
        MACHINE,
        machine(call={**INVOKE, "End": True}, lost={"Type": "Succeed"}),
        "no transition leads to the state 'lost'",
    ),
    "a path in a JSONata state": (
        MACHINE,
        changed(JSONATA, "States", "call", "ResultPath", to="$.x"),
        "['States']['call']['ResultPath']",
    ),
    "arguments in a JSONPath state": (
        MACHINE,
        machine(call={**INVOKE, "Arguments": {"a": 1}, "End": True}),
        "['States']['call']['Arguments']",
    ),
}


@pytest.mark.parametrize("mistake", PLANTED)
def test_a_planted_mistake_is_seen(mistake: str) -> None:
    place, value, wanted = PLANTED[mistake]
    problems = found(place, value)
    assert any(wanted in problem for problem in problems), problems
    assert all(problem.startswith(f"{place[0]} 'one': {place[1]}") for problem in problems)


def test_every_row_names_an_input_of_the_sdk() -> None:
    assert pulumi_aws.__name__
    for token, name in DOCUMENTS:
        known = schema.resource_type(token)
        assert known is not None, token
        assert name in {f.name for f in known.inputs.values()}, (token, name)
