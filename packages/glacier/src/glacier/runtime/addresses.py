"""What stands in the address of a store: a path, options, and what a guest from another cloud must know of a bucket.

======================  ========================  ==============================================================
address                 what a guest must know    which is
======================  ========================  ==============================================================
``s3://BUCKET``         ``role``, ``audience``    the role to become, and for whom the guest's token is made out
``gs://BUCKET``         ``provider``              the provider of a pool that believes the guest
                        ``audience``              from Azure only: for whom its token is made out
``az://ACCOUNT/…``      ``tenant``, ``client``    the identity to become, and where it is
======================  ========================  ==============================================================
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pkgutil import resolve_name
from typing import Any, NamedTuple
from urllib.parse import SplitResult, parse_qsl, unquote

from glacier.runtime.problems import Problem

_KNOWN: Mapping[str, tuple[str, ...]] = {
    "s3": ("role", "audience"),
    "gs": ("provider", "audience"),
    "az": ("tenant", "client"),
}
_NOT_YET = "None"  # what an output that is not there yet says in a text; no bucket or container has a capital letter


class Words(NamedTuple):
    """The options of an address, and what obstore calls for credentials: ``None`` for a task in its own cloud."""

    options: dict[str, str]
    credentials: Any


def words(parts: SplitResult) -> Words:
    """What an address says; a guest shows at once who it is, so that what is wrong is told before the task works.

    Raises :class:`~glacier.runtime.problems.Problem` when the address was written before the place it names was
    there, or when the guest is not let in.
    """
    options = dict(parse_qsl(parts.query))
    known = {name: options.pop(name) for name in _KNOWN[parts.scheme] if name in options}
    said = [parts.netloc, parts.path.strip("/").partition("/")[0] if parts.scheme == "az" else "", *known.values()]
    if any(_NOT_YET in re.split("[/:]", each) for each in said):
        raise Problem(
            f"{parts.scheme}://{parts.netloc}{parts.path} is not known yet: when the program of this task was deployed,"
            " the program that it reads this address from had not been",
            "run `pulumi up` once more in this task's program, now that the others are there",
        )
    if not known:
        return Words(options, None)
    # Most tasks are at home, and the way in takes long to import.
    passport = resolve_name("glacier.runtime.passports:passport")(parts.scheme, known, options)
    passport()
    return Words(options, passport)


def local_path(address: SplitResult) -> str:
    """The path that an address such as ``file:///folder`` or ``file:///C:/folder`` names."""
    path = unquote(address.path)
    return path.lstrip("/") if os.name == "nt" else path
