"""Every case, every example and every crossing, on every cloud that has them, against the real SDKs.

What is slow is done once for all: one type checker, one linter, and one process for all runs under the mocks.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import proven_aws
import proven_azure
import proven_gcp
import pytest
from glacier.compilation import Compiled
from mixes import JOBS, PAIRS, compiler, doubled, export, keys, quietly, round_trip, visit
from workspace import compilers_of


def everything(examples: Mapping[str, ModuleType]) -> dict[str, Compiled]:
    """What is proven, by a name that becomes a folder."""
    found = {name: made for proven in (proven_aws, proven_gcp, proven_azure) for name, made in proven.everything()}
    for name, module in examples.items():
        for variable, chosen in compilers_of(module).items():
            found[f"example-{name}-{variable}"] = quietly(chosen, module.pipeline)
    for home, host in PAIRS:
        found[f"{home}-to-{host}"] = quietly(compiler(home, host), visit(home, host))
        found[f"{home}-job-to-{host}"] = quietly(compiler(home, host), visit(home, host, works=JOBS))
        found[f"{home}-to-{host}-twice"] = doubled(home, host)
        found[f"{home}-network-to-{host}"] = quietly(compiler(home, host), export(home, host))
    found["keys"] = quietly(compiler("aws", "gcp", "azure"), keys())
    found["round-trip"] = quietly(compiler("aws", "gcp", "azure"), round_trip())
    return found


@pytest.mark.slow
def test_generated_text_is_right(examples: Mapping[str, ModuleType], tmp_path: Path) -> None:
    # Imported here, since it brings Pulumi, which the quick loop does without.
    from glacier.testing.proofs import check_text, export

    compiled = everything(examples)
    assert len(compiled) > 80
    problems = check_text(export(compiled, tmp_path).values())
    assert not problems, "\n".join(problems[:40])


@pytest.mark.slow
def test_generated_programs_do_what_they_should(examples: Mapping[str, ModuleType], tmp_path: Path) -> None:
    from glacier.testing.proofs import check_runs, export

    compiled = everything(examples)
    problems = check_runs(compiled, export(compiled, tmp_path))
    assert not problems, "\n".join(problems[:40])
