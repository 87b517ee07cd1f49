"""Addresses of stores: what they say, and what is said of those that cannot be read."""

from __future__ import annotations

import pytest

from argus_otel.history import address
from argus_otel.history.address import Address, parse
from argus_otel.history.errors import AddressError
from argus_otel.settings import DEFAULT_HISTORY_STORE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("clickhouse://db", Address(host="db", port=8123)),
        ("clickhouses://db", Address(host="db", port=8443, secure=True)),
        ("clickhouse://db:80/mine", Address("mine", host="db", port=80)),
        ("clickhouse://me:a%40b%2Fc@db/", Address(host="db", port=8123, user="me", password="a@b/c")),
        ("clickhouse://[::1]:8123", Address(host="::1", port=8123)),
        ("chdb:history", Address(directory="history")),
        ("chdb:///var/lib/history", Address(directory="/var/lib/history")),
        (" chdb:C:/history ", Address(directory="C:/history")),
    ],
)
def test_an_address_is_read(text: str, expected: Address) -> None:
    assert parse(text) == expected
    assert parse(str(expected).replace(":***", ":a%40b%2Fc")) == expected


def test_the_default_of_the_settings_is_an_address() -> None:
    assert DEFAULT_HISTORY_STORE == address.DEFAULT
    assert parse(DEFAULT_HISTORY_STORE).embedded


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "what kind of store"),
        ("history", "what kind of store"),
        ("mysql://db", "has to begin with clickhouse://"),
        ("clickhouse:db", "has to begin with clickhouse://"),
        ("http://db:8123", "has to begin with clickhouse://"),
        ("https://db:8443", "has to begin with clickhouses://"),
        ("chdb:", "name a directory"),
        ("chdb::memory:", "name a directory"),
        ("clickhouse://", "names no host"),
        ("clickhouse://db:0", "from 1 to 65535"),
        ("clickhouse://db:65536", "cannot be read"),
        ("clickhouse://db/my-database", "letters, digits and underscores"),
        ("clickhouse://db/a'b", "letters, digits and underscores"),
        ("clickhouse://db?secure=1", "may not have options (secure)"),
    ],
)
def test_what_is_no_address_is_told_with_what_is_right(text: str, why: str) -> None:
    with pytest.raises(AddressError) as told:
        parse(text)
    assert str(told.value).startswith(f"ARGUS_HISTORY_STORE is {text!r}, but ")
    assert why in str(told.value)
    assert "clickhouse://user:password@host:8123/database" in str(told.value)


@pytest.mark.parametrize(
    "text",
    [
        "clickhouse://me:s3cret@db:x",
        "clickhouse://me:s3cret@db?a=b",
        "clickhouse://me:x/s3cret@db",
        "clickhouse://me:x@s3cret@db:0",
        "postgres://me:s3cret@db",
        "clickhouse://me:a/s3cret@db/b-c",
    ],
)
def test_no_message_shows_a_password(text: str) -> None:
    with pytest.raises(AddressError) as told:
        parse(text)
    assert "s3cret" not in str(told.value)
    assert "me:***@db" in str(told.value)


def test_a_password_is_neither_shown_nor_represented() -> None:
    where = parse("clickhouse://me:s3cret@db")
    assert "s3cret" not in f"{where} {where!r}"
