"""A run that was found lost in a control directory, and the row of history that it becomes."""

from __future__ import annotations

from argus_otel.history.row import Row
from argus_otel.sources.training import catalogue as c
from argus_otel.sources.training.control.losing import LostRun, lost_attributes


def row_of(lost: LostRun) -> Row:
    """Return the row, which is the same whoever finds the run."""
    run = lost.run
    return Row(
        time=int(lost.at * 1_000_000),
        event=c.LOST.name,
        event_id=lost.event_id,
        service=run.project,
        resource={"host.name": run.host} if run.host else {},
        attributes=lost_attributes(run),
    )
