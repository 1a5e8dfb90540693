"""What a cloud, or the build of an image, installs by itself must be where that looks for it."""

from __future__ import annotations

import re

from glacier.vendoring.exported import Folder, refused
from glacier.vendoring.trees import Tree

_FILE = re.compile(r"^(?P<name>[\w.-]+)(?:\[.*\])? @ file:", re.M)


def refuse_files(folder: Folder, tree: Tree) -> None:
    """Refuse packages that are files of this machine; raises :class:`~glacier.errors.CompileError`."""
    names = _FILE.findall(tree.requirements.decode()) if _is_installed_there(folder) else []
    if names:
        raise refused(
            "requirements",
            f"{', '.join(names)} is a file of this machine, which {_installer(folder)} does not have",
            "require it from an index; or put its code beside the pipeline, which comes along",
            folder.path,
        )


def _is_installed_there(folder: Folder) -> bool:
    return folder.packages is None


def _installer(folder: Folder) -> str:
    return folder.cloud if folder.is_function else "the build of the image"
