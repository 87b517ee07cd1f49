"""Rows straight into a store: a ClickHouse server's, or, in a process that does nothing else, the embedded engine's."""

from __future__ import annotations

from collections.abc import Sequence

from argus_otel.history import errors
from argus_otel.history.address import Address
from argus_otel.history.delivery import AwayError, RefusedError
from argus_otel.history.rows import Row
from argus_otel.history.store import Store, connect

# CANNOT_PARSE_TEXT, CANNOT_PARSE_UUID, TYPE_MISMATCH, CANNOT_CONVERT_TYPE, ARGUMENT_OUT_OF_BOUND, INCORRECT_DATA,
# TOO_LARGE_STRING_SIZE, VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE: the rows are at fault. All else may be put right, and then
# the same rows do: https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp
_OF_ROWS = frozenset((6, 376, 53, 70, 69, 117, 131, 321))


class StoreCarrier:
    """Inserts rows. The connection is made when it is needed, and anew after each failure.

    Parameters
    ----------
    timeout:
        How long a server may take to accept a connection, in seconds.
    """

    def __init__(self, address: Address, timeout: float = 5.0) -> None:
        self.where = str(address)
        self.carried = 0
        self._address = address
        self._timeout = timeout
        self._store: Store | None = None

    def carry(self, rows: Sequence[Row]) -> None:
        """Insert rows; return when they are stored.

        Raises
        ------
        AwayError, RefusedError
        """
        try:
            if self._store is None:
                self._store = self._opened()
            self._store.insert(rows)
        except errors.RowError as error:
            raise RefusedError(str(error)) from error
        except errors.RefusedError as error:
            if getattr(error.__cause__, "code", None) in _OF_ROWS:
                raise RefusedError(str(error)) from error
            self.close()
            raise AwayError(str(error)) from error
        except errors.StoreError as error:
            self.close()
            raise AwayError(str(error)) from error
        self.carried += len(rows)

    def close(self) -> None:
        """Close the connection."""
        store, self._store = self._store, None
        if store is not None:
            store.close()

    def _opened(self) -> Store:
        from argus_otel.history.migrations import ensure

        store = connect(self._address, timeout=self._timeout)
        try:
            ensure(store)
        except errors.StoreError:
            store.close()
            raise
        return store
