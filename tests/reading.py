"""Reads in a compilation what a test asks for: the resources of a type, and what a value says."""

from __future__ import annotations

import json
from typing import Any

from glacier import infra
from glacier.compilation import Compiled
from glacier.infra import Concat, Node, Ref, Stack


def nodes(made: Compiled, program: str, kind: str) -> list[Node]:
    return [node for node in made.programs[program].nodes if node.type.endswith(kind)]


def words(value: Any) -> str:
    """Everything a value says, with what is known only when deploying in angle brackets."""
    match value:
        case Ref():
            return f"<{value.program} {value.output}>"
        case Stack():
            return "<stack>"
        case Concat(parts=parts):
            return "".join(map(words, parts))
        case infra.Json(value=document):
            return words(document)
        case dict() | list() | tuple():
            return json.dumps(value, default=words)
    return str(value)
