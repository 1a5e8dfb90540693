"""Runs uv, which resolves and installs: for another platform than this one, and never from source.

uv is the one that was installed with Glacier. The index is whichever it is told of by its own settings; nothing else
of the user's is used: no environment, no project, and no Python is downloaded.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from glacier.errors import CompileError
from glacier.vendoring.exported import Folder, refused

_PINNING = ("--generate-hashes", "--no-header", "--no-annotate", "--only-binary", ":all:")
_UNREACHABLE = re.compile(r"failed to fetch|error sending request|dns error|network connectivity|timed out", re.I)
_REFUSED = re.compile(r"\b40[13] (?:Unauthorized|Forbidden)")
_GONE = re.compile(r"404 Not Found\) for url \((?P<url>[^)]+)\)")
_NO_WHEEL = re.compile(
    r"(?P<name>[A-Za-z0-9][\w.-]*?)(?:\[[^\]]*\])?(?:\{[^}]*\})?(?P<is>(?:[<>=]=|[<>])[\w.+!*,<>=]+)?"
    r" ha(?:s|ve) no (?:usable )?wheels"
)
_FOUND = r"for `{}` \(v(?P<version>[^)]+)\)"
_OLDEST = "0.9"
_OWN = f"{sys.version_info.major}.{sys.version_info.minor}"
_QUIETLY = ("--python", sys.executable, "--quiet")  # whose version does not matter: it runs nothing


def lock(requires: Iterable[str], python: str, preferred: str) -> str:
    """Pin what some requirements need on any platform, from a version of Python on, as preferred where that fits.

    Raises :class:`~glacier.errors.CompileError` when nothing fits, or the index cannot be reached.
    """
    requires = list(requires)
    done, pinned = _pin(requires, preferred, "--universal", "--python-version", python)
    if done.returncode:
        raise _explained(done.stderr, f"requirements {', '.join(requires)}", f"Python {python}")
    return pinned


def select(folder: Folder, *, locked: Path | None = None, preferred: str = "") -> str:
    """What one folder of code needs, as a file of requirements with hashes: of a lock, or as preferred.

    Raises :class:`~glacier.errors.CompileError` when a package has no wheel for the folder's platform.
    """
    constraints = () if locked is None else ("--constraints", str(locked))
    done, pinned = _pin(folder.requires, preferred, *constraints, *_for(folder))
    if done.returncode:
        raise _explained(done.stderr, folder.path, folder.named)
    return pinned


def _pin(requires: Iterable[str], preferred: str, *words: str) -> tuple[subprocess.CompletedProcess[str], str]:
    """Resolve requirements; what the output holds before, uv keeps where it can."""
    with tempfile.TemporaryDirectory(prefix="glacier-locks-") as scratch:
        source, output = Path(scratch, "requirements.in"), Path(scratch, "requirements.txt")
        source.write_text("".join(f"{line}\n" for line in requires), encoding="utf-8")
        output.write_text(preferred, encoding="utf-8")
        done = _uv("pip", "compile", str(source), "--output-file", str(output), *words, *_PINNING, *_QUIETLY)
        return done, output.read_text(encoding="utf-8")


def install(folder: Folder, requirements: Path, target: Path) -> None:
    """Unpack the wheels of a file of requirements with hashes.

    ``--link-mode copy``, since a hard link into uv's cache would let a change here reach every later installation.
    """
    words = ["--target", str(target), "--requirements", str(requirements), *_for(folder)]
    how = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "--link-mode", "copy", "--no-compile-bytecode"]
    done = _uv("pip", "install", *words, *how, *_QUIETLY)
    if done.returncode:
        raise _explained(done.stderr, folder.path, folder.named)


def interpreter(python: str) -> str | None:
    """A Python of one minor version, if there is one on this machine."""
    if python == _OWN:
        return sys.executable
    done = _uv("python", "find", f"cpython@{python}", "--no-project")
    return done.stdout.strip() if done.returncode == 0 else None


def _for(folder: Folder) -> tuple[str, ...]:
    return ("--python-platform", folder.platform, "--python-version", folder.python)


def _uv(*words: str) -> subprocess.CompletedProcess[str]:
    """Run uv, from the directory whose settings name the index."""
    environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1", "NO_COLOR": "1"}
    return subprocess.run(
        [_binary(), *words],
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        env=environment,
        check=False,
    )


def _binary() -> str:
    """The uv that was installed with Glacier; raises :class:`~glacier.errors.CompileError` when none was."""
    try:
        import uv

        return uv.find_uv_bin()
    except (ImportError, FileNotFoundError):
        raise refused(
            "uv",
            "uv, which resolves and installs packages, is not installed beside Glacier",
            f"pip install 'uv>={_OLDEST}' (or 'glacier-pipelines[cli]'); then: glacier build DIR",
        ) from None


def _explained(stderr: str, subject: str, platform: str) -> CompileError:
    """What uv could not do, as an error that says where, what, and what to type instead."""
    said = stderr[max(stderr.find("error:"), 0) :].strip()
    if _REFUSED.search(said):
        return refused(
            "index",
            f"the package index asks who you are, or refuses you\n{said}",
            "tell uv: uv auth login, a keyring, or UV_INDEX_…_USERNAME and UV_INDEX_…_PASSWORD\n"
            "(docs.astral.sh/uv/concepts/indexes); then: glacier build DIR",
            subject,
        )
    gone = _GONE.search(said)
    if gone:
        return refused(
            "requirements",
            f"there is nothing at {gone['url']}\n{said}",
            "correct the address that is required",
            subject,
        )
    if _UNREACHABLE.search(said):
        return refused(
            "network",
            f"the package index cannot be reached\n{said}",
            "the export is complete: with a network, glacier build DIR",
            subject,
        )
    missing = list(_NO_WHEEL.finditer(said))
    if missing:
        name, version = missing[-1]["name"], (missing[-1]["is"] or "").removeprefix("==")
        found = re.search(_FOUND.format(re.escape(name)), said)
        version = version if version and version[0].isdigit() else (found["version"] if found else "any version")
        return refused(
            "wheel",
            f"{name} {version} has no wheel for {platform}\n{said}",
            f"require a version of {name} that has one, or another package\n"
            "or a newer Python, whose C library runs newer wheels: runtime=…\n"
            "or build the image yourself, which may compile it: compute.container(image=…)",
            subject,
        )
    return refused("requirements", f"nothing fits the requirements\n{said}", "change the requirements", subject)
