"""What a folder of code imports and nothing brings: said before it is deployed, and only if it is sure to fail."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module, invalidate_caches
from pathlib import Path

import pytest
from glacier.compilation import MultiCloudCompiler
from glacier.errors import Diagnostic, Severity
from glacier.vendoring import build
from glacier_aws import AWSCompiler
from glacier_gcp import GCPCompiler
from lights import Index

FLOW = """\
{imports}
from glacier import Pipeline, compute
from glacier_aws.compute import Lambda
from glacier_gcp.compute import CloudFunction

pipeline = Pipeline("lights")


@pipeline.task(compute={compute})
def shine() -> None:
    {body}


@pipeline.task(compute={other})
def other() -> None: ...


def helper():
    {helper}


def nobody_calls_it():
    import oil
"""
LAMP = "compute.serverless(requirements=['lamp'])"

Missing = Callable[..., Sequence[Diagnostic]]


@pytest.fixture
def missing(index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Missing]:
    """Exports and builds a pipeline of its own, in a package, and says what was said of its imports."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = {*sys.modules}

    def find(
        imports: str = "",
        *,
        body: str = "pass",
        helper: str = "pass",
        compute: str = LAMP,
        other: str = "compute.container()",
        **beside: str,
    ) -> Sequence[Diagnostic]:
        package = tmp_path / "shop"
        package.mkdir()
        flow = FLOW.format(imports=imports, body=body, helper=helper, compute=compute, other=other)
        for name, text in {"__init__": "", **beside, "flow": flow}.items():
            (package / f"{name}.py").write_text(text)
        invalidate_caches()
        # What it imports need not be here.
        monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, _Anything()])
        both = MultiCloudCompiler({"aws": AWSCompiler(), "gcp": GCPCompiler()})
        both.compile(import_module("shop.flow").pipeline).export_pulumi(tmp_path / "infra")
        return [each for each in build(tmp_path / "infra").diagnostics if each.code == "import"]

    yield find
    for name in {*sys.modules} - before:
        del sys.modules[name]


class _Anything:
    """Finds every module that nothing else finds; it has every name."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> object:
        from importlib.machinery import ModuleSpec

        return ModuleSpec(name, self, is_package=True) if name.startswith(("oil", "wick", "lamp", "google")) else None  # type: ignore[arg-type]

    def create_module(self, spec: object) -> None:
        return None

    def exec_module(self, module: object) -> None:
        vars(module)["__getattr__"] = lambda name: None if not name.startswith("__") else vars(module)[name]


def test_what_a_module_imports(missing: Missing) -> None:
    (found,) = missing("import lamp, oil.press as press")
    assert found.severity is Severity.WARNING
    assert found.message == "oil is imported, and nothing brings it to aws"
    assert str(found.where).endswith("shop/flow.py:1")
    assert found.help == "requirements=[…the package that has oil…] for the compute of the tasks that need it"


def test_what_its_task_imports(missing: Missing) -> None:
    (found,) = missing(body="from wick import cotton")
    assert found.message.startswith("wick is imported")


def test_what_its_task_calls_imports(missing: Missing) -> None:
    (found,) = missing(body="helper()", helper="import wick")
    assert found.message.startswith("wick is imported")


def test_what_a_module_beside_it_imports(missing: Missing) -> None:
    (found,) = missing("from .beside import x", beside="from shop.further import y as x", further="import oil; y = 1")
    assert str(found.where).endswith("shop/further.py:1")


def test_a_name_that_is_known_here(missing: Missing) -> None:
    (found,) = missing(body="import yaml")
    assert found.help.startswith("requirements=['PyYAML']")


def test_a_part_of_a_namespace(missing: Missing, index: Index) -> None:
    index.files["lamp"] = {"google/cloud/storage/__init__.py": ""}
    (found,) = missing("import google.cloud\nfrom google.cloud import storage, oil")
    assert found.message.startswith("google.cloud.oil is imported")


def test_once_for_all_clouds(missing: Missing) -> None:
    asked = "(requirements=['lamp'])"
    (found,) = missing("import oil", compute=f"CloudFunction{asked}", other=f"Lambda{asked}")
    assert found.message == "oil is imported, and nothing brings it to aws, gcp"


@pytest.mark.parametrize(
    "imports",
    [
        "import json, lamp.shade, shop, glacier_aws",
        "from . import beside",
        "from __future__ import annotations",
        "import boto3\nfrom botocore import config",
        "try:\n    import oil\nexcept ImportError:\n    import wick",
        "try:\n    import oil\nexcept (KeyError, ModuleNotFoundError):\n    pass",
        "import contextlib\nwith contextlib.suppress(ImportError):\n    import oil",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import oil",
        "def unused():\n    import oil",
    ],
)
def test_what_is_there_or_may_be_missing(imports: str, missing: Missing) -> None:
    assert missing(imports, beside="") == []


@pytest.mark.parametrize(
    "compute",
    [
        "Lambda(layers=['arn:aws:lambda:eu-west-1:123456789012:layer:oil:1'])",
        "compute.container()",
        "compute.container(image='x/y:1')",
    ],
)
def test_what_a_layer_or_an_image_may_have(compute: str, missing: Missing) -> None:
    assert missing("import oil", compute=compute) == []


def test_boto3_is_lambdas_alone(missing: Missing) -> None:
    (found,) = missing("import boto3", compute="CloudFunction()")
    assert found.message == "boto3 is imported, and nothing brings it to gcp"
