"""What can be wrong with a store. Each message says what was asked, what came instead, and what to do."""

from __future__ import annotations


class StoreError(Exception):
    """The store does not do what was asked of it.

    Attributes
    ----------
    passing:
        Whether the same may succeed later without anybody doing anything, as when a server is being restarted.
    """

    passing = False


class AddressError(StoreError, ValueError):
    """The address of a store cannot be read."""


class MissingExtraError(StoreError):
    """A package that this kind of store needs is not installed."""


class UnreachableError(StoreError):
    """Nothing that speaks ClickHouse's HTTP interface answers, or the engine cannot open its directory."""

    passing = True


class BusyError(StoreError):
    """The store answers, but has no room, memory or time just now, or is read-only."""

    passing = True


class InUseError(StoreError):
    """The directory of an embedded store is open in another process, or this process has opened another directory."""

    passing = True


class UnauthorizedError(StoreError):
    """The user or the password is wrong, or the user may not do this."""


class TooOldError(StoreError):
    """The server is older than what the schema needs."""


class SchemaError(StoreError):
    """The tables are not those of this release."""


class SchemaMissingError(SchemaError):
    """There are no tables yet."""


class HalfAppliedError(SchemaError):
    """A migration began and did not end."""


class OutdatedSchemaError(SchemaError):
    """This release has migrations that were not applied yet."""


class NewerSchemaError(SchemaError):
    """The tables are of a later release."""


class ChangedMigrationError(SchemaError):
    """What was applied is not what this release has under the same number."""


class RefusedError(StoreError):
    """The store understood, and refused: the statement or the rows are at fault."""


class RowError(RefusedError):
    """A row has a value that its column cannot hold. Sent again, it would be refused again."""
