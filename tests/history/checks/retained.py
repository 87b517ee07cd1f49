"""Keeps runs for an hour; a test sets the time zone: ``python -m tests.history.checks.retained DIRECTORY``.

Prints the ages of the runs that are there in the end, in minutes.
"""

from __future__ import annotations

import sys
import time
import uuid

from argus_otel.history.row import Row
from argus_otel.history.store import migrations
from argus_otel.history.store.address import Address
from argus_otel.history.store.client import connect
from argus_otel.history.store.schema import Schema
from argus_otel.sources.checks.history import MODEL

AGES = (5, 50, *(65 + number % 1200 for number in range(20_000)))
"""The ages of the runs that are inserted, in minutes."""


def run(number: int, time_: int) -> Row:
    return Row(time_, "argus.check.run", str(uuid.UUID(int=number)), "agent", attributes={"argus.check.name": "shop"})


if __name__ == "__main__":
    store = connect(Address(directory=sys.argv[1], database="retained"))
    schema = Schema((MODEL,))
    migrations.migrate(store, schema, keep=schema.parse_ages("checks_events=1h"))
    now = time.time_ns() // 1000  # a row has microseconds
    store.insert([run(number, now - age * 60_000_000) for number, age in enumerate(AGES)])
    store.command("optimize table checks_events final")
    for [age] in store.query("select dateDiff('second', time, now()) from checks_events order by time desc"):
        print(round(age / 60))
    store.close()
