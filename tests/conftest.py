"""Options and fixtures that the tests of the whole workspace share."""

from __future__ import annotations

from types import ModuleType

import pytest
from workspace import EXAMPLES, load


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden trees")


@pytest.fixture(scope="session")
def examples() -> dict[str, ModuleType]:
    """Every example, imported."""
    return {name: load(path) for name, path in EXAMPLES.items()}
