"""One store of history, a server or the engine in the process: the same statements, the same errors.

A thin layer over clickhouse-connect, which speaks to both. It is imported when a store is opened, and not before: a bot
without history does without the package.
"""

from __future__ import annotations

import logging
import re
import struct
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, cast

from .address import Address, parse
from .directories import make_private
from .errors import (
    BusyError,
    InUseError,
    MissingExtraError,
    RefusedError,
    RowError,
    SchemaMissingError,
    StoreError,
    TooOldError,
    UnauthorizedError,
    UnreachableError,
)
from .rows import COLUMNS, INBOX, Row

OLDEST = (24, 8)
"""The oldest server that will do: the long-term release of August 2024.

Schema and questions were run on its engine, 24.8.4 (in chdb 2.1.1), with the query analyser of then and the one before:
in both, the view that keeps rows from being stored twice sees the block that is being inserted wherever it names its
source. Of older ones nothing is known. Since 24.3 the newer analyser is the default:
https://clickhouse.com/docs/whats-new/changelog/2024
"""

BLOCK = 50_000
"""Rows in one insert. Below what an engine of any setting splits: two blocks of one insert are not compared."""

_SETTINGS: Mapping[str, int] = {
    # An insert into a table that several hosts share is done when it has arrived, not when it is queued for them.
    "distributed_foreground_insert": 1,
    # A server may gather small inserts into larger ones and answer before they are stored.
    "async_insert": 0,
}

_CODES: dict[int, type[StoreError]] = {
    60: SchemaMissingError,  # UNKNOWN_TABLE
    81: SchemaMissingError,  # UNKNOWN_DATABASE
    192: UnauthorizedError,  # UNKNOWN_USER
    193: UnauthorizedError,  # WRONG_PASSWORD
    194: UnauthorizedError,  # REQUIRED_PASSWORD
    497: UnauthorizedError,  # ACCESS_DENIED
    516: UnauthorizedError,  # AUTHENTICATION_FAILED
    # What a server says that is full, overloaded, starting or without its Keeper.
    **dict.fromkeys((159, 164, 201, 202, 203, 209, 210, 225, 241, 242, 243, 252, 279, 285, 319, 999), BusyError),
}

# Without a handler of anybody's, Python would print what it logs of each failure, which we raise.
_QUIET = logging.NullHandler()


class _Result(Protocol):
    @property
    def result_rows(self) -> Sequence[Sequence[Any]]: ...


class _Client(Protocol):
    """What is used of clickhouse-connect's client, which is typed in part only."""

    server_version: str
    database: str | None

    def command(self, cmd: str, parameters: dict[str, object]) -> object: ...
    def query(self, query: str, parameters: dict[str, object]) -> _Result: ...
    def insert(
        self,
        table: str,
        data: Sequence[Sequence[object]],
        *,
        column_names: Sequence[str],
        column_type_names: Sequence[str],
        column_oriented: bool,
    ) -> object: ...
    def close(self) -> None: ...


class Store:
    """An open store. Made by :func:`connect`.

    Not for two threads at a time where it is embedded: calls wait for each other there.

    Attributes
    ----------
    address:
        Where it is.
    version:
        The engine's, such as ``26.3.1.5``.
    """

    def __init__(self, address: Address, client: _Client, version: str) -> None:
        self.address = address
        self.version = version
        self._client = client

    def command(self, statement: str, parameters: Mapping[str, object] | None = None) -> None:
        """Run a statement that answers nothing.

        Parameters
        ----------
        parameters:
            Values for ``{name:Type}`` in the statement. They are bound by the engine, never made part of the text.

        Raises
        ------
        StoreError
            As :mod:`.errors` has them.
        """
        with self._telling():
            self._client.command(statement, parameters=dict(parameters or {}))

    def query(self, statement: str, parameters: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
        """Return all rows that a statement answers; parameters and errors as of :meth:`command`."""
        with self._telling():
            return [tuple(row) for row in self._client.query(statement, parameters=dict(parameters or {})).result_rows]

    def insert(self, rows: Sequence[Row]) -> None:
        """Store rows. Those that are stored already are left out, however often they come.

        Raises
        ------
        StoreError
            Nothing, or a part, was stored. Inserting all of them again is safe.
        """
        names = [column.name for column in COLUMNS]
        types = [column.type for column in COLUMNS]
        for start in range(0, len(rows), BLOCK):
            block = rows[start : start + BLOCK]
            with self._telling(), _judging_values(self.address):
                self._client.insert(
                    INBOX,
                    [[getattr(row, name) for row in block] for name in names],
                    column_names=names,
                    column_type_names=types,
                    column_oriented=True,
                )

    def use(self, database: str) -> None:
        """Make ``database`` that in which names without one are looked up."""
        self._client.database = database

    def close(self) -> None:
        """Close it. An embedded store's directory is then free for other processes."""
        self._client.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _telling(self) -> Generator[None]:
        with _telling(self.address):
            yield


def connect(address: Address | str, *, timeout: float = 10.0, create: bool = True) -> Store:
    """Open a store. Whether it has our tables is for :mod:`.migrations` to say.

    Parameters
    ----------
    timeout:
        How long a server may take to accept a connection, in seconds. Statements may take five minutes.
    create:
        Whether the directory of an embedded store is made where it is not there.

    Raises
    ------
    StoreError
        As :mod:`.errors` has them.
    """
    if isinstance(address, str):
        address = parse(address)
    try:
        import_module("clickhouse_connect")
    except ModuleNotFoundError as error:
        raise MissingExtraError(_missing(address, "clickhouse-connect")) from error
    logging.getLogger("clickhouse_connect").addHandler(_QUIET)
    if address.directory is not None:
        client = _open_embedded(address, address.directory, create=create)
    else:
        with _telling(address):
            client = _client(
                host=address.host,
                port=address.port,
                username=address.user,
                password=address.password,
                secure=address.secure,
                connect_timeout=timeout,
                send_receive_timeout=300,
                autogenerate_session_id=False,  # so that threads need not wait for each other
                settings=dict(_SETTINGS),
                client_name="argus-otel",
            )
    return _checked(address, client)


def _client(**options: object) -> _Client:
    return cast("_Client", import_module("clickhouse_connect").get_client(**options))


def _open_embedded(address: Address, directory: str, *, create: bool) -> _Client:
    path = Path(directory).absolute()
    if not create and not path.is_dir():
        raise SchemaMissingError(
            f"there is no history in {address}: {path} does not exist; name the store that the bot writes to, by "
            "--store or ARGUS_HISTORY_STORE"
        )
    try:
        make_private(path)
    except OSError as error:
        raise UnreachableError(
            f"{address} cannot be opened: {error.strerror or error} ({path}); name a directory that may be written to"
        ) from error
    from clickhouse_connect.driver.exceptions import ClickHouseError

    try:
        return _client(interface="chdb", path=str(path))
    except ImportError as error:
        raise MissingExtraError(_missing(address, "chdb-core")) from error
    except ClickHouseError as error:
        raise _unopened(address, path, str(error)) from error


def _unopened(address: Address, path: Path, told: str) -> StoreError:
    other = re.search(r"already initialized with path '([^']*)'", told)
    if other:
        return InUseError(
            f"{address} cannot be opened beside {other[1]}: the engine has one directory in a process; "
            "close the other store first, or use another process"
        )
    holder = _holder(path)
    if holder:
        return InUseError(
            f"{address} is in use by another process ({holder}), and an embedded store can be open in one at a time: "
            "ask again (a bot takes events in for a second or so at a time), stop that process, or let history live on "
            "a ClickHouse server, which many can use"
        )
    return UnreachableError(
        f"{address} cannot be opened: {path} has to be a directory of its own that may be written to; "
        f"the engine says: {_first_line(told)}"
    )


def _holder(path: Path) -> str:
    """Return who has the directory open, as the engine's lock tells; empty where nobody has."""
    try:
        import fcntl
    except ImportError:  # Windows, for which there is no engine
        return ""
    try:
        with (path / "status").open(encoding="utf-8", errors="replace") as status:
            try:
                fcntl.flock(status, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                found = re.search(r"PID: *(\d+)", status.read())
                return f"pid {found[1]}" if found else "its pid is not known"
    except OSError:
        pass
    return ""


def _checked(address: Address, client: _Client) -> Store:
    version = str(client.server_version)
    known = tuple(int(number) for number in re.findall(r"\d+", version)[:2])
    if known < OLDEST:
        client.close()
        oldest = ".".join(map(str, OLDEST))
        what = "chdb-core: pip install -U chdb-core" if address.embedded else "the server"
        raise TooOldError(f"{address} is ClickHouse {version}, but it has to be {oldest} or newer; upgrade {what}")
    store = Store(address, client, version)
    try:
        # One that is not there cannot be chosen, and may be about to be created.
        if store.query("select 1 from system.databases where name = {name:String}", {"name": address.database}):
            store.use(address.database)
    except StoreError:
        store.close()
        raise
    return store


@contextmanager
def _telling(address: Address) -> Generator[None]:
    """Raise what clickhouse-connect raises as an error of ours."""
    from clickhouse_connect.driver.exceptions import ClickHouseError

    try:
        yield
    except ClickHouseError as error:
        raise _told(address, error) from error


@contextmanager
def _judging_values(address: Address) -> Generator[None]:
    """Raise as an error of ours what a value raises that does not fit its column: it never will."""
    from clickhouse_connect.driver.exceptions import DataError

    try:
        yield
    except (ValueError, TypeError, OverflowError, struct.error, DataError) as error:
        raise RowError(f"{address}: a row has a value that does not fit its column: {error}") from error


def _told(address: Address, error: Exception) -> StoreError:
    code = cast("int | None", getattr(error, "code", None))
    text = _first_line(_without_secret(str(error), address))
    if code is None and not address.embedded:
        reason = re.search(r"\[Errno -?\d+\] ([^\")]+)", text)
        return UnreachableError(
            f"{address} does not answer as ClickHouse does: {reason[1] if reason else text}; does it run, and is "
            "the port that of its HTTP interface (8123, or 8443 with clickhouses://)?"
        )
    kind = _CODES.get(code or 0, RefusedError)
    if kind is SchemaMissingError:
        return SchemaMissingError(
            f"{address} has not the tables of history ({text}); create them: argus-otel clickhouse migrate"
        )
    if kind is UnauthorizedError:
        if code == 497:
            return UnauthorizedError(f"{address}: the user {address.user!r} may not do this ({text}); grant it")
        given = "the password was not accepted" if address.password else "no password was given, and one is asked for"
        return UnauthorizedError(
            f"{address}: for the user {address.user!r} {given}; the address has both: clickhouse://user:password@host "
            "(a @, / or : in a password is written %40, %2F or %3A)"
        )
    if kind is BusyError:
        return BusyError(f"{address} cannot do this now: {text}")
    return RefusedError(f"{address} refused: {text}")


def _missing(address: Address, package: str) -> str:
    extra = "embedded" if address.embedded else "clickhouse"
    return f"{address} needs {package}, which is not installed: pip install 'argus-otel[{extra}]'"


def _without_secret(text: str, address: Address) -> str:
    return text.replace(address.password, "***") if address.password else text


def _first_line(text: str) -> str:
    """Return what an error says, without the engine's stack and at a length that fits a terminal."""
    line = next((line for line in text.splitlines() if line.strip()), "no reason given").strip()
    return line if len(line) <= 400 else f"{line[:400]} …"
