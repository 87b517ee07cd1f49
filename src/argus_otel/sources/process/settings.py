"""The settings of the process source."""

from __future__ import annotations

from argus_otel.settings import Setting, Table
from argus_otel.settings.parsers import seconds


class ProcessSettings(Table):
    """Settings of the process source."""

    source = "process"

    loop_blocked_after = Setting(
        "ARGUS_PROCESS_LOOP_BLOCKED_AFTER",
        parse=seconds,
        default=1.0,
        right="a number of seconds, 0 or more",
        help="How long an event loop may be blocked, in seconds, before an event reports its stack; `0` for never.",
        type="float",
    )
