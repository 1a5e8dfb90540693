"""Keeps clients from one call of a process to the next: a function that is called again finds its connections open.

A client is kept that asks by single requests, that tries again on a new connection when the other side has closed the
old one meanwhile, and that renews credentials which end: those of object storage, and boto3's. What belongs to one call
(its run, its files, its tallies) is part of none. Connections to databases and caches are as long as a call: they have
a state, and nothing tries a statement again.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")

_LOCK = threading.Lock()
_MADE: dict[Hashable, Any] = {}
_ENVIRONMENT: dict[str, str] = {}  # in which they were made


def warm(make: Callable[..., T], *where: Hashable, **options: Hashable) -> T:
    """What is made of some arguments: made for who asks first, and the same for all who ask after it.

    All that was made goes when the environment changes, which says who the task is and which way it goes. Names that
    begin with ``_`` are left out: the runtime of functions sets one of them anew for each call (``_X_AMZN_TRACE_ID``,
    docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html).
    """
    now = {name: value for name, value in os.environ.items() if not name.startswith("_")}
    key = (make, where, frozenset(options.items()))
    with _LOCK:
        if now != _ENVIRONMENT:
            _MADE.clear()
            _ENVIRONMENT.clear()
            _ENVIRONMENT.update(now)
        if key not in _MADE:
            _MADE[key] = make(*where, **options)
        made: T = _MADE[key]
        return made
