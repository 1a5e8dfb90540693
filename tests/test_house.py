"""The rules of CONTRIBUTING.md that are about the text of the source, and the floors it stands on."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from importlib.util import resolve_name
from itertools import combinations
from pathlib import Path
from types import ModuleType

import pytest
from glacier import providers
from glacier.infra import Node
from glacier.render.pulumi import PACKAGES as SDKS
from glacier.testing.cases import CASES
from workspace import ROOT

LINES, FUNCTION_LINES = 400, 60
NO_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "misc"}
SOURCES = sorted((ROOT / "packages").glob("*/src"))
PACKAGES = {path.name: path for source in SOURCES for path in sorted(source.glob("glacier*"))}
PROVIDERS = {name: path for name, path in PACKAGES.items() if name != "glacier"}
MODULES = [path for package in PACKAGES.values() for path in sorted(package.rglob("*.py"))]
FOLDERS = ("packages", "tests", "examples", "benchmarks", "tools")
TEXTS = [
    path
    for folder in FOLDERS
    for path in sorted((ROOT / folder).rglob("*.py"))
    if not {"golden", "__pycache__", "build"} & set(path.parts)
]
WINDOW = 8  # lines that are the same, side by side, are a copy
COPIED = 0.02


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_bytes(), str(path))


def dotted(path: Path) -> str:
    """The name a module is imported by."""
    package = next(name for name, folder in PACKAGES.items() if path.is_relative_to(folder))
    parts = path.relative_to(PACKAGES[package].parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


# --- Files and functions --------------------------------------------------------------------------------------------


def test_there_is_something_to_look_at() -> None:
    assert {"glacier", "glacier_aws", "glacier_gcp", "glacier_azure"} <= set(PACKAGES)
    assert len(MODULES) > 60
    assert len(TEXTS) > len(MODULES)


def test_a_file_is_short() -> None:
    found = {shown(path): len(path.read_bytes().splitlines()) for path in TEXTS}
    assert {path: lines for path, lines in found.items() if lines > LINES} == {}


def test_a_function_is_short() -> None:
    found = [
        f"{shown(path)}:{node.lineno} {node.name}: {node.end_lineno - node.lineno + 1} lines"
        for path in TEXTS
        for node in functions(path)
        if node.end_lineno is not None and node.end_lineno - node.lineno + 1 > FUNCTION_LINES
    ]
    assert found == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [shown(path) for path in TEXTS if {part.removesuffix(".py") for part in path.parts} & NO_NAMES] == []


def first_party(node: ast.AST, path: Path) -> list[str]:
    """The modules of ours that an import statement names."""
    match node:
        case ast.Import(names=names):
            modules = [alias.name for alias in names]
        case ast.ImportFrom(module=module, level=0):
            modules = [module or ""]
        case ast.ImportFrom(module=module, level=level):
            package = dotted(path) if path.name == "__init__.py" else dotted(path).rpartition(".")[0]
            modules = [resolve_name("." * level + (module or ""), package)]
        case _:
            modules = []
    return [module for module in modules if module.partition(".")[0] in PACKAGES]


def test_nothing_of_ours_is_imported_inside_a_function() -> None:
    found = [
        f"{shown(path)}:{inner.lineno} {module}"  # type: ignore[attr-defined]  # statements have a line
        for path in MODULES
        for function in functions(path)
        for inner in ast.walk(function)
        for module in first_party(inner, path)
    ]
    assert found == []


# --- Names and docstrings -------------------------------------------------------------------------------------------


def public(path: Path) -> bool:
    """Whether a module is for others: it, and every package around it, has a plain name."""
    return not any(part.startswith("_") and part != "__init__" for part in dotted(path).split("."))


def imported(path: Path) -> ModuleType:
    return importlib.import_module(dotted(path))


def own(module: ModuleType) -> list[str]:
    """The public classes and functions that a module defines itself."""
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (inspect.isclass(value) or inspect.isfunction(value))
        and value.__module__ == module.__name__
    ]


def listed(path: Path) -> list[str] | None:
    """The names in a module's ``__all__``, as they are written."""
    for node in tree(path).body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            return [str(name) for name in ast.literal_eval(node.value)]
    return None


WITH_ALL = [path for path in MODULES if listed(path) is not None]


@pytest.mark.parametrize("path", WITH_ALL, ids=dotted)
def test_all_is_exactly_the_public_names(path: Path) -> None:
    """What a module defines for others, what it imports from us only to hand it on, and nothing it does not bind."""
    names = listed(path)
    assert names is not None
    assert len(names) == len(set(names))
    handed_on = {name for name in imported_from_us(path) if name not in used(path)}
    assert (set(own(imported(path))) | handed_on) - set(names) == set()
    assert [name for name in names if not hasattr(imported(path), name)] == []


def imported_from_us(path: Path) -> set[str]:
    """The public names that a module imports from our packages."""
    nodes = [node for node in tree(path).body if first_party(node, path)]
    names = {alias.asname or alias.name for node in nodes for alias in node.names}  # type: ignore[attr-defined]
    return {name for name in names if not name.startswith("_")}


def used(path: Path) -> set[str]:
    """The names that a module's own text reads."""
    return {node.id for node in ast.walk(tree(path)) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


@pytest.mark.parametrize("name", PACKAGES)
def test_what_users_import_says_what_it_offers(name: str) -> None:
    """The packages, and a provider's modules of classes, that a user's own code names."""
    front = [PACKAGES[name] / "__init__.py"]
    front += [PACKAGES[name] / f"{part}.py" for part in ("storage", "compute") if name != "glacier"]
    assert [shown(path) for path in front if path.exists() and listed(path) is None] == []


@pytest.mark.parametrize("path", [path for path in MODULES if public(path)], ids=dotted)
def test_everything_public_has_a_docstring(path: Path) -> None:
    missing = [] if ast.get_docstring(tree(path)) else ["the module"]
    for node in tree(path).body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            missing += [] if ast.get_docstring(node) else [node.name]
            missing += [f"{node.name}.{each.name}" for each in _methods(node) if not ast.get_docstring(each)]
        elif isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and not _is_overload(node):
            missing += [] if ast.get_docstring(node) else [node.name]
    assert missing == []


def _methods(cls: ast.ClassDef) -> Iterator[ast.FunctionDef]:
    """The methods a reader calls; what a test's name says needs no second sentence."""
    for node in cls.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith(("_", "test_")) and not _is_overload(node):
            yield node


def _is_overload(node: ast.FunctionDef) -> bool:
    return any(isinstance(one, ast.Name) and one.id == "overload" for one in node.decorator_list)


# --- What importing costs -------------------------------------------------------------------------------------------


def loaded_by(statement: str) -> dict[str, str]:
    """The modules that a statement loads in a process of its own, with their files; without what starting loads."""
    code = (
        "import sys, json\n"
        "before = set(sys.modules)\n"
        f"{statement}\n"
        "new = {name: module for name, module in sys.modules.items() if name not in before}\n"
        "print(json.dumps({name: str(getattr(module, '__file__', '') or '') for name, module in new.items()}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    found: dict[str, str] = json.loads(done.stdout)
    return found


def test_import_glacier_loads_the_standard_library_only() -> None:
    loaded = loaded_by("import glacier")
    assert "glacier.pipeline" in loaded
    others = {name for name in loaded if name.partition(".")[0] not in sys.stdlib_module_names}
    assert {name for name in others if name.partition(".")[0] != "glacier"} == set()
    assert {name: path for name, path in loaded.items() if "site-packages" in path} == {}


@pytest.mark.parametrize("name", PROVIDERS)
def test_importing_a_provider_loads_no_sdk(name: str) -> None:
    loaded = {module.partition(".")[0] for module in loaded_by(f"import {name}")}
    assert loaded & {"pulumi", "boto3", "botocore", "google", "azure", "obstore", "click"} == set()


# --- Providers beside each other ------------------------------------------------------------------------------------


def is_complete(package: Path) -> bool:
    """Whether a provider has a module of kinds yet."""
    return (package / "kinds").is_dir() and len(list((package / "kinds").glob("*.py"))) > 1


COMPLETE = {name: path for name, path in PROVIDERS.items() if is_complete(path)}


def test_providers_have_the_same_files() -> None:
    """Each has every file the others have; what one cloud alone needs is a file of its own beside them."""
    files = {
        name: {path.relative_to(package).as_posix() for path in package.rglob("*") if path.suffix in (".py", ".toml")}
        for name, package in COMPLETE.items()
    }
    shared = {"__init__.py", "target.py", "storage.py", "compute.py", "foundation.py", "workflow.py"}
    shared |= {f"data/{table}.toml" for table in ("limits", "names", "prices", "regions", "sdk", "choices")}
    kinds = ("object_storage", "database", "cache", "queue", "serverless", "container")
    shared |= {f"kinds/{kind}.py" for kind in ("__init__", *kinds)}
    assert {name: sorted(shared - there) for name, there in files.items() if shared - there} == {}


def windows(package: Path) -> dict[tuple[str, ...], list[tuple[Path, int]]]:
    """Every run of lines that are not blank, by their text without its indentation, and where it stands."""
    found: dict[tuple[str, ...], list[tuple[Path, int]]] = defaultdict(list)
    for path in sorted(package.rglob("*.py")):
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
        code = [line for line in lines if line and not line.startswith(("#", "import ", "from ", "__all__"))]
        for start in range(len(code) - WINDOW + 1):
            found[tuple(code[start : start + WINDOW])].append((path, start))
    return found


@pytest.mark.parametrize(("one", "other"), [*combinations(COMPLETE, 2)])
def test_providers_share_no_text(one: str, other: str) -> None:
    first, second = windows(PROVIDERS[one]), windows(PROVIDERS[other])
    total = min(sum(map(len, found.values())) for found in (first, second))
    same = [window for window in first if window in second]
    places = [f"{shown(first[w][0][0])} and {shown(second[w][0][0])}: {w[0]}" for w in same]
    assert len(same) < COPIED * total, f"{len(same)} of {total} windows:\n" + "\n".join(places)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of names that the SDKs themselves import
@pytest.mark.parametrize("name", [path.name.removeprefix("glacier_") for path in COMPLETE.values()])
def test_every_type_is_in_the_sdk(name: str) -> None:
    """Each resource and look-up of the cases exists under its name in the SDK that the programs are pinned to."""
    compiler = providers.load(name)()  # type: ignore[call-arg]
    said: set[str] = set()
    for case in CASES.values():
        pipeline = case()
        if any(d.severity == "error" for d in compiler.plan(pipeline).diagnostics):
            continue  # the contract says which, and why
        for program in compiler.compile(pipeline).programs.values():
            said |= {s.type if isinstance(s, Node) else s.function for s in program.statements}
    assert len(said) > 15
    assert [kind for kind in sorted(said) if not in_the_sdk(kind)] == []


def in_the_sdk(kind: str) -> bool:
    """Whether ``aws.s3.Bucket`` is to be had from the package that programs import it from."""
    package, *path = kind.split(".")
    value: object = importlib.import_module(SDKS.get(package, f"pulumi_{package}"))
    for name in path:
        value = getattr(value, name, None)
    return callable(value)


def test_a_copy_is_found(tmp_path: Path) -> None:
    """The measure itself: what is copied into another package is seen, however it is indented and spaced."""
    text = "\n".join(f"value_{number} = {number}" for number in range(WINDOW))
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "a" / "x.py").write_text(text)
    (tmp_path / "b" / "y.py").write_text("def f():\n" + "\n\n".join(f"    {line}" for line in text.splitlines()))
    assert len(set(windows(tmp_path / "a")) & set(windows(tmp_path / "b"))) == 1
