"""Weighs a folder of code, package by package, and holds it against what its cloud takes."""

from __future__ import annotations

import csv
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path

from glacier.errors import Diagnostic, Severity
from glacier.vendoring.exported import MIB, Bound, Folder

LARGEST = 5
_NEAR = 0.8  # of a limit, from which on it is worth saying
_ENTRY = 120  # bytes that an archive says of each file, with its path twice besides


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """An installed package: its bytes as files, and as they are packed into an archive."""

    name: str
    version: str
    unzipped: int
    zipped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How large a folder of code is, in bytes: its own files, and each package; largest first."""

    folder: Folder
    own: Package
    packages: Sequence[Package]

    def of(self, part: str) -> int:
        """Everything, in bytes: ``unzipped``, as files, or ``zipped``, as an archive."""
        total: int = sum(getattr(each, part) for each in (self.own, *self.packages))
        return total

    def largest(self, part: str = "unzipped") -> str:
        """The packages that weigh the most, in MiB."""
        heaviest = sorted(self.packages, key=lambda each: (-getattr(each, part), each.name))[:LARGEST]
        return ", ".join(f"{each.name} {getattr(each, part) / MIB:.1f}" for each in heaviest)


def packages(tree: Path, owners: Mapping[str, tuple[str, str]]) -> list[Package]:
    """Each package of an installed tree, the largest first; what was compiled belongs to what it was compiled from."""
    sizes: dict[tuple[str, str], list[int]] = {}
    for file in sorted(tree.rglob("*")):
        if file.is_file():
            path = file.relative_to(tree).as_posix()
            owner = owners.get(path) or owners.get(_source(path)) or ("(others)", "")
            total = sizes.setdefault(owner, [0, 0])
            total[0] += file.stat().st_size
            total[1] += _packed(path, file.read_bytes())
    found = [Package(name=n, version=v, unzipped=a, zipped=b) for (n, v), (a, b) in sizes.items()]
    return sorted(found, key=lambda package: (-package.unzipped, package.name))


def owners(tree: Path) -> dict[str, tuple[str, str]]:
    """The name and version of the package that each file of a tree belongs to."""
    found: dict[str, tuple[str, str]] = {}
    for record in sorted(tree.glob("*.dist-info/RECORD")):
        said = HeaderParser().parsestr((record.parent / "METADATA").read_text(encoding="utf-8"))
        with record.open(encoding="utf-8", newline="") as rows:
            found |= {row[0]: (str(said["Name"]), str(said["Version"])) for row in csv.reader(rows) if row}
    return found


def weighed(files: Mapping[str, bytes]) -> Package:
    """A folder's own files, as a package."""
    return Package(
        name="(code)",
        version="",
        unzipped=sum(map(len, files.values())),
        zipped=sum(_packed(path, content) for path, content in files.items()),
    )


def review(size: Size) -> Iterator[Diagnostic]:
    """An error for each limit that a folder exceeds, a warning for one that it comes near.

    What layers weigh counts too, and only their account knows it: the limit is that of "deployment package and layers
    when they're extracted" (docs.aws.amazon.com/lambda/latest/api/API_AccountLimit.html).
    """
    if size.folder.brings is None and any(bound.max is not None for bound in size.folder.limits.values()):
        yield Diagnostic(
            code="size",
            severity=Severity.NOTE,
            subject=size.folder.path,
            message=f"its layers count as well in what {size.folder.cloud} takes, and are not measured here",
        )
    for part, bound in size.folder.limits.items():
        share = size.of(part) / MIB / bound.max if bound.max is not None else 0
        if share >= _NEAR:
            yield Diagnostic(
                code="size",
                severity=Severity.ERROR if share > 1 else Severity.WARNING,
                subject=size.folder.path,
                message=_said(size, part, bound),
                help="compute.container(…), which has no such limit; or fewer packages: leave out an extra, or take a"
                f" smaller package that does the same\nsource: {bound.source}",
            )


def _said(size: Size, part: str, bound: Bound) -> str:
    shown = f"{size.of(part) / MIB:.1f} MiB {part}; {size.folder.cloud} takes {bound.max:g}"
    return f"{shown}. The largest: {size.largest(part)}" if size.packages else shown


def _packed(path: str, content: bytes) -> int:
    return len(zlib.compress(content)) + 2 * len(path) + _ENTRY


def _source(path: str) -> str:
    """``a/__pycache__/b.cpython-313.pyc`` is compiled from ``a/b.py``."""
    folder, _, name = path.rpartition("__pycache__/")
    return f"{folder}{name.partition('.')[0]}.py"
