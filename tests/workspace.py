"""Where the workspace is, and its examples."""

from __future__ import annotations

import shutil
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from glacier.compilation import Compiler, MultiCloudCompiler
from mixes import COMPILERS

AnyCompiler = Compiler | MultiCloudCompiler

ROOT = Path(__file__).parent.parent
EXAMPLES = {path.stem: path for path in sorted((ROOT / "examples").glob("*.py"))}


def load(path: Path) -> ModuleType:
    """An example, imported by its path."""
    spec = spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def give_inputs(root: Path) -> None:
    """Put the inputs that examples expect where the local executor looks for them."""
    shutil.copytree(ROOT / "examples" / "inputs", root, dirs_exist_ok=True)


def compilers_of(module: ModuleType) -> dict[str, AnyCompiler]:
    """The compilers that an example defines and that are no parts of others, or else one for each cloud."""
    found = {name: value for name, value in vars(module).items() if isinstance(value, AnyCompiler)}
    parts = [p for each in found.values() if isinstance(each, MultiCloudCompiler) for p in each.providers.values()]
    whole = {name: value for name, value in found.items() if all(value is not part for part in parts)}
    return whole or {cloud: made() for cloud, made in COMPILERS.items()}
