"""What a dataset may be, and what is refused on its line."""

from __future__ import annotations

from pathlib import Path

import pytest
from declaring import refused
from glacier import Dataset
from glacier.dataset import Switches, parse_size
from glacier.storage import ObjectStorage


def test_a_dataset_needs_only_a_name() -> None:
    raw = Dataset("raw")
    assert (raw.name, raw.storage, raw.format, raw.schema, raw.expected_size, raw.path, raw.size) == (
        "raw",
        *[None] * 6,
    )
    assert str(raw) == "raw"


def test_two_datasets_with_one_name_are_two() -> None:
    one, other = Dataset("raw"), Dataset("raw")
    assert one != other
    assert len({one, other}) == 2


def test_the_order_of_the_arguments_is_that_of_the_design() -> None:
    storage = ObjectStorage()
    raw = Dataset("raw", storage, "csv", {"amount": "double"}, "120 GB")
    assert (raw.storage, raw.format, raw.schema, raw.size) == (storage, "csv", {"amount": "double"}, 120 * 10**9)


@pytest.mark.parametrize("name", ["r", "Raw data", "raw-2024.v1", "a_b", "x" * 100])
def test_a_name(name: str) -> None:
    assert Dataset(name).name == name


@pytest.mark.parametrize("name", ["", " raw", "1st", "-", "données", "a/b", "x" * 101, "a\n", None, 5, ["raw"]])
def test_not_a_name(tmp_path: Path, name: object) -> None:
    found = refused(tmp_path, f"x = Dataset({name!r})  # here")
    assert (found.code, found.message) == ("name", f"{name!r} is not a dataset's name")
    assert "start with a letter" in found.help


@pytest.mark.parametrize(
    ("written", "code", "message", "help_"),
    [
        (
            'storage="s3://raw"',
            "storage",
            "storage='s3://raw' is not a storage",
            "storage=ObjectStorage(), or a cloud's own such as S3(bucket=…)",
        ),
        (
            "storage=ObjectStorage",
            "storage",
            "storage=<class 'glacier.storage.ObjectStorage'> is not a storage",
            "make one: storage=ObjectStorage(…)",
        ),
        ("storage=compute.serverless()", "storage", "Serverless runs tasks; it holds no data", ""),
        ("storage=compute.local()", "storage", "Local runs tasks; it holds no data", ""),
        (
            'format="parqet"',
            "format",
            "format='parqet' is none of parquet, json, csv, text, bytes",
            "did you mean 'parquet'?",
        ),
        ("format=3", "format", "format=3 is none of parquet, json, csv, text, bytes", ""),
        (
            'schema=["amount"]',
            "schema",
            "schema=['amount'] does not map columns to types",
            'schema={"amount": "double"}',
        ),
        (
            'schema={"amount": float}',
            "schema",
            "schema={'amount': <class 'float'>} does not map columns to types",
            'schema={"amount": "double"}',
        ),
        *(
            (
                f"transfer={value}",
                "transfer",
                f"transfer={value} does not map compress, parallel, cache, batch to True or False",
                help_,
            )
            for value, help_ in (
                ("{'compres': False}", "did you mean 'compress'?"),
                ("{'compress': 'no'}", 'transfer={"compress": False}'),
                ("False", 'transfer={"compress": False}'),
                ("{'colour': True}", 'transfer={"compress": False}'),
            )
        ),
        (
            'storage=Cache(), transfer={"cache": True}',
            "transfer",
            "transfer= is for objects, and Cache has none",
            "leave it out, or keep the dataset in object storage",
        ),
        *(
            (f"expected_size={size!r}", "size", f"expected_size={size!r} is not a size", '"120 GB", "1.5 TiB" or bytes')
            for size in ("120", "many", "-1 GB", -1, 1.5, True, "", "1 XB", "1,5 GB", b"1 GB")
        ),
        *(
            (
                f"path={path!r}",
                "path",
                f"path={path!r} is not a place inside a storage",
                '"orders/" for a folder, "orders/2024.csv" for one object',
            )
            for path in ("", "/", "/orders", "a//b", "../other/", "a/../b", "./a", "a//", 5)
        ),
    ],
)
def test_a_wrong_value_is_refused_on_its_line(
    tmp_path: Path, written: str, code: str, message: str, help_: str
) -> None:
    found = refused(tmp_path, f'x = Dataset("orders", {written})  # here')
    assert (found.code, found.message, found.help, found.subject) == (code, message, help_, "dataset orders")


@pytest.mark.parametrize("path", ["orders/", "orders", "a/b/c.csv", "a..b", "2024/"])
def test_a_path(path: str) -> None:
    assert Dataset("orders", path=path).path == path


@pytest.mark.parametrize(
    ("size", "count"),
    [
        (0, 0),
        (7, 7),
        ("7 B", 7),
        ("120 GB", 120 * 10**9),
        ("120GB", 120 * 10**9),
        ("120 gb", 120 * 10**9),
        (" 1 KB ", 1000),
        ("1.5 TiB", 3 * 2**39),
        ("1 kib", 1024),
        ("2 MB", 2 * 10**6),
        ("1 PB", 10**15),
        ("0.5 B", 0),
        (1.5, None),
        (None, None),
    ],
)
def test_a_size_in_bytes(size: object, count: int | None) -> None:
    assert parse_size(size) == count


def test_every_fault_of_one_dataset_is_refused_at_the_first(tmp_path: Path) -> None:
    found = refused(tmp_path, 'x = Dataset("raw", storage=1, format="x", expected_size="y")  # here')
    assert found.code == "storage"


@pytest.mark.parametrize(
    ("transfer", "crosses", "abroad", "found"),
    [
        (None, False, False, ()),
        (None, True, False, ("compress",)),
        (None, True, True, ("compress", "parallel", "cache", "batch")),
        ({"compress": False, "cache": False}, True, True, ("parallel", "batch")),
        ({"batch": True, "compress": True}, False, False, ("compress", "batch")),
    ],
)
def test_what_is_done_on_the_way(transfer: Switches | None, crosses: bool, abroad: bool, found: tuple[str]) -> None:
    assert Dataset("orders", transfer=transfer).switched_on(crosses=crosses, abroad=abroad) == found
