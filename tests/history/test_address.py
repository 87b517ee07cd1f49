"""Addresses of stores: what they say, and what is said of those that cannot be read."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies

from argus_otel.history.store import address
from argus_otel.history.store.address import Address, parse
from argus_otel.history.store.errors import AddressError
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
        ("clickhouse://db?secure=1", "may not have options"),
        ("chdb://me:s3cret@db/argus", "name a directory, which has no user"),
        ("mysql://db", "it begins with mysql:, and it has to begin with clickhouse://"),
    ],
)
def test_what_is_no_address_is_told_with_what_is_right(text: str, why: str) -> None:
    with pytest.raises(AddressError) as told:
        parse(text)
    assert str(told.value).startswith("ARGUS_HISTORY_STORE is not the address of a store: ")
    assert why in str(told.value)
    assert "clickhouse://user:password@host:8123/database" in str(told.value)


MISTAKEN = [
    "clickhouse://me:{}@db:x",
    "clickhouse://me:{}@db?a=b",
    "clickhouse://me:x/{}@db",
    "clickhouse://me:x@{}@db:0",
    "postgres://me:{}@db",
    "clickhouse://me:a/{}@db/b-c",
    "clickhouse://db/argus?password={}",
    "clickhouse://db/argus?{}",
    "clickhouse://db/argus#{}",
    "http://db:8123/?user=me&password={}",
    "https://me:{}@db:8443",
    "clickhouse:me:{}@db",
    "clickhouse:/me:{}@db",
    "clickhouse://me:{}/db",
    "clickhouse://me:{}",
    "clickhouse://me/{}-",
    "clickhouse://me%3A{}@db/x",
    "clickhouse://me%3a{}:x@db/x",
    "me:{}@db:8123",
    "{}:me@db",
    "{}://me@db",
    "me:{}",
    "{}",
    "//me:{}@db",
    "chdb://me:{}@db/argus",
    "chdb:me:{}@db",
    "chdb:argus?password={}",
    "clickhouse://[me:{}@db",
    "clickhouse://me:{}@db\u2100",
    "clickhouse://me:{}@",
]
"""Addresses that are none, with a password at {}."""


@pytest.mark.parametrize("shape", MISTAKEN)
def test_an_address_that_is_none_is_not_quoted(shape: str) -> None:
    with pytest.raises(AddressError) as told:
        parse(shape.format("s3cret"))
    assert "s3cret" not in f"{told.value!r} {told.value}"
    assert "use clickhouse://user:password@host:8123/database" in str(told.value)


_WORDS = ["clickhouse", "clickhouses", "chdb", "http", "me", "db", "8123", "password=", "user", "\u2100"]
_MARKS = ["://", ":", "//", "/", "@", "?", "#", "&", "=", "%3A", "%40", "[", "]", "*", ".", " ", "\t", "\n"]
_AROUND = strategies.lists(strategies.sampled_from([*_WORDS, *_MARKS]), max_size=8).map("".join)


def _shown(text: str) -> str:
    """Return what is shown of an address that has a password in it, or has it in the wrong place."""
    try:
        where = parse(text)
    except AddressError as error:
        return f"{error} {error!r}"
    # A host, a user, a database and a directory that were understood are shown.
    return f"{where} {where!r}" if "s3cret" in where.password else ""


@given(_AROUND, _AROUND)
def test_whatever_stands_around_a_password_it_is_not_shown(before: str, after: str) -> None:
    assert "s3cret" not in _shown(f"{before}s3cret{after}")


def test_a_password_is_neither_shown_nor_represented() -> None:
    where = parse("clickhouse://me:s3cret@db")
    assert "s3cret" not in f"{where} {where!r}"
