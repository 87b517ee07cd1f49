"""Addresses of stores: a server, ``chdb:DIRECTORY`` (the embedded engine) or ``files:DIRECTORY`` (daily files)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from .errors import AddressError

SETTING = "ARGUS_HISTORY_STORE"
DEFAULT = "chdb:argus-history"
DATABASE = "argus"
"""The database of an address that names none, and of every embedded store."""

RIGHT = (
    "clickhouse://user:password@host:8123/database, the same with clickhouses:// (TLS), chdb:DIRECTORY, or "
    "files:DIRECTORY"
)

_PORTS = {"clickhouse": 8123, "clickhouses": 8443}
_EMBEDDED = "chdb"
_FILES = "files"
_KNOWN = ("clickhouse", "clickhouses", "mysql", "postgres", "postgresql", "sqlite", "file")  # any other may be a secret
_UNREADABLE = "host and port cannot be read (a @, / or : in a password is written %40, %2F or %3A)"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Address:
    """The address of a store.

    Attributes
    ----------
    database:
        Letters, digits and underscores.
    directory:
        Of an embedded store, as it was given; ``None`` for others.
    files:
        The directory of daily files, as it was given; ``None`` for others. The attributes after it are a server's.
    secure:
        Whether the connection uses TLS.
    """

    database: str = DATABASE
    directory: str | None = None
    files: str | None = None
    host: str = ""
    port: int = 0
    user: str = "default"
    password: str = field(default="", repr=False)
    secure: bool = False

    @property
    def embedded(self) -> bool:
        """Whether the engine runs in this process."""
        return self.directory is not None

    def __str__(self) -> str:
        """Return the address without its password, for messages."""
        if self.directory is not None:
            return f"{_EMBEDDED}:{self.directory}"
        if self.files is not None:
            return f"{_FILES}:{self.files}"
        scheme = "clickhouses" if self.secure else "clickhouse"
        secret = ":***" if self.password else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{self.user}{secret}@{host}:{self.port}/{self.database}"


def parse(text: str, setting: str = SETTING) -> Address:
    """Return the address in ``text``.

    Parameters
    ----------
    setting:
        The setting or option that has the text, for the message.

    Raises
    ------
    AddressError
        The text is not an address. The message names the setting and the valid forms, and does not quote the
        value: any of it may be a password.
    """
    text = text.strip()
    scheme, colon, rest = text.partition(":")
    if not colon or not text:
        raise _wrong(setting, "it has to say what kind of store it is")
    if scheme == _EMBEDDED:
        return Address(directory=_directory(setting, scheme, rest))
    if scheme == _FILES:
        return Address(files=_directory(setting, scheme, rest))
    if scheme in _PORTS and rest.startswith("//"):
        return _server(setting, text)
    if scheme in ("http", "https", "tcp", "native"):
        secure = "s" if scheme == "https" else ""
        right = f"clickhouse{secure}://, and the user and password stand before the host"
        raise _wrong(setting, f"it begins with {scheme}:, and it has to begin with {right}")
    begins = f"it begins with {scheme}:, and " if scheme in _KNOWN else ""
    raise _wrong(setting, f"{begins}it has to begin with clickhouse://, clickhouses://, chdb: or files:")


def _directory(setting: str, scheme: str, rest: str) -> str:
    # `chdb:///var/lib/history`, as clickhouse-connect spells it, is the same as `chdb:/var/lib/history`.
    directory = rest[2:] if rest.startswith("//") else rest
    if not directory or "?" in directory or directory == ":memory:":
        raise _wrong(setting, f"after {scheme}: it has to name a directory, without options")
    if "@" in directory.partition("/")[0]:
        raise _wrong(setting, f"after {scheme}: it has to name a directory, which has no user, password or host")
    return directory


def _server(setting: str, text: str) -> Address:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise _wrong(setting, _UNREADABLE) from None
    if "@" in parts.path:
        raise _wrong(setting, _UNREADABLE)
    if not parts.hostname:
        raise _wrong(setting, "it names no host")
    if port == 0:
        raise _wrong(setting, "the port has to be from 1 to 65535")
    if parts.query or parts.fragment:
        raise _wrong(setting, "it may not have options: user and password stand before the host, the database after it")
    user = unquote(parts.username or "") or "default"
    if ":" in user:
        raise _wrong(setting, "the user may not have a colon: one that is not escaped stands before the password")
    database = unquote(parts.path.strip("/")) or DATABASE
    if not _NAME.fullmatch(database):
        raise _wrong(setting, "the name of the database has to be letters, digits and underscores")
    return Address(
        database=database,
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        user=user,
        password=unquote(parts.password or ""),
        secure=parts.scheme == "clickhouses",
    )


def _wrong(setting: str, why: str) -> AddressError:
    return AddressError(f"{setting} is not the address of a store: {why}; use {RIGHT}")
