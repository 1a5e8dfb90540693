"""What a reference can name, and what is said when it names nothing, or something that does not import."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from click.testing import Result
from sample import SALES, Command


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("reference", ["sales.py", "sales.py:pipeline", "sales", "sales:pipeline", "./sales.py"])
def test_a_reference_names_a_file_or_a_module(glacier: Command, reference: str) -> None:
    result = glacier("graph", reference)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("sales  3 tasks")


def test_an_absolute_path(glacier: Command, folder: Path) -> None:
    assert glacier("graph", str(folder / "sales.py")).exit_code == 0


def test_a_file_in_a_package_has_its_dotted_name(glacier: Command, folder: Path) -> None:
    package = folder / "shop"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "names.py").write_text('NAME = "sales"\n')
    (package / "flows.py").write_text(SALES.replace('Pipeline("sales")', "Pipeline(NAME)") + "\n")
    text = (package / "flows.py").read_text()
    (package / "flows.py").write_text("from .names import NAME\n" + text)
    assert glacier("graph", "shop/flows.py").exit_code == 0
    assert "shop.flows" in sys.modules
    assert glacier("graph", "shop.flows:pipeline").exit_code == 0


def test_its_own_folder_comes_first(glacier: Command, folder: Path) -> None:
    (folder / "deep").mkdir()
    (folder / "deep" / "flow.py").write_text("import beside\n" + SALES)
    (folder / "deep" / "beside.py").write_text("")
    assert glacier("graph", "deep/flow.py").exit_code == 0


def test_several_pipelines_need_a_name(glacier: Command, folder: Path) -> None:
    (folder / "two.py").write_text(SALES + 'other = Pipeline("other", tasks=[tidy])\n')
    result = glacier("graph", "two.py")
    assert result.exit_code == 1
    assert "two.py has 2 pipelines: pipeline, other" in result.stderr
    assert "two.py:pipeline" in result.stderr
    assert "two.py:other" in result.stderr
    assert glacier("graph", "two.py:other").stdout.startswith("other  1 task in 1 stage")


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("sales.py:pipelin", "did you mean sales.py:pipeline?"),
        ("sales.py:zzz", "there is: pipeline"),
        ("sales.py:orders", "orders in sales.py is a Dataset, not a pipeline or a compiler"),
        ("empty.py", "empty.py has no pipeline"),
    ],
)
def test_a_name_that_is_no_pipeline(glacier: Command, folder: Path, reference: str, said: str) -> None:
    (folder / "empty.py").write_text("x = 1\n")
    result = glacier("graph", reference)
    assert result.exit_code == 1
    assert said in result.stderr


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("slaes.py", "Did you mean sales.py?"),
        ("nowhere/x.py", "There is no file nowhere/x.py"),
        (".", "is a folder; name a file in it: sales.py"),
        ("nomodule", "There is no module nomodule"),
        ("salse", "Did you mean sales.py?"),
    ],
)
def test_nothing_there_is_wrong_usage(glacier: Command, reference: str, said: str) -> None:
    result = glacier("check", reference)
    assert result.exit_code == 2
    assert said in flat(result.stderr)


def failing(glacier: Command, folder: Path, text: str) -> Result:
    (folder / "broken.py").write_text(text)
    result = glacier("graph", "broken.py")
    assert result.exit_code == 1
    assert result.stdout == ""
    return result


def test_a_package_that_is_not_installed(glacier: Command, folder: Path) -> None:
    result = failing(glacier, folder, "import os\nimport sklearn_zzz.tree\n")
    assert "broken" not in sys.modules
    assert "error[import]" in result.stderr
    assert "--> broken.py:2" in result.stderr
    assert "pip install sklearn-zzz" in result.stderr


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("import glacier_nowhere", "pip install glacier-nowhere"),
        ("import slaes", "did you mean 'sales'?"),
        ("import sales.parts", "sales is there, but not sales.parts"),
        ("from . import sales", "put an __init__.py into its folder"),
        ("raise SystemExit(3)", "__main__"),
        ("def f(:", "correct the syntax"),
        ("1 / 0", "python broken.py"),
        ("import glacier; glacier.Dataset('a', sotrage=1)", "sotrage"),
        ("from glacier.storage import ObjectStorage; ObjectStorage(versionin=True)", "did you mean 'versioning'?"),
        ("from glacier_aws import S3", "it is in glacier_aws.storage: import it from there"),
        ("from glacier import MultiCloudCompiler", "it is in glacier.compilation: import it from there"),
        ("from glacier_aws import Nothing", "correct this line"),
    ],
)
def test_each_failure_says_what_to_do(glacier: Command, folder: Path, line: str, said: str) -> None:
    result = failing(glacier, folder, f"\n\n{line}\n")
    assert "--> broken.py:3" in result.stderr
    assert said in result.stderr


def test_only_the_users_frames_are_shown(glacier: Command, folder: Path) -> None:
    text = "import json\n\ndef read(text):\n    return json.loads(text)\n\nread('{')\n"
    result = failing(glacier, folder, text)
    assert "--> broken.py:4" in result.stderr
    assert 'File "broken.py", line 6, in <module>' in result.stderr
    assert 'File "broken.py", line 4, in read' in result.stderr
    assert "decoder.py" not in result.stderr
    assert "loading.py" not in result.stderr


def test_declaration_errors_come_together(glacier: Command, folder: Path) -> None:
    text = SALES.replace('format="json"', 'format="jsn"').replace("retries=2", "retries=-2")
    result = failing(glacier, folder, text)
    assert result.stderr.index("error[format]") < result.stderr.index("error[retries]")
    assert "did you mean 'json'?" in result.stderr


def test_an_error_of_ones_own_is_shown_beside_declaration_errors(glacier: Command, folder: Path) -> None:
    result = failing(glacier, folder, SALES.replace('format="json"', 'format="jsn"') + "\nprint(ordres)\n")
    assert "error[format]" in result.stderr
    assert "NameError" in result.stderr


@pytest.mark.parametrize("name", ["json.py", "click.py"])
def test_a_file_that_hides_a_module_is_refused(glacier: Command, folder: Path, name: str) -> None:
    (folder / name).write_text(SALES)
    result = glacier("graph", name)
    assert result.exit_code == 1
    assert "hides another module" in result.stderr
    assert "_pipeline.py" in result.stderr


def test_a_file_with_a_dot_in_its_name_is_refused(glacier: Command, folder: Path) -> None:
    (folder / "sales.v2.py").write_text(SALES)
    assert "sales_v2.py" in glacier("graph", "sales.v2.py").stderr


def test_importing_neither_compiles_nor_prints_to_the_output(glacier: Command, folder: Path) -> None:
    text = SALES + (
        "from toycloud import ToyCompiler\n"
        "infra = pipeline.compile(ToyCompiler())\n"
        "print(infra)\n"
        "infra.export_pulumi('elsewhere')\n"
    )
    (folder / "loud.py").write_text(text)
    result = glacier("graph", "loud.py", "--mermaid")
    assert result.exit_code == 0
    assert result.stdout.startswith("flowchart")
    assert "0 resources" in result.stderr
    assert not (folder / "elsewhere").exists()
