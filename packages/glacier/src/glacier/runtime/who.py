"""For whom a store is opened."""

from __future__ import annotations

from typing import NamedTuple


class Who(NamedTuple):
    """The task, by whose name some caches sign in, and its run, by which a queue knows a message sent twice.

    ``authority`` is who must have signed the certificate of the store's server, where it is none that everybody trusts.
    """

    task: str = ""
    run: str = ""
    authority: str = ""
