"""By whose word a server is believed: what an address demands, and what clients are told of it."""

from __future__ import annotations

import json
import ssl
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from glacier.errors import TaskError
from glacier.runtime import databases
from glacier.runtime.authorities import AUTHORITY, FULL, NOTHING, Server, server_of
from glacier.runtime.manifest import Manifest, authority_key
from glacier.runtime.problems import Problem
from glacier.runtime.stores import open_from, open_store
from glacier.runtime.who import Who
from signing import Authority

OURS, OTHERS = Authority("ours"), Authority("somebody else's")


def demanded(address: str, authority: str = "", modes: tuple[str, ...] = (FULL, AUTHORITY, NOTHING)) -> Server:
    parts = urlsplit(address)
    return server_of(parts, dict(parse_qsl(parts.query)), authority, modes)


def test_what_an_address_demands() -> None:
    assert demanded("postgres://me:pass@db.example:5432/app") == Server(
        "postgres://db.example/app", "db.example", "verify-full", ""
    )
    assert demanded("valkeys://h:6379/?sslmode=verify-ca", OURS.pem) == Server(
        "valkeys://h", "h", "verify-ca", OURS.pem
    )


@pytest.mark.parametrize("mode", ["require", "prefer", "verify"])
def test_a_mode_that_proves_nothing(mode: str) -> None:
    with pytest.raises(Problem, match=f"sslmode={mode}, with which anybody") as caught:
        demanded(f"mysql://me:secret@h/db?sslmode={mode}")
    assert "verify-full, verify-ca, disable" in caught.value.help
    assert "secret" not in str(caught.value)


def test_a_cache_with_tls_is_never_without_server() -> None:
    with pytest.raises(Problem, match="sslmode=disable, with which anybody"):
        open_store("rediss://h/?sslmode=disable")


def test_an_authority_that_is_nobody() -> None:
    """Whoever has a certificate for any name at all would be let in, and so the system's authorities are not enough."""
    for nobody in ("", "-----BEGIN CERTIFICATE-----", "None"):
        with pytest.raises(Problem, match="nobody says which that is") as caught:
            demanded("mysql://h/db?sslmode=verify-ca", nobody)
        assert "GLACIER_AUTHORITY_" in caught.value.help


def test_authorities_as_a_program_writes_them() -> None:
    """One as it is, or several as JSON, as deep as they are."""
    several = json.dumps([{"caCerts": [{"certificates": [OURS.pem, OTHERS.pem]}]}])
    assert demanded("valkeys://h/?sslmode=verify-ca", several).authority == OURS.pem + OTHERS.pem
    assert len(demanded("valkeys://h/?sslmode=verify-ca", several).context().get_ca_certs()) == 2


def test_python_believes_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    default = ssl.create_default_context

    def strict(**given: Any) -> ssl.SSLContext:  # as Python 3.13 and later make it
        context = default(**given)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        return context

    monkeypatch.setattr(ssl, "create_default_context", strict)
    context = demanded("mysql://h/db", OURS.pem).context()
    assert [each["subject"] for each in context.get_ca_certs()] == [((("commonName", "ours"),),)]
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert not context.verify_flags & ssl.VERIFY_X509_STRICT
    assert not demanded("mysql://h/db?sslmode=verify-ca", OURS.pem).context().check_hostname
    everybodys = demanded("mysql://h/db").context()
    assert everybodys.check_hostname
    assert everybodys.verify_flags & ssl.VERIFY_X509_STRICT
    assert everybodys.verify_mode is ssl.CERT_REQUIRED


def test_a_file_is_there_as_long_as_it_is_needed() -> None:
    with demanded("postgres://h/db", OURS.pem).file() as file:
        assert Path(file).read_text() == OURS.pem
    assert not Path(file).exists()


def test_authorities_of_the_folder_and_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that were known when compiling, unless the program knew better when it was deployed."""
    seen: list[str] = []
    monkeypatch.setattr(databases, "postgres", lambda parts, who: seen.append(who.authority))
    known = {"GLACIER_STORE_MY_TABLE": "postgres://h/db"}
    assert authority_key("GLACIER_STORE_MY_TABLE") == "GLACIER_AUTHORITY_MY_TABLE"
    open_from(known, {"my-table": "d"}, Who())
    open_from(known, {"my-table": "d"}, Who(), {"my-table": "compiled", "other": "x"})
    open_from({**known, "GLACIER_AUTHORITY_MY_TABLE": "deployed"}, {"my-table": "d"}, Who(), {"my-table": "compiled"})
    assert seen == ["", "compiled", "deployed"]
    with pytest.raises(TaskError, match="nobody says which that is") as caught:
        open_from({"GLACIER_STORE_X": "mysql://h/db?sslmode=verify-ca"}, {"x": "d"}, Who("t"))
    assert (caught.value.task, caught.value.dataset) == ("t", "d")


def test_a_manifest_with_an_authority() -> None:
    manifest = Manifest(pipeline="p", module=None, attribute=None, tasks={}, places={}, authorities={"s": OURS.pem})
    assert Manifest.from_json(manifest.to_json()) == manifest
    plain = Manifest(pipeline="p", module=None, attribute=None, tasks={}, places={})
    assert "authorities" not in plain.to_json()
    assert Manifest.from_json(plain.to_json()) == plain


# --- Databases and caches -------------------------------------------------------------------------------------------


def test_what_psycopg_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}
    pems: list[str] = []

    def connect(**options: Any) -> None:
        given.update(options)
        pems.append(Path(options["sslrootcert"]).read_text() if "sslrootcert" in options else "")

    monkeypatch.setattr(databases, "library", lambda name: SimpleNamespace(connect=connect))
    for query, mode, pem in (
        ("", "verify-full", OURS.pem),
        ("?sslmode=verify-ca", "verify-ca", OURS.pem),
        ("?sslmode=disable", "disable", ""),
    ):
        given.clear()
        databases.postgres(urlsplit(f"postgres://h/db{query}"), Who(authority=OURS.pem))._connect()
        assert (given["sslmode"], pems.pop()) == (mode, pem)


def test_an_error_that_is_no_impostors(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(**_: Any) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(databases, "library", lambda name: SimpleNamespace(connect=connect))
    with pytest.raises(OSError, match="no route"):
        databases.postgres(urlsplit("postgres://h/db"), Who(authority=OURS.pem))._connect()
