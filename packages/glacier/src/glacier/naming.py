"""Names: what a thing is called in a program, and that its physical name fits its cloud."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from glacier.tables import NameRule

NAME = re.compile(r"[A-Za-z][A-Za-z0-9 _.\-]{0,99}")  # what a pipeline, task, dataset or generic storage may be called
NAME_HELP = "start with a letter; then letters, digits, spaces, '_', '-' or '.'; at most 100 characters"


@lru_cache(maxsize=1 << 16)
def slug(name: str) -> str:
    """A name in the alphabet every cloud allows: lower case, digits, single hyphens; ``Raw data`` → ``raw-data``.

    Clouds fold case and punctuation, so two names with one slug are one name.
    """
    return "-".join("".join(c if c.isascii() and c.isalnum() else " " for c in name.lower()).split())


def identifier(*parts: str) -> str:
    """A Python variable from slugs: ``("raw", "bucket")`` → ``raw_bucket``, ``("1st",)`` → ``_1st``."""
    name = "_".join(part.replace("-", "_") for part in parts if part)
    return f"_{name}" if name[:1].isdigit() else name


def logical(rules: Mapping[str, NameRule], node_type: str, *parts: str) -> str:
    """Pulumi's name for a resource, short enough that the physical name made from it is legal.

    A name that is too long keeps its beginning and ends in a hash of the whole, so that two long names stay two.
    """
    rule = rules.get(node_type, rules["*"])
    name = "-".join(part for part in parts if part)
    return plain(name, rule.max) if rule.plain else fit(name, rule.max)


def plain(name: str, longest: int) -> str:
    """A name of letters and digits only, which ends in a hash of the whole: ``a-bc`` and ``ab-c`` stay two names."""
    import hashlib  # declaring a pipeline shortens no name

    digest = hashlib.sha256(name.encode()).hexdigest()[:6]
    return name.replace("-", "")[: longest - len(digest)] + digest


def fit(name: str, longest: int) -> str:
    """A name in at most so many characters."""
    if len(name) <= longest:
        return name
    import hashlib  # declaring a pipeline shortens no name

    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: longest - 9].rstrip('-')}-{digest}"
