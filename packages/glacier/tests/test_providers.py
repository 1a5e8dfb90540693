"""Which clouds are installed, and what is said about those that are not."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import EntryPoint

import pytest
from glacier import ProviderNotInstalled, providers
from toycloud import ToyCompiler

TOY = EntryPoint("toy", "toycloud:ToyCompiler", "glacier.providers")
BROKEN = EntryPoint("broken", "toycloud:NoSuchCompiler", "glacier.providers")


@pytest.fixture
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(providers, "installed", lambda: {"broken": BROKEN, "toy": TOY})


@pytest.fixture
def afresh() -> Iterator[None]:
    """What is installed is looked up again, before and after."""
    providers.installed.cache_clear()
    yield
    providers.installed.cache_clear()


@pytest.mark.usefixtures("afresh")
def test_what_is_installed_is_found_by_name_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    groups: list[str] = []

    def entry_points(*, group: str) -> list[EntryPoint]:
        groups.append(group)
        return [TOY, BROKEN]

    monkeypatch.setattr("importlib.metadata.entry_points", entry_points)
    assert providers.installed() == {"broken": BROKEN, "toy": TOY}
    assert list(providers.installed()) == ["broken", "toy"]
    assert groups == ["glacier.providers"]


@pytest.mark.usefixtures("afresh")
def test_the_workspace_has_its_own_clouds() -> None:
    assert set(providers.DISTRIBUTIONS) <= set(providers.installed())
    for name in providers.DISTRIBUTIONS:
        assert getattr(providers.load(name), "provider", None) == name


@pytest.mark.usefixtures("toys")
def test_a_provider_is_loaded_by_its_name() -> None:
    assert providers.load("toy") is ToyCompiler


@pytest.mark.usefixtures("toys")
@pytest.mark.parametrize(
    ("name", "help_"),
    [
        ("aws", "pip install glacier-aws"),
        ("gcp", "pip install glacier-gcp"),
        ("azure", "pip install glacier-azure"),
        ("azur", "did you mean 'azure'?"),
        ("tooy", "did you mean 'toy'?"),
        ("oracle", "known here: aws, azure, broken, gcp, toy"),
    ],
)
def test_one_that_is_not_installed_is_answered_with_what_to_type(name: str, help_: str) -> None:
    with pytest.raises(ProviderNotInstalled) as caught:
        providers.load(name)
    assert caught.value.provider == name
    assert caught.value.install == help_
    assert str(caught.value) == f"the provider {name!r} is not installed\n  help: {help_}"


@pytest.mark.usefixtures("toys")
def test_one_that_is_broken_fails_for_its_own_reason() -> None:
    with pytest.raises(AttributeError, match="NoSuchCompiler"):
        providers.load("broken")


@pytest.mark.usefixtures("toys")
@pytest.mark.parametrize(("name", "is_one"), [("toy", True), ("aws", True), ("tin", False), ("", False)])
def test_a_word_is_a_provider_when_it_is_installed_or_known(name: str, is_one: bool) -> None:
    assert providers.is_provider(name) is is_one
