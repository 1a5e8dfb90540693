"""Whole outputs, byte for byte: ``just golden`` rewrites them, and the difference is the review.

The copies of Glacier and of the example inside a folder of code are left out: they are the sources themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest
from glacier.bundle import digest_of
from glacier.compilation import Compiled
from glacier.testing.cases import CASES
from mixes import COMPILERS, PAIRS, compiler, quietly, round_trip, visit
from workspace import ROOT, compilers_of

GOLDEN = ROOT / "tests" / "golden"
# What an example alone does not show: each cloud with everything, and each pair of clouds both ways.
CASES_SHOWN: Mapping[str, Callable[[], Compiled]] = {
    "aws-everything": lambda: COMPILERS["aws"]().compile(CASES["everything"]()),
    "gcp-everything": lambda: COMPILERS["gcp"]().compile(CASES["everything"]()),
    "azure-everything": lambda: COMPILERS["azure"]().compile(CASES["everything"]()),
    "aws-shared": lambda: COMPILERS["aws"]().compile(CASES["shared"]()),
    "aws-fan": lambda: COMPILERS["aws"]().compile(CASES["fan"]()),
    "round-trip": lambda: quietly(compiler("aws", "gcp", "azure"), round_trip()),
    **{
        f"{home}-to-{host}": partial(lambda home, host: quietly(compiler(home, host), visit(home, host)), home, host)
        for home, host in PAIRS
    },
}
EXAMPLES_SHOWN = {"sales": "aws", "lake": "gcp", "weather": "azure", "compliance": "compiler", "migration": "on_both"}
EXAMPLES_SHOWN |= {"hybrid": "compiler", "best_of_breed": "compiler"}


def compiled(name: str, examples: Mapping[str, ModuleType]) -> Compiled:
    """An example or a case, compiled."""
    if name in CASES_SHOWN:
        return CASES_SHOWN[name]()
    module = examples[name]
    return quietly(compilers_of(module)[EXAMPLES_SHOWN[name]], module.pipeline)


def kept(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """What a golden tree holds."""
    entries = {name for made in COMPILERS.values() for name in made.entry}
    ours = {"manifest.json", "requirements.txt", "Dockerfile", *entries}
    return {
        path: without_digests(content, files)
        for path, content in files.items()
        if path != "glacier.json" and ("/functions/" not in path or path.split("/", 3)[3] in ours)
    }


def without_digests(content: bytes, files: Mapping[str, bytes]) -> bytes:
    """A text in which the digests of the folders of code are one word: they change whenever Glacier's runtime does."""
    folders: dict[str, dict[str, bytes]] = {}
    for path, inside in files.items():
        if "/functions/" in path:
            cloud, functions, folder, rest = path.split("/", 3)
            folders.setdefault(f"{cloud}/{functions}/{folder}", {})[rest] = inside
    for inside_of in folders.values():
        content = content.replace(digest_of(inside_of).encode(), b"0123456789ab")
    return content


@pytest.mark.parametrize("name", [*EXAMPLES_SHOWN, *CASES_SHOWN])
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
