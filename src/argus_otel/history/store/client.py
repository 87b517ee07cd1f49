"""A connection to a store, a server or the engine in this process: the same statements, the same errors.

A thin layer over clickhouse-connect, which speaks to both. That package is imported when a store is opened.
"""

from __future__ import annotations

import logging
import os
import re
import struct
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, cast

from argus_otel.history.directories import make_private
from argus_otel.history.row import Row, text_of

from .address import Address, parse
from .errors import (
    BusyError,
    InUseError,
    MissingExtraError,
    RowError,
    SchemaMissingError,
    StatementRefusedError,
    StoreError,
    TooOldError,
    UnauthorizedError,
    UnreachableError,
)
from .schema import INBOX

OLDEST = (24, 8)
"""The oldest supported server: the long-term release of August 2024.

Schema and queries were run on its engine, 24.8.4 (in chdb 2.1.1), with its query analyser and the one before: in both,
a view that leaves out stored rows sees the block of the running insert wherever it names the inbox. Older releases were
not tried. The newer analyser is the default since 24.3: https://clickhouse.com/docs/whats-new/changelog/2024
"""

BLOCK = 50_000
"""The most rows of one insert. No engine splits so few into two blocks, whose rows would not be compared."""

INBOX_COLUMNS = (
    ("time", "DateTime64(6, 'UTC')"),
    ("event", "LowCardinality(String)"),
    ("event_id", "UUID"),
    ("service", "LowCardinality(String)"),
    ("resource", "Map(LowCardinality(String), String)"),
    ("duration", "Float64"),
    ("attributes", "Map(LowCardinality(String), String)"),
)
"""The columns of the inbox and their types: the fields of a :class:`~argus_otel.history.row.Row`."""

_SETTINGS: Mapping[str, int] = {
    # An insert into a distributed table ends when the rows have arrived, not when they are queued.
    "distributed_foreground_insert": 1,
    # A server may gather small inserts into larger ones and answer before they are stored.
    "async_insert": 0,
}

_LINES: Mapping[str, int] = {
    **_SETTINGS,
    # One block, as of other inserts. Parsed in parallel, each part would be a block of its own.
    "input_format_parallel_parsing": 0,
    "input_format_json_read_bools_as_strings": 1,
    "input_format_json_read_numbers_as_strings": 1,
    # A damaged name of a field must not pass.
    "input_format_skip_unknown_fields": 0,
    "input_format_defaults_for_omitted_fields": 1,
}

_CODES: dict[int, type[StoreError]] = {
    60: SchemaMissingError,  # UNKNOWN_TABLE
    81: SchemaMissingError,  # UNKNOWN_DATABASE
    192: UnauthorizedError,  # UNKNOWN_USER
    193: UnauthorizedError,  # WRONG_PASSWORD
    194: UnauthorizedError,  # REQUIRED_PASSWORD
    497: UnauthorizedError,  # ACCESS_DENIED
    516: UnauthorizedError,  # AUTHENTICATION_FAILED
    # The codes of a server that is full, overloaded, starting or without its Keeper.
    **dict.fromkeys((159, 164, 201, 202, 203, 209, 210, 225, 241, 242, 243, 252, 279, 285, 319, 999), BusyError),
}

# Without any handler, Python would print the log records of failures that are raised anyway.
_QUIET = logging.NullHandler()


class _Result(Protocol):
    @property
    def result_rows(self) -> Sequence[Sequence[Any]]: ...


class _Client(Protocol):
    """The part of clickhouse-connect's client that is used here; the package is typed in part only."""

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
    def raw_insert(self, table: str, *, insert_block: bytes, settings: dict[str, int], fmt: str) -> object: ...
    def close(self) -> None: ...


class Store:
    """An open store. Made by :func:`connect`.

    Calls on an embedded store wait for each other.

    Attributes
    ----------
    address:
        Its address.
    version:
        The engine's, such as ``26.3.1.5``.
    """

    def __init__(self, address: Address, client: _Client, version: str) -> None:
        self.address = address
        self.version = version
        self._client = client
        self._releases: list[Callable[[], object]] = []

    def command(self, statement: str, parameters: Mapping[str, object] | None = None) -> None:
        """Run a statement that returns nothing.

        Parameters
        ----------
        parameters:
            Values for ``{name:Type}`` in the statement. The engine binds them; they never become part of the text.

        Raises
        ------
        StoreError
            See :mod:`.errors`.
        """
        with self._translated():
            self._client.command(statement, parameters=dict(parameters or {}))

    def query(self, statement: str, parameters: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
        """Return all rows of a query; parameters and errors as of :meth:`command`."""
        with self._translated():
            return [tuple(row) for row in self._client.query(statement, parameters=dict(parameters or {})).result_rows]

    def insert(self, rows: Sequence[Row]) -> None:
        """Insert rows into the inbox. Rows that are stored already are left out, however often they are sent.

        Raises
        ------
        StoreError
            None or some were stored. Inserting all of them again is safe.
        """
        names = [name for name, _ in INBOX_COLUMNS]
        types = [kind for _, kind in INBOX_COLUMNS]
        for start in range(0, len(rows), BLOCK):
            columns = _columns(rows[start : start + BLOCK])
            with self._translated(), _checking_values(self.address):
                self._client.insert(INBOX, columns, column_names=names, column_type_names=types, column_oriented=True)

    def insert_lines(self, lines: bytes) -> None:
        """Insert rows that are lines of JSON, as :mod:`argus_otel.history.record.codec` encodes them.

        The engine parses them: several times as fast as making rows of them. There may be :data:`BLOCK` lines at most.

        Raises
        ------
        StatementRefusedError
            One of them is no row. None was stored.
        StoreError
            As of :meth:`insert`.
        """
        with self._translated():
            self._client.raw_insert(INBOX, insert_block=lines, settings=dict(_LINES), fmt="JSONEachRow")

    def at_close(self, release: Callable[[], object]) -> None:
        """Have a function called when the store is closed."""
        self._releases.append(release)

    def use(self, database: str) -> None:
        """Look up tables in ``database`` from now on."""
        self._client.database = database

    def close(self) -> None:
        """Close the connection. The directory of an embedded store is then free for other processes."""
        self._client.close()
        while self._releases:
            self._releases.pop()()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _translated(self) -> Generator[None]:
        with _translated(self.address):
            yield


BUSY_TIMEOUT = 10.0
"""How long queries and commands wait for an embedded store: a program that has just ended may still be storing."""


def connect(
    address: Address | str,
    *,
    timeout: float = 10.0,
    answer_timeout: float = 300.0,
    busy_timeout: float = 0.0,
    create: bool = True,
) -> Store:
    """Open a store. :mod:`.migrations` checks its tables.

    Parameters
    ----------
    timeout:
        How long a server may take to accept a connection, in seconds.
    answer_timeout:
        How long a statement may take, in seconds.
    busy_timeout:
        How long to wait for an embedded store that another process has open, in seconds.
    create:
        Whether a missing directory of an embedded store is made.

    Raises
    ------
    StoreError
        See :mod:`.errors`.
    """
    if isinstance(address, str):
        address = parse(address)
    if address.files is not None:
        raise StoreError(
            f"{address} has files, and no tables: queries read them, and `argus-otel store import {address.files} "
            "--store URL` brings them into a store"
        )
    try:
        import_module("clickhouse_connect")
    except ModuleNotFoundError as error:
        raise MissingExtraError(_missing_package(address, "clickhouse-connect")) from error
    logging.getLogger("clickhouse_connect").addHandler(_QUIET)
    if address.directory is not None:
        client = _open_embedded(address, address.directory, busy_timeout=busy_timeout, create=create)
    else:
        with _translated(address):
            client = _client(
                host=address.host,
                port=address.port,
                username=address.user,
                password=address.password,
                secure=address.secure,
                connect_timeout=timeout,
                send_receive_timeout=answer_timeout,
                autogenerate_session_id=False,  # so that threads need not wait for each other
                settings=dict(_SETTINGS),
                client_name="argus-otel",
            )
    return _checked(address, client)


def _client(**options: object) -> _Client:
    return cast("_Client", import_module("clickhouse_connect").get_client(**options))


def _open_embedded(address: Address, directory: str, *, busy_timeout: float, create: bool) -> _Client:
    path = Path(directory).absolute()
    if not create and not path.is_dir():
        raise SchemaMissingError(
            f"there is no history in {address}: {path} does not exist; name the store that history is written to, with "
            "--store or ARGUS_HISTORY_STORE"
        )
    try:
        make_private(path)
    except OSError as error:
        raise UnreachableError(
            f"{address} cannot be opened: {error.strerror or error} ({path}); name a directory that may be written to"
        ) from error
    from clickhouse_connect.driver.exceptions import ClickHouseError

    deadline = time.monotonic() + busy_timeout
    while True:
        while _is_held_elsewhere(path) and time.monotonic() < deadline:
            time.sleep(0.05)
        try:
            return _client(interface="chdb", path=str(path))
        except ImportError as error:
            raise MissingExtraError(_missing_package(address, "chdb-core-lite")) from error
        except ClickHouseError as error:
            # If several processes have waited, another one may have been faster: wait for it too.
            if not _is_held_elsewhere(path) or time.monotonic() >= deadline:
                raise _unopened(address, path, str(error)) from error


def _unopened(address: Address, path: Path, message: str) -> StoreError:
    other = re.search(r"already initialized with path '([^']*)'", message)
    if other:
        return InUseError(
            f"{address} cannot be opened beside {other[1]}: the engine has one directory in a process; "
            "close the other store first, or use another process"
        )
    holder = _holder(path)
    if holder:
        return InUseError(
            f"{address} is in use by another process ({holder}), and an embedded store can be open in one at a time: "
            "ask again when it has finished, stop that process, or keep history on a ClickHouse server, which many "
            "can use"
        )
    return UnreachableError(
        f"{address} cannot be opened: {path} has to be a writable directory of its own; "
        f"the engine says: {_first_line(message)}"
    )


def _is_held_elsewhere(path: Path) -> bool:
    """Whether another process has the directory open. This process may open it again."""
    return _holder(path) not in ("", _pid(os.getpid()))


def _holder(path: Path) -> str:
    """Return the process that has the directory open, by the engine's lock; empty if none has."""
    try:
        import fcntl
    except ImportError:  # on Windows, for which there is no engine
        return ""
    try:
        with (path / "status").open(encoding="utf-8", errors="replace") as status:
            try:
                fcntl.flock(status, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                found = re.search(r"PID: *(\d+)", status.read())
                return _pid(found[1]) if found else "its pid is not known"
    except OSError:
        pass
    return ""


def _pid(pid: int | str) -> str:
    return f"pid {pid}"


def _checked(address: Address, client: _Client) -> Store:
    version = str(client.server_version)
    known = tuple(int(number) for number in re.findall(r"\d+", version)[:2])
    if known < OLDEST:
        client.close()
        oldest = ".".join(map(str, OLDEST))
        what = "the engine: pip install -U chdb-core-lite" if address.embedded else "the server"
        raise TooOldError(f"{address} is ClickHouse {version}, but it has to be {oldest} or newer; upgrade {what}")
    store = Store(address, client, version)
    try:
        # A missing database cannot be selected, and may be about to be created.
        if store.query("select 1 from system.databases where name = {name:String}", {"name": address.database}):
            store.use(address.database)
    except StoreError:
        store.close()
        raise
    return store


@contextmanager
def _translated(address: Address) -> Generator[None]:
    """Translate errors of clickhouse-connect."""
    from clickhouse_connect.driver.exceptions import ClickHouseError

    try:
        yield
    except ClickHouseError as error:
        raise _error_of(address, error) from error


@contextmanager
def _checking_values(address: Address) -> Generator[None]:
    """Translate errors of values that do not fit their columns: sent again, they would fail again."""
    from clickhouse_connect.driver.exceptions import DataError

    try:
        yield
    except (ValueError, TypeError, OverflowError, struct.error, DataError) as error:
        raise RowError(f"{address}: a row has a value that does not fit its column: {error}") from error


def _error_of(address: Address, error: Exception) -> StoreError:
    code = cast("int | None", getattr(error, "code", None))
    text = _first_line(_without_secret(str(error), address))
    if code is None and not address.embedded:
        reason = re.search(r"\[Errno -?\d+\] ([^\")]+)", text)
        return UnreachableError(
            f"{address} does not answer as ClickHouse does: {reason[1] if reason else text}; is it running, and is "
            "the port that of its HTTP interface (8123, or 8443 with clickhouses://)?"
        )
    kind = _CODES.get(code or 0, StatementRefusedError)
    if kind is SchemaMissingError:
        return SchemaMissingError(
            f"{address} is missing the history tables ({text}); create them: argus-otel store migrate"
        )
    if kind is UnauthorizedError:
        if code == 497:
            return UnauthorizedError(f"{address}: the user {address.user!r} may not do this ({text}); grant it")
        given = "the password was not accepted" if address.password else "no password was given, and one is required"
        return UnauthorizedError(
            f"{address}: for the user {address.user!r} {given}; write both into the address: "
            "clickhouse://user:password@host (a @, / or : in a password is written %40, %2F or %3A)"
        )
    if kind is BusyError:
        return BusyError(f"{address} cannot do this now: {text}")
    return StatementRefusedError(f"{address} refused: {text}")


def _columns(rows: Sequence[Row]) -> list[list[object]]:
    """Return the columns of the inbox. Here the attributes' values become text."""
    columns: list[list[object]] = [[getattr(row, name) for row in rows] for name, _ in INBOX_COLUMNS[:-1]]
    # Most values are text already, and this is a third of what an insert costs here.
    columns.append(
        [{name: v if v.__class__ is str else text_of(v) for name, v in row.attributes.items()} for row in rows]
    )
    return columns


def _missing_package(address: Address, package: str) -> str:
    extra = "embedded" if address.embedded else "clickhouse"
    return f"{address} needs {package}, which is not installed: pip install 'argus-otel[{extra}]'"


def _without_secret(text: str, address: Address) -> str:
    return text.replace(address.password, "***") if address.password else text


def _first_line(text: str) -> str:
    """Return the message of an error without the engine's stack, at a length that fits a terminal."""
    line = next((line for line in text.splitlines() if line.strip()), "no reason given").strip()
    return line if len(line) <= 400 else f"{line[:400]} …"
