"""The errors of a store. Each message names the request, the failure, and the remedy."""

from __future__ import annotations


class StoreError(Exception):
    """A request to a store failed.

    Attributes
    ----------
    passing:
        Whether the same may succeed later by itself, as after the restart of a server.
    """

    passing = False


class AddressError(StoreError, ValueError):
    """The address of a store cannot be read."""


class MissingExtraError(StoreError):
    """A package that this kind of store needs is not installed."""


class UnreachableError(StoreError):
    """No ClickHouse server answers at the address, or the engine cannot open its directory."""

    passing = True


class BusyError(StoreError):
    """The store lacks disk, memory or time at the moment, or is read-only."""

    passing = True


class InUseError(StoreError):
    """The directory of an embedded store is open in another process, or this process has opened another directory."""

    passing = True


class UnauthorizedError(StoreError):
    """The user or the password is wrong, or the user may not do this."""


class TooOldError(StoreError):
    """The server is older than the schema needs."""


class NotFoundError(StoreError):
    """What a query names is not in the store."""


class SchemaError(StoreError):
    """The tables are not those of this release."""


class SchemaMissingError(SchemaError):
    """There are no tables yet."""


class HalfAppliedError(SchemaError):
    """A migration was started and did not end."""


class OutdatedSchemaError(SchemaError):
    """Migrations of this release were not applied yet."""


class NewerSchemaError(SchemaError):
    """The tables are those of a later release."""


class ChangedMigrationError(SchemaError):
    """An applied migration differs from the one of this release with the same number."""


class StatementRefusedError(StoreError):
    """The store refused a statement: it, or its rows, are at fault."""


class RowError(StatementRefusedError):
    """A value of a row does not fit its column. Sent again, the row would be refused again."""
