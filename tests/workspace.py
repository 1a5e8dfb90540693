"""Where the workspace is, and its examples."""

from __future__ import annotations

import shutil
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

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
