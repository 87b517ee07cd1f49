"""Since when a store has every event: of older ones, it cannot tell whether it has counted them before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone

from argus_otel.history.row import Row
from argus_otel.history.store import migrations
from argus_otel.history.store.client import Store
from argus_otel.history.store.model import HistoryModel
from argus_otel.history.store.schema import UNCLAIMED, Layout, Schema

_MARGIN = timedelta(hours=1)
"""An import takes less: what it may read at its beginning, the store does not delete before its end."""


class KeptSince:
    """Judges rows by the tables of events that they go to, each of which is kept for a time of its own.

    Attributes
    ----------
    latest:
        No row that began from then on is too old, whichever its table: microseconds since 1970; ``None`` if none is.
    """

    def __init__(self, models: Mapping[HistoryModel, int | None], unclaimed: int | None) -> None:
        self._models = models
        self._unclaimed = unclaimed
        self.latest = max((since for since in (*models.values(), unclaimed) if since is not None), default=None)

    @classmethod
    def of(cls, store: Store, schema: Schema, layout: Layout) -> KeptSince:
        """Return what a store keeps now."""
        kept = migrations.kept(store, schema, layout)
        hours = {table: kept.get(each.subject) for each in schema.retention for table in each.tables}
        now = datetime.now(timezone.utc)

        def since(table: str) -> int | None:
            kept_for = hours.get(table)
            return None if kept_for is None else int((now - timedelta(hours=kept_for) + _MARGIN).timestamp() * 1e6)

        return cls({model: since(model.events) for model in schema.models}, since(UNCLAIMED))

    def is_too_old(self, row: Row) -> bool:
        """Whether a table that a row goes to no longer has all events of its time."""
        of_models = [since for model, since in self._models.items() if model.claims(row.event, row.attributes)]
        return any(since is not None and row.time < since for since in of_models or (self._unclaimed,))
