"""A server proves who it is before it is sent a password: Postgres and Valkey behind TLS, with the clouds' own clients.

Each server has a certificate for the host it is asked at, by an authority of these tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from e2e.encrypting import Encrypting
from e2e.greeting import Greeting
from glacier.errors import TaskError
from glacier.runtime.manifest import Place
from glacier.runtime.run import Step, run
from glacier.runtime.stores import Store, open_from
from glacier.runtime.who import Who
from servers import clouds
from servers.running import HOST, Server
from signing import Authority

ROWS = [{"city": "Oslo", "degrees": 3.5}]
PLACE = Place(store="weather", path="cities/")
STEP = Step("measure", lambda: ROWS, (), (("cities", None),))
OURS, OTHERS = Authority("ours"), Authority("somebody else's")
CACHE = ("valkeys", "", "")
REFUSED = "has not proven to be it, and was sent no password"


def opened(address: str, authority: str = OURS.pem) -> Store:
    """A store as a function opens it, whose program knew the authority when it was deployed."""
    known = {"GLACIER_STORE_WEATHER": address, "GLACIER_AUTHORITY_WEATHER": authority}
    return open_from(known, {"weather": "cities"}, Who("measure"))["weather"]


def written(address: str, authority: str = OURS.pem) -> object:
    """What a task has written there, read again by another process, as far as the store can tell."""
    store = opened(address, authority)
    try:
        run(STEP, {"cities": PLACE}, {"weather": store})
    finally:
        store.close()
    again = opened(address, authority)
    try:
        return again.read(PLACE, list)
    finally:
        again.close()


class Front(NamedTuple):
    """A server behind TLS, and what it is."""

    kind: str
    server: Encrypting

    @property
    def host(self) -> str:
        """A name; but a cluster's client makes a number of this one."""
        return HOST if self.kind == "cluster" else "localhost"

    def at(self, **options: str) -> str:
        """Its address, as its cloud writes it."""
        scheme, user, path = ("postgres", "glacier:example@", "glacier") if self.kind == "postgres" else CACHE
        words = "&".join(f"{name}={value}" for name, value in options.items())
        words += "&cluster=1" if self.kind == "cluster" else ""
        return f"{scheme}://{user}{self.host}:{self.server.port}/{path}?{words}"


@pytest.fixture(scope="module")
def cluster(logs: Path) -> Iterator[Server]:
    with clouds.valkey_cluster(logs) as server:
        yield server


@contextmanager
def fronted(kind: str, behind: Server, host: str, folder: Path) -> Iterator[Front]:
    """A server behind TLS, with a certificate for a host."""
    with Encrypting(behind.ports[0], OURS.signed(host, folder), asked=kind == "postgres") as server:
        if kind == "cluster":  # which tells its clients where its nodes are
            clouds.told(behind, f"CONFIG SET cluster-announce-port {server.port}")
        yield Front(kind, server)


@pytest.fixture(params=["postgres", "valkey", "cluster"])
def kind(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture
def behind(request: pytest.FixtureRequest, kind: str, clients: None) -> Server:
    found: Server = request.getfixturevalue(kind)
    return found


@pytest.fixture
def front(kind: str, behind: Server, tmp_path: Path) -> Iterator[Front]:
    with fronted(kind, behind, HOST if kind == "cluster" else "localhost", tmp_path) as front:
        yield front


def test_a_server_that_is_the_one(front: Front) -> None:
    assert written(front.at()) == ROWS
    assert written(front.at(sslmode="verify-full")) == ROWS
    assert front.server.heard


def test_an_authority_that_nobody_knows(front: Front) -> None:
    """The address is right, and so is the name in the certificate; only who has signed it is not."""
    for mode in ("verify-full", "verify-ca"):
        with pytest.raises(TaskError, match=REFUSED) as caught:
            written(front.at(sslmode=mode), OTHERS.pem)
        assert (caught.value.task, caught.value.dataset) == ("measure", "cities")
        assert front.host in str(caught.value)
        assert "pulumi up --refresh" in caught.value.help
    assert not front.server.heard


def test_a_certificate_for_another_host(kind: str, behind: Server, tmp_path: Path) -> None:
    """As anybody can have one who has a database at the same cloud."""
    with fronted(kind, behind, "other.example", tmp_path) as front:
        with pytest.raises(TaskError, match=REFUSED) as caught:
            written(front.at())
        assert caught.value.dataset == "cities"
        assert front.host in str(caught.value)
        assert not front.server.heard
        assert written(front.at(sslmode="verify-ca")) == ROWS


def test_authorities_that_everybody_trusts(front: Front, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Python's own TLS trusts on a machine is trusted, a list or a folder, and nothing else is."""
    for name, authority in (("ours.pem", OURS), ("others.pem", OTHERS)):
        (tmp_path / name).write_text(authority.pem)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "nothing"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ours.pem"))
    assert written(front.at(), "") == ROWS
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "others.pem"))
    with pytest.raises(TaskError, match=REFUSED) as caught:
        written(front.at(), "")
    assert "ca-certificates" in caught.value.help
    with pytest.raises(TaskError, match="nobody says which that is"):
        written(front.at(sslmode="verify-ca"), "")


def test_an_authority_of_its_own_is_the_only_one(front: Front, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has a certificate that everybody trusts is still not the server that has an authority of its own."""
    (tmp_path / "ours.pem").write_text(OURS.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ours.pem"))
    with pytest.raises(TaskError, match=REFUSED):
        written(front.at(sslmode="verify-ca"), OTHERS.pem)
    assert not front.server.heard


def test_a_folder_of_authorities(
    postgres: Server, clients: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in images that have the authorities one by one."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nothing"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    with fronted("postgres", postgres, "localhost", tmp_path) as front:
        with pytest.raises(TaskError, match="no list of the authorities") as caught:
            written(front.at(), "")
        assert "SSL_CERT_FILE" in caught.value.help
        for name, authority in (("0a1b2c3d.0", OTHERS), ("4e5f6a7b.0", OURS)):
            (tmp_path / name).write_text(authority.pem)
        assert written(front.at(), "") == ROWS


def test_a_database_that_says_it_has_no_tls(postgres: Server, clients: None) -> None:
    address = f"postgres://glacier:example@localhost:{postgres.ports[0]}/glacier"
    with pytest.raises(TaskError, match=REFUSED):
        written(address)
    assert written(f"{address}?sslmode=disable") == ROWS


def test_a_database_with_mysqls_protocol(clients: None, logs: Path, tmp_path: Path) -> None:
    """MariaDB, which speaks TLS by itself."""
    file = OURS.file("localhost", tmp_path)
    with clouds.mariadb(logs, f"--ssl-cert={file}", f"--ssl-key={file}", "--require-secure-transport=ON") as server:
        named, numbered = (f"mysql://glacier@{host}:{server.ports[0]}/glacier" for host in ("localhost", HOST))
        assert written(named) == ROWS
        assert written(f"{numbered}?sslmode=verify-ca") == ROWS
        for address, authority in ((named, OTHERS), (numbered, OURS), (f"{numbered}?sslmode=verify-ca", OTHERS)):
            with pytest.raises(TaskError, match=REFUSED):
                written(address, authority.pem)


def test_nobody_is_sent_a_password_of_mysql_s(clients: None, tmp_path: Path) -> None:
    """Its password goes to whom it is for, and to nobody without TLS either, as it did with older clients."""

    def refused(server: Greeting, authority: Authority, host: str = "localhost", **options: str) -> TaskError:
        words = "&".join(f"{name}={value}" for name, value in options.items())
        with server, pytest.raises(TaskError) as caught:
            written(f"mysql://glacier:example@{host}:{server.port}/glacier?{words}", authority.pem)
        assert caught.value.dataset == "cities"
        return caught.value

    tls = OURS.signed("localhost", tmp_path)
    for host, options in (("localhost", {}), (HOST, {"sslmode": "verify-ca"})):
        believed = Greeting(tls)
        assert "Access denied" in str(refused(believed, OURS, host, **options))
        assert b"glacier" in believed.heard
    for server, authority, host in (
        (Greeting(tls), OTHERS, "localhost"),
        (Greeting(tls), OURS, HOST),
        (Greeting(None), OURS, "localhost"),
    ):
        error = refused(server, authority, host)
        assert REFUSED in str(error)
        assert host in str(error)
        assert server.heard == b""
