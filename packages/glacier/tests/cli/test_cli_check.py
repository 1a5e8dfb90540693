"""``glacier check``: all errors at once, beside the lines they speak of."""

from __future__ import annotations

from pathlib import Path

from sample import SALES, Command


def test_a_sound_pipeline(glacier: Command) -> None:
    result = glacier("check", "sales.py")
    assert result.exit_code == 0
    assert result.stdout == "sales.py: no errors (the declarations; --to CLOUD checks more)\n"


def test_every_error_with_its_line(glacier: Command, folder: Path) -> None:
    text = SALES.replace("retries=2", "retries=-2").replace('format="json"', 'format="jsn"')
    (folder / "bad.py").write_text(text.replace("factor: int = 2", "factor"))
    result = glacier("check", "bad.py")
    assert result.exit_code == 1
    assert result.stderr == ""
    lines = result.stdout.splitlines()
    codes = [line.partition("]")[0] for line in lines if line.startswith("error[")]
    assert codes == ["error[format", "error[retries", "error[annotation"]
    assert lines[-1] == "bad.py: 3 errors"
    at = lines.index(" --> bad.py:8")
    code = next(line for line in text.splitlines() if line.startswith("orders"))
    assert lines[at + 1 : at + 5] == ["  |", f"8 | {code}", f"  | {'^' * len(code)}", "  help: did you mean 'json'?"]


def test_a_decorator_is_shown_with_its_function(glacier: Command, folder: Path) -> None:
    (folder / "bad.py").write_text(SALES.replace("retries=2", "retries=-2"))
    lines = glacier("check", "bad.py").stdout.splitlines()
    start = next(n for n, line in enumerate(lines) if "@pipeline.task" in line)
    assert "def tidy" in lines[start + 1]
    assert lines[start + 2].strip(" |").startswith("^^^^")


def test_other_lines_are_named_relative_to_here(glacier: Command, folder: Path) -> None:
    (folder / "bad.py").write_text(SALES + "\n\n@pipeline.task\ndef again() -> clean: ...\n")
    result = glacier("check", "bad.py")
    assert "already written by tidy at bad.py:" in result.stdout
    assert str(folder) not in result.stdout


def test_an_empty_pipeline(glacier: Command, folder: Path) -> None:
    (folder / "none.py").write_text('from glacier import Pipeline\n\npipeline = Pipeline("none")\n')
    result = glacier("check", "none.py")
    assert result.exit_code == 1
    assert "--> none.py:3" in result.stdout
    assert "the pipeline has no tasks" in result.stdout


def test_what_a_cloud_objects_to(glacier: Command, folder: Path) -> None:
    (folder / "big.py").write_text(
        SALES.replace("memory=1024", "memory=9999").replace("ObjectStorage()", "Database()")
        .replace("import ObjectStorage", "import Database, ObjectStorage")
    )  # fmt: skip
    assert glacier("check", "big.py").exit_code == 0
    result = glacier("check", "big.py", "--to", "toy")
    assert result.exit_code == 1
    assert "toys keep no records" in result.stdout
    assert "above the most, 4096 MiB" in result.stdout
    assert result.stdout.endswith("big.py: 2 errors\n")


def test_the_compiler_of_the_module_is_asked_too(glacier: Command, folder: Path) -> None:
    own = "from toycloud import Shelf, ToyCompiler\ncompiler = ToyCompiler(region='cellar')\n"
    (folder / "own.py").write_text(own + SALES.replace("ObjectStorage()", "Shelf(tier='dusty')"))
    result = glacier("check", "own.py")
    assert result.exit_code == 0
    assert "warning[tier]" in result.stdout
    assert result.stdout.endswith("own.py: no errors, 1 warning (compiles for compiler (toy cellar))\n")


def test_errors_come_before_warnings(glacier: Command, folder: Path) -> None:
    own = "from toycloud import Shelf, ToyCompiler\ncompiler = ToyCompiler()\n"
    text = SALES.replace("ObjectStorage()", "Shelf(tier='dusty')").replace("memory=1024", "memory=9999")
    (folder / "own.py").write_text(own + text)
    result = glacier("check", "own.py")
    assert result.exit_code == 1
    assert result.stdout.index("error[limit]") < result.stdout.index("warning[tier]")
    assert result.stdout.endswith("own.py: 1 error, 1 warning\n")


def test_every_pipeline_and_every_compiler_is_checked_once(glacier: Command, folder: Path) -> None:
    text = SALES.replace("memory=1024", "memory=9999") + (
        "from glacier.compilation import MultiCloudCompiler\nfrom toycloud import TinCompiler, ToyCompiler\n"
        'other = Pipeline("other", tasks=[tidy])\n'
        "a, b = ToyCompiler(), TinCompiler()\n"
    )
    (folder / "many.py").write_text(text)
    result = glacier("check", "many.py")
    assert result.stdout.count("error[limit]") == 1
    assert glacier("check", "many.py", "--with", "c").exit_code == 1


def test_colors_only_in_a_terminal(glacier: Command) -> None:
    assert "\x1b[" not in glacier("check", "sales.py:nothing").stdout
