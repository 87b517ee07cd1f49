"""Exports rows into a store: a ClickHouse server's, or, in a process that does nothing else, the embedded engine's."""

from __future__ import annotations

from collections.abc import Sequence

from argus_otel.history.record.delivery import DestinationUnavailable, RowsRejected
from argus_otel.history.row import Row
from argus_otel.history.store import errors
from argus_otel.history.store.address import Address
from argus_otel.history.store.client import Store, connect
from argus_otel.history.store.schema import Schema

# CANNOT_PARSE_TEXT, CANNOT_PARSE_UUID, TYPE_MISMATCH, CANNOT_CONVERT_TYPE, ARGUMENT_OUT_OF_BOUND, INCORRECT_DATA,
# TOO_LARGE_STRING_SIZE, VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE: the rows are at fault. Any other error may be remedied, and
# then the same rows are accepted: https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp
_CODES_OF_ROWS = frozenset((6, 376, 53, 70, 69, 117, 131, 321))


class StoreExporter:
    """Inserts rows. It connects when it is needed, and reconnects after each failure.

    Parameters
    ----------
    schema:
        The tables that the store has to have.
    timeout:
        How long a server may take to accept a connection, in seconds.
    """

    def __init__(self, address: Address, schema: Schema, timeout: float = 5.0) -> None:
        self.destination = str(address)
        self.exported = 0
        self._address = address
        self._schema = schema
        self._timeout = timeout
        self._store: Store | None = None

    def export(self, rows: Sequence[Row]) -> None:
        """Insert rows; return when they are stored.

        Raises
        ------
        DestinationUnavailable, RowsRejected
        """
        try:
            if self._store is None:
                self._store = self._opened()
            self._store.insert(rows)
        except errors.RowError as error:
            raise RowsRejected(str(error)) from error
        except errors.StatementRefusedError as error:
            if getattr(error.__cause__, "code", None) in _CODES_OF_ROWS:
                raise RowsRejected(str(error)) from error
            self.close()
            raise DestinationUnavailable(str(error)) from error
        except errors.StoreError as error:
            self.close()
            raise DestinationUnavailable(str(error)) from error
        self.exported += len(rows)

    def close(self) -> None:
        """Close the connection."""
        store, self._store = self._store, None
        if store is not None:
            store.close()

    def _opened(self) -> Store:
        from argus_otel.history.store.migrations import ensure

        store = connect(self._address, timeout=self._timeout)
        try:
            ensure(store, self._schema)
        except errors.StoreError:
            store.close()
            raise
        return store
