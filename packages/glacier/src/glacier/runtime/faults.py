"""What an error of a disk or a cloud means to a person."""

from __future__ import annotations

import re
from typing import Protocol

from glacier.runtime.problems import NEW, Problem

# What obstore and redis call it; neither is imported for this. For a listing, obstore has no class.
_LIST_REFUSED = re.compile(r"list request: .* status code: 40[13] ", re.S)
_REFUSED = {"PermissionDeniedError", "UnauthenticatedError", "NoPermissionError", "AuthenticationError"}


def is_full(error: Exception) -> bool:
    """Whether a disk has no more room."""
    return isinstance(error, OSError) and error.errno in (28, 122)  # ENOSPC, EDQUOT


class Place(Protocol):
    """Where objects are: a bucket."""

    def where(self, path: str) -> str:
        """A path as a person would look for it."""


def why(error: Exception, bucket: Place, path: str) -> Problem:
    """What happened to one of a bucket's objects."""
    where = bucket.where(path)
    if is_full(error):
        return Problem(
            f"the disk is full: {where} was not written, and nothing of it is left", "make room and run again"
        )
    if type(error).__name__ == "PreconditionError":
        return replaced(where)
    if "InvalidBlockList" in str(error):
        # Azure removes what others have sent for a blob and not yet ended, when one of them ends
        # (learn.microsoft.com/rest/api/storageservices/put-block-list).
        return Problem(
            f"another attempt has written {where} meanwhile, and with that Azure removed what this one had sent",
            "what is there is whole, and nothing of this attempt: keep it, or run the task again",
        )
    if isinstance(error, PermissionError) or type(error).__name__ in _REFUSED or _LIST_REFUSED.search(str(error)):
        said = f"{where} may not be used: {str(error).partition(chr(10))[0]}"
        if getattr(bucket, "guest", False):
            return Problem(said, f"deploy the program trust, which gives the access, after all others; {NEW}")
        return Problem(
            said,
            "the annotation gives the access: deploy again after changing annotations; or sign in with other rights",
        )
    return Problem(f"{where}: {type(error).__name__}: {str(error).partition(chr(10))[0]}")


def replaced(where: str) -> Problem:
    """Somebody wrote an object while it was read."""
    return Problem(f"{where} was replaced while it was read", "run the task again")
