"""A secret: a name for a value that a task is given when it runs, and that is written down nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from glacier.errors import Where, caller, reject
from glacier.naming import NAME, NAME_HELP, slug


@dataclass(frozen=True, slots=True, init=False)
class Secret:
    """A text that only some tasks may know, such as a password: ``Annotated[str, Secret("db_password")]``.

    ``password: str = Secret("db_password")`` says the same, and type checkers take it for the text that it stands for.
    The task gets the value when it runs: in a cloud from Secrets Manager, Secret Manager or Key Vault; here from the
    environment (``DB_PASSWORD``), a ``.env`` file or the keyring. Two secrets of one name are one secret; what is
    declared is its name, and no object of ours shows its value. Raises :class:`~glacier.errors.DeclarationError`.
    """

    name: str
    where: Where | None = field(repr=False, compare=False)

    # Not an `__init__`, which type checkers would take to give a Secret, that no parameter of `str` has as its default.
    def __new__(cls, name: str) -> Any:
        """A secret; to a type checker, the text that the task gets."""
        self = object.__new__(cls)
        object.__setattr__(self, "where", caller())
        if not isinstance(name, str) or not NAME.fullmatch(name):
            reject("name", f"{name!r} is not a secret's name", help=NAME_HELP)
        object.__setattr__(self, "name", str(name))
        return self

    def __getnewargs__(self) -> tuple[str]:
        return (self.name,)

    def __repr__(self) -> str:
        return f"Secret({self.name!r})"

    def __str__(self) -> str:
        return self.name


def add(known: dict[str, Secret], new: Mapping[str, Secret], subject: str, where: Where | None) -> None:
    """Add a task's secrets to those of its pipeline; two names that clouds take for one are refused."""
    for secret in new.values():
        other = known.setdefault(slug(secret.name), secret)
        if other != secret:
            reject(
                "name",
                f"the secrets {other.name!r} and {secret.name!r} have one name in a cloud: {slug(secret.name)}",
                subject=subject,
                where=where,
                help=f"write Secret({other.name!r}) if they are the same, or give one another name",
            )
