"""Whole outputs, byte for byte: ``just golden`` rewrites them, and the difference is the review.

The copies of Glacier and of the example inside a folder of code are left out: they are the sources themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import pytest
from glacier.compilation import Compiled
from glacier.testing.cases import CASES
from glacier_aws import AWSCompiler
from workspace import EXAMPLES, ROOT

GOLDEN = ROOT / "tests" / "golden"
FROM_CASES = ("shared", "fan", "everything", "queue")


def compiled(name: str, examples: Mapping[str, ModuleType]) -> Compiled:
    """An example or a case, compiled to AWS."""
    if name in FROM_CASES:
        return AWSCompiler().compile(CASES[name]())
    module = examples[name]
    return getattr(module, "compiler", AWSCompiler()).compile(module.pipeline)


def kept(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """What a golden tree holds."""
    ours = ("handler.py", "manifest.json", "requirements.txt", "Dockerfile")
    return {
        path: content
        for path, content in files.items()
        if path != "glacier.json" and ("/functions/" not in path or (path.count("/") == 3 and path.endswith(ours)))
    }


@pytest.mark.parametrize("name", [*EXAMPLES, *FROM_CASES])
def test_the_output_is_what_was_reviewed(
    name: str, examples: Mapping[str, ModuleType], request: pytest.FixtureRequest
) -> None:
    folder = GOLDEN / name
    made = kept(compiled(name, examples).files)
    if request.config.getoption("--update-golden"):
        _rewrite(folder, made)
    there = {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    assert sorted(there) == sorted(made)
    for path, content in made.items():
        assert content.decode() == there[path].decode(), f"{name}/{path}: run `just golden` and review the difference"


def _rewrite(folder: Path, made: Mapping[str, bytes]) -> None:
    for stale in [p for p in folder.rglob("*") if p.is_file()]:
        stale.unlink()
    for path, content in made.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
