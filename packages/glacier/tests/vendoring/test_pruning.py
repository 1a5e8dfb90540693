"""What of a wheel is left, and that it is always the same."""

from __future__ import annotations

from pathlib import Path

from glacier.vendoring.pruning import prune

RECORD = "lamp-1.dist-info/RECORD"
KEPT = {
    "lamp/__init__.py": "",
    "lamp/testing.py": "",
    "lamp/data/tests/cases.json": "[]",
    "lamp/py.typed": "",
    "lazy/__init__.py": "import lazy_loader\n__getattr__ = lazy_loader.attach_stub(__name__, __file__)\n",
    "lazy/__init__.pyi": "",
    "lamp-1.dist-info/METADATA": "Name: lamp",
    "lamp-1.dist-info/licenses/LICENSE": "",
}
GONE = {
    ".lock": "",
    "bin/lamp": "#!/somewhere/bin/python",
    "lamp/__init__.pyi": "",
    "lamp/include/lamp.h": "",
    "lamp/core.pxd": "",
    "lamp/tests/__init__.py": "",
    "lamp/tests/test_lamp.py": "",
    "lamp/deep/tests/conftest.py": "",
    "lamp-1.dist-info/INSTALLER": "uv",
    "lamp-1.dist-info/REQUESTED": "",
    "lamp-1.dist-info/direct_url.json": "{}",
}


def pruned(tree: Path, order: int = 1) -> dict[str, str]:
    """A tree made in some order, after pruning."""
    files = {**KEPT, **GONE}
    files[RECORD] = "".join(f"{path},sha256=x,1\n" for path in [*files, RECORD][::order])
    for path, text in list(files.items())[::order]:
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text)
    prune(tree)
    return {path.relative_to(tree).as_posix(): path.read_text() for path in tree.rglob("*") if path.is_file()}


def test_what_no_task_imports_is_gone(tmp_path: Path) -> None:
    assert set(pruned(tmp_path)) == {*KEPT, RECORD}


def test_no_folder_is_left_empty(tmp_path: Path) -> None:
    pruned(tmp_path)
    assert not (tmp_path / "bin").exists()
    assert [folder for folder in tmp_path.rglob("*") if folder.is_dir() and not any(folder.iterdir())] == []


def test_the_record_lists_what_is_left_in_order(tmp_path: Path) -> None:
    listed = [line.partition(",")[0] for line in pruned(tmp_path)[RECORD].splitlines()]
    assert listed == sorted({*KEPT, RECORD})


def test_the_order_in_which_it_was_unpacked_does_not_matter(tmp_path: Path) -> None:
    assert pruned(tmp_path / "one") == pruned(tmp_path / "other", -1)


def test_modes_are_one_of_two(tmp_path: Path) -> None:
    (tmp_path / "lamp").mkdir(mode=0o700)
    for name, mode in (("a.py", 0o600), ("b.so", 0o775), ("c.py", 0o666)):
        (tmp_path / "lamp" / name).touch()
        (tmp_path / "lamp" / name).chmod(mode)
    prune(tmp_path)
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.rglob("*")}
    assert modes == {"lamp": 0o755, "a.py": 0o644, "b.so": 0o755, "c.py": 0o644}


def test_what_is_imported_of_tests_stays(tmp_path: Path) -> None:
    """As astropy has its runner there, and numpy a class that only its own tests use otherwise."""
    kept = {
        "sky/__init__.py": "from .tests.runner import Runner\n",
        "sky/tests/__init__.py": "",
        "sky/tests/runner.py": "def run():\n    from ..maps.tests.test_base import Base\n",
        "sky/maps/__init__.py": "# its tests import sky.plots.tests",
        "sky/maps/tests/__init__.py": "",
        "sky/maps/tests/test_base.py": "class Base: ...",
        "sky/plots/__init__.py": "",
        "sky/broken.py": "tests = print 'x'",
    }
    gone = {
        "sky/tests/test_runner.py": "import sky.plots.tests.helper",
        "sky/tests/conftest.py": "",
        "sky/tests/tests/test_deep.py": "",
        "sky/maps/tests/test_maps.py": "",
        "sky/plots/tests/helper.py": "",
        "sky/plots/tests/test_plots.py": "",
    }
    for path, text in {**kept, **gone}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    prune(tmp_path)
    assert {file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*") if file.is_file()} == {*kept}
