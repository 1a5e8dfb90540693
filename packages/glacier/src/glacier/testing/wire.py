"""How values travel between a program and the engine: plain data, with marks for secrets, files and the unknown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from google.protobuf import json_format, struct_pb2
from pulumi.runtime import rpc

Steps: TypeAlias = tuple[str | int, ...]
"""The way to a value inside another: keys and positions."""


class Unknown:
    """A value known only after deploying."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()


def decode(struct: Any) -> tuple[dict[str, object], set[Steps]]:
    """A message's properties as plain data, and the paths of those that are secret."""
    secrets: set[Steps] = set()
    plain = json_format.MessageToDict(struct)
    return {name: _plain(value, (name,), secrets) for name, value in plain.items()}, secrets


def _plain(value: Any, path: Steps, secrets: set[Steps]) -> object:
    match value:
        case {rpc._special_sig_key: rpc._special_secret_sig}:
            secrets.add(path)
            return _plain(value.get("value"), path, secrets)
        case {rpc._special_sig_key: rpc._special_asset_sig | rpc._special_archive_sig as kind}:
            return _file("asset" if kind == rpc._special_asset_sig else "archive", value, path, secrets)
        case {rpc._special_sig_key: rpc._special_resource_sig}:
            return ("resource", value["urn"])
        case {}:
            return {key: _plain(one, (*path, key), secrets) for key, one in value.items()}
        case []:
            return []
        case [*items]:
            return [_plain(one, (*path, index), secrets) for index, one in enumerate(items)]
        case rpc.UNKNOWN:
            return UNKNOWN
        case float() if value.is_integer():  # the engine knows one kind of number
            return int(value)
    return value


def _file(kind: str, value: Mapping[str, Any], path: Steps, secrets: set[Steps]) -> tuple[str, object]:
    for key, label in (("path", kind), ("text", f"{kind} text"), ("uri", f"{kind} uri")):
        if key in value:
            return (label, value[key])
    return (kind, {name: _plain(one, (*path, name), secrets) for name, one in value.get("assets", {}).items()})


def encode(state: Mapping[str, object], hidden: set[str] | frozenset[str] = frozenset()) -> struct_pb2.Struct:
    """Plain data as a message's properties, of which those ``hidden`` are secret."""
    struct = struct_pb2.Struct()
    for name, value in state.items():
        sent = _sent(value)
        if name in hidden:
            sent = {rpc._special_sig_key: rpc._special_secret_sig, "value": sent}
        struct.update({name: sent})
    return struct


def _sent(value: object) -> Any:
    match value:
        case Unknown():
            return rpc.UNKNOWN
        case ("archive" | "asset" as kind, str() as path):
            sig = rpc._special_asset_sig if kind == "asset" else rpc._special_archive_sig
            return {rpc._special_sig_key: sig, "path": path}
        case tuple():
            return None
        case Mapping():
            return {str(key): _sent(one) for key, one in value.items() if one is not None}
        case list():
            return [_sent(one) for one in value]
    return value
