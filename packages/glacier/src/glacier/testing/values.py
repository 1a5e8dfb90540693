"""The outputs a cloud would answer with: a value of the declared type for every property, no two alike."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping

from glacier.testing import schema
from glacier.testing.schema import Block, Choice, Field, File, Many, Plain, Shape, Table
from glacier.testing.wire import UNKNOWN

ACCOUNT = "123456789012"
REGION = "us-east-1"

# Properties whose answers other values are made of, so that any text will not do.
ANSWERS: Mapping[str, str] = {
    "accountId": ACCOUNT,
    "region": REGION,
    "partition": "aws",
    "dnsSuffix": "amazonaws.com",
    "subscriptionId": "00000000-0000-0000-0000-000000000001",
    "tenantId": "00000000-0000-0000-0000-000000000002",
}

# What a provider's function answers when its type alone would not make a believable answer.
LOOKUPS: Mapping[str, Mapping[str, object]] = {
    "aws:index/getAvailabilityZones:getAvailabilityZones": {
        "names": [f"{REGION}{letter}" for letter in "abc"],
        "zoneIds": [f"use1-az{number}" for number in (1, 2, 3)],
    },
    "aws:index/getRegion:getRegion": {"id": REGION, "name": REGION},
    "aws:index/getCallerIdentity:getCallerIdentity": {
        "id": ACCOUNT,
        "arn": f"arn:aws:iam::{ACCOUNT}:user/deployer",
        "userId": "AIDAEXAMPLE",
    },
    "aws:index/getPartition:getPartition": {"id": "aws", "reverseDnsPrefix": "com.amazonaws"},
}

# Amazon resource names that do not follow arn:aws:SERVICE:REGION:ACCOUNT:KIND:NAME.
ARNS: Mapping[str, str] = {
    "iam": "arn:aws:iam::{account}:{kind}/{name}",
    "s3": "arn:aws:s3:::{name}",
    "sqs": "arn:aws:sqs:{region}:{account}:{name}",
    "sns": "arn:aws:sns:{region}:{account}:{name}",
    "ecr": "arn:aws:ecr:{region}:{account}:{kind}/{name}",
    "kms": "arn:aws:kms:{region}:{account}:{kind}/{name}",
    "dynamodb": "arn:aws:dynamodb:{region}:{account}:{kind}/{name}",
}

DEPTH = 6
"""How deep nested outputs are made up, positions in lists included: some types contain themselves."""


def answer(token: str, name: str, declared: Mapping[str, Field], given: Mapping[str, object]) -> dict[str, object]:
    """A value for every declared property, by the engine's names; what was given comes back where the types agree."""
    return {
        wire: _completed(given[wire], known.shape, (name, wire), token)
        if wire in given and _agrees(given[wire], known.shape)
        else _made(known.shape, (name, wire), token)
        for wire, known in declared.items()
    }


def preview(declared: Mapping[str, Field], given: Mapping[str, object]) -> dict[str, object]:
    """The same before anything exists: only what was given is known."""
    return {
        wire: _known(given[wire], known.shape) if wire in given and _agrees(given[wire], known.shape) else UNKNOWN
        for wire, known in declared.items()
    }


def lookup(token: str, declared: Mapping[str, Field], given: Mapping[str, object]) -> dict[str, object]:
    """What a provider's function answers, by the engine's names."""
    name = schema.snake(token.rpartition(":")[2])
    return answer(token, name, declared, {**LOOKUPS.get(token, {}), **given})


def _agrees(value: object, shape: Shape) -> bool:
    """Whether an input may come back as an output: some types take a list and answer with a mapping."""
    return not shape or any(_same_kind(value, one) for one in shape)


def _same_kind(value: object, one: object) -> bool:
    match one, value:
        case Many(item=item), list():
            return all(_agrees(inner, item) for inner in value)
        case Table(item=item), Mapping():
            return all(_agrees(inner, item) for inner in value.values())
        case Block(cls=cls), Mapping():
            known = schema.fields(cls)
            return all(wire in known and _agrees(inner, known[wire].shape) for wire, inner in value.items())
        case File(), tuple():
            return True
        case ((Plain() | Choice()), (str() | bool() | int() | float())):
            return True
    return value is UNKNOWN


def _blocks(value: object, shape: Shape) -> Iterator[tuple[Mapping[str, object], Mapping[str, Field]]]:
    for one in shape:
        if isinstance(one, Block) and isinstance(value, Mapping) and _same_kind(value, one):
            yield value, schema.fields(one.cls)
            return


def _completed(value: object, shape: Shape, path: tuple[str, ...], token: str) -> object:
    """What was given, with the keys that the cloud adds to it."""
    for given, known in _blocks(value, shape):
        return {
            wire: _completed(given[wire], field.shape, (*path, wire), token)
            if wire in given
            else _made(field.shape, (*path, wire), token)
            for wire, field in known.items()
        }
    if isinstance(value, list):
        item = next((one.item for one in shape if isinstance(one, Many)), ())
        return [_completed(inner, item, (*path, str(index)), token) for index, inner in enumerate(value)]
    return value


def _known(value: object, shape: Shape) -> object:
    for given, known in _blocks(value, shape):
        return {wire: _known(given[wire], field.shape) if wire in given else UNKNOWN for wire, field in known.items()}
    if isinstance(value, list):
        item = next((one.item for one in shape if isinstance(one, Many)), ())
        return [_known(inner, item) for inner in value]
    return value


def _made(shape: Shape, path: tuple[str, ...], token: str) -> object:
    if len(path) > DEPTH + 1:
        return None
    match shape[0] if shape else Plain(str):
        case Many(item=item):
            made = _made(item, (*path, "0"), token)
            return [] if made is None else [made]
        case Table(item=item):
            return {"key": _made(item, (*path, "key"), token)}
        case Block(cls=cls):
            return {wire: _made(field.shape, (*path, wire), token) for wire, field in schema.fields(cls).items()}
        case Choice(values=values):
            return values[0]
        case File():
            return None
        case Plain(type=kind):
            return _plain(kind, path, token)


def _plain(kind: type, path: tuple[str, ...], token: str) -> object:
    number = 1024 + zlib.crc32("/".join(path).encode()) % 60000
    return {bool: True, int: number, float: number + 0.5}[kind] if kind is not str else _text(path, token)


def _text(path: tuple[str, ...], token: str) -> str:
    wire = path[-1]
    if wire in ANSWERS:
        return ANSWERS[wire]
    if wire == "arn" or wire.endswith("Arn"):
        _, module, kind = token.split(":")
        service = module.partition("/")[0]
        name = "_".join(path[:-1]) if wire == "arn" else "_".join((*path[:-1], schema.snake(wire[:-3])))
        form = ARNS.get(service, "arn:aws:{service}:{region}:{account}:{kind}:{name}")
        return form.format(service=service, region=REGION, account=ACCOUNT, kind=kind.lower(), name=name)
    return "_".join((path[0], *map(schema.snake, path[1:])))
