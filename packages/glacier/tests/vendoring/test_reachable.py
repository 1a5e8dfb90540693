"""Packages that a cloud, or the build of an image, would not find."""

from __future__ import annotations

import pytest
from commanding import there
from glacier.errors import CompileError
from glacier.pipeline import Task
from glacier.vendoring import build
from lights import Exported, Index, in_an_image, on_aws, on_azure, on_gcp

FILE = "lamp @ file:///home/me/lamp-1.0-py3-none-any.whl \\\n    --hash=sha256:lamp\n"


@pytest.mark.parametrize(("task", "installer"), [(on_gcp, "gcp"), (in_an_image, "the build of the image")])
def test_a_file_of_this_machine(task: Task[..., None], installer: str, exported: Exported, index: Index) -> None:
    infra = exported(task)
    before = there(infra)
    index.lines["lamp"] = FILE
    with pytest.raises(CompileError) as raised:
        build(infra)
    (error,) = raised.value.diagnostics
    assert error.message == f"lamp is a file of this machine, which {installer} does not have"
    assert "beside the pipeline" in error.help
    assert there(infra) == before


@pytest.mark.parametrize("task", [on_aws, on_azure])
def test_what_is_installed_here_may_be_a_file(task: Task[..., None], exported: Exported, index: Index) -> None:
    index.lines["lamp"] = FILE
    assert build(exported(task)).fits
