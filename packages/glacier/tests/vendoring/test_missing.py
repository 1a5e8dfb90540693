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
{decorator}
def shine() -> None:
    {body}


@pipeline.task(compute={other})
def other() -> None:
    {other_body}


def helper():
    {helper}


def nobody_calls_it():
    import oil
"""
RE_EXPORT = {
    "imports": "from .beside import x",
    "body": "x()",
    "beside": "from shop.further import y as x",
    "further": "import wick\ndef y(): wick",
}
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
        decorator: str = "",
        body: str = "pass",
        helper: str = "pass",
        compute: str = LAMP,
        other: str = "compute.container()",
        other_body: str = "pass",
        **beside: str,
    ) -> Sequence[Diagnostic]:
        package = tmp_path / "shop"
        package.mkdir()
        flow = FLOW.format(
            imports=imports,
            decorator=decorator,
            body=body,
            helper=helper,
            compute=compute,
            other=other,
            other_body=other_body,
        )
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


def _anything(name: str) -> object:
    """A decorator or a class."""
    if name.startswith("__"):
        raise AttributeError(name)
    return (lambda function: function) if name == "slowly" else type(name, (), {"__init__": lambda *_: None})


class _Anything:
    """Finds every module that nothing else finds; it has every name."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> object:
        from importlib.machinery import ModuleSpec

        return ModuleSpec(name, self, is_package=True) if name.startswith(("oil", "wick", "lamp", "google")) else None  # type: ignore[arg-type]

    def create_module(self, spec: object) -> None:
        return None

    def exec_module(self, module: object) -> None:
        vars(module)["__getattr__"] = _anything


def test_what_a_task_uses(missing: Missing) -> None:
    (found,) = missing("import lamp, oil.press as press", body="press.turn()")
    assert found.severity is Severity.WARNING
    assert (found.subject, found.message) == ("task shine", "needs oil, which nothing brings to aws")
    assert str(found.where).endswith("shop/flow.py:12")
    assert found.help == "requirements=[…the package that has oil…] for its compute"


@pytest.mark.parametrize(
    "case",
    [
        {"body": "from wick import cotton"},
        {"body": "helper()", "helper": "import wick"},
        {"imports": "import wick as w", "body": "helper()", "helper": "w.x"},
        {"imports": "import wick as w\nLONG = w.x(1)", "body": "print(LONG)"},
        {"imports": "import wick\nclass Long(wick.Lamp): pass", "body": "Long()"},
        {"imports": "import wick", "decorator": "@wick.slowly"},
        RE_EXPORT,
        {"imports": "from . import beside as b", "body": "b.x()", "beside": "def x():\n    import wick"},
        {"body": "from .beside import x; x()", "beside": "import wick\ndef x(): wick.y"},
    ],
)
def test_however_a_task_comes_to_it(case: dict[str, str], missing: Missing) -> None:
    (found,) = missing(**case)
    assert found.message == "needs wick, which nothing brings to aws"


def test_a_name_that_is_known_here(missing: Missing) -> None:
    (found,) = missing(body="import yaml")
    assert found.help.startswith("requirements=['PyYAML']")


def test_a_part_of_a_namespace(missing: Missing, index: Index) -> None:
    index.files["lamp"] = {"google/cloud/storage/__init__.py": ""}
    (found,) = missing(body="import google.cloud; from google.cloud import storage, oil")
    assert found.message.startswith("needs google.cloud.oil,")


def test_each_task_on_its_own_cloud(missing: Missing) -> None:
    asked = "(requirements=['lamp'])"
    found = missing(
        "import oil\ndef both(): oil",
        body="both()",
        compute=f"CloudFunction{asked}",
        other=f"Lambda{asked}",
        other_body="both()",
    )
    assert [(each.subject, each.message[-3:]) for each in found] == [("task other", "aws"), ("task shine", "gcp")]


@pytest.mark.parametrize(
    "imports",
    [
        "import json, lamp.shade as used, shop, glacier_aws",
        "from . import beside as used",
        "from __future__ import annotations as used",
        "import boto3 as used\nfrom botocore import config",
        "import oil\nused = 1",  # another task's
        "import oil\ndef used(x: oil.Press | None = None): ...",
        "try:\n    import oil as used\nexcept ImportError:\n    import wick as used",
        "try:\n    import oil as used\nexcept (KeyError, ModuleNotFoundError):\n    used = None",
        "import contextlib\nwith contextlib.suppress(ImportError):\n    import oil as used",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import oil as used",
        "def unused():\n    import oil as used",
    ],
)
def test_what_is_there_or_may_be_missing(imports: str, missing: Missing) -> None:
    assert missing(imports, body="used", beside="") == []


@pytest.mark.parametrize(
    "compute",
    [
        "Lambda(layers=['arn:aws:lambda:eu-west-1:123456789012:layer:oil:1'])",
        "compute.container()",
        "compute.container(image='x/y:1')",
    ],
)
def test_what_a_layer_or_an_image_may_have(compute: str, missing: Missing) -> None:
    assert missing("import oil", body="oil", compute=compute) == []


def test_boto3_is_lambdas_alone(missing: Missing) -> None:
    (found,) = missing("import boto3", body="boto3", compute="CloudFunction()")
    assert found.message == "needs boto3, which nothing brings to gcp"
