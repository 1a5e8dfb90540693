"""Mistakes that only a type checker, a linter or a formatter sees, planted, and seen."""

from __future__ import annotations

from pathlib import Path

import pytest
from glacier.testing.sdk import lint, typecheck

pytestmark = pytest.mark.slow

HEAD = '"""A program."""\n\nimport pulumi\nimport pulumi_aws as aws\n\nimport overrides\n\n'

CLEAN = """\
pulumi.runtime.register_stack_transformation(overrides.transform)
raw = aws.s3.Bucket("raw")
aws.s3.BucketVersioning("raw", bucket=raw.bucket, versioning_configuration={"status": "Enabled"})
pulumi.export("bucket", pulumi.Output.concat(raw.arn, "/*"))
"""

OVERRIDES = """\
import pulumi


def transform(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
    return None
"""

TYPES = {
    "a bad nested key": (
        'aws.s3.BucketVersioning("raw", bucket="b", versioning_configuration={"statu": "Enabled"})\n',
        "reportArgumentType",
    ),
    "a wrong type": ('aws.sqs.Queue("q", delay_seconds="5")\n', "reportArgumentType"),
    "an output that may be nothing": (
        'function = aws.lambda_.Function("f", role="r")\n'
        'pulumi.export("x", pulumi.Output.concat("key ", function.kms_key_arn))\n',
        "reportArgumentType",
    ),
    "an unknown attribute": ('pulumi.export("x", aws.s3.Bucket("raw").nothing)\n', "reportAttributeAccessIssue"),
    "a module that is not there": ("import pulumi_awz\n\npulumi_awz.x\n", "reportMissingImports"),
    "another project's overrides": ("overrides.of_another()\n", "reportAttributeAccessIssue"),
}


def project(root: Path, body: str, overrides: str = OVERRIDES) -> Path:
    (root / "functions").mkdir(parents=True)
    (root / "functions" / "not_ours.py").write_text("x: int = 'somebody else's'\n")
    (root / "__main__.py").write_text(HEAD + body)
    (root / "overrides.py").write_text(overrides)
    return root


def test_types_of_many_projects_in_one_process(tmp_path: Path) -> None:
    """The planted projects and a clean one at once; each keeps its own ``overrides``."""
    project(tmp_path / "clean", CLEAN)
    project(tmp_path / "other", "overrides.of_another()\n", OVERRIDES + "\n\ndef of_another() -> None: ...\n")
    for name, (body, _) in TYPES.items():
        project(tmp_path / name, body)
    found = typecheck(tmp_path.iterdir())
    for name, (_, rule) in TYPES.items():
        about = [one for one in found if one.startswith(f"{name}/__main__.py:")]
        assert len(about) == 1, (name, found)
        assert rule in about[0]
    assert len(found) == len(TYPES), found


def test_a_checker_that_checks_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        typecheck([project(tmp_path / "clean", CLEAN)], python="/bin/true")


def test_sound_text_is_left_alone(tmp_path: Path) -> None:
    assert lint([project(tmp_path / "one", CLEAN), project(tmp_path / "two", CLEAN)]) == []


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (CLEAN + "import os\n", "F401"),
        (CLEAN + "import sys\n\nsys.exit(unknown)\n", "F821"),
        (CLEAN.replace("raw.bucket", '"' + "x" * 120 + '"'), "E501"),
        (CLEAN.replace("'", '"').replace('"raw"', "'raw'"), "not formatted"),
        (CLEAN.replace('"raw", ', '"raw",'), "not formatted"),
    ],
)
def test_unsound_text_is_named(tmp_path: Path, body: str, wanted: str) -> None:
    clean = project(tmp_path / "clean", CLEAN)
    bad = project(tmp_path / "bad", body)
    problems = lint([clean, bad])
    assert any(wanted in problem for problem in problems), problems
    assert not any(str(clean) in problem for problem in problems)


def test_imports_out_of_order_are_named(tmp_path: Path) -> None:
    bad = project(tmp_path / "bad", CLEAN)
    text = (bad / "__main__.py").read_text()
    (bad / "__main__.py").write_text(
        text.replace(
            "import pulumi\nimport pulumi_aws as aws\n\nimport overrides",
            "import overrides\nimport pulumi\nimport pulumi_aws as aws",
        )
    )
    assert any("I001" in problem for problem in lint([bad]))


def test_no_text_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        lint([tmp_path])
