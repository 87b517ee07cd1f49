"""Keeps users' content in discord.py's log records and exceptions from leaving this process.

Below INFO, discord.py's log records hold whole payloads, with users' messages, and URLs with tokens:
``discord.gateway`` logs each frame, ``discord.http`` and ``discord.webhook`` each request and response, and
``discord.player`` command lines. They are dropped. At INFO and above, records hold names, numbers, custom ids, URLs,
whose tokens are redacted, and exceptions. An exception that rejects a user's input quotes that input: its message is
private, in log records and in spans.
"""

from __future__ import annotations

import logging

from argus_otel.telemetry import Telemetry

from .outcomes import original, outcome_of


def apply_to(telemetry: Telemetry) -> None:
    """Drop discord.py's log records below INFO, keep exceptions that quote a user private, and unwrap the bot's own."""
    telemetry.log_pipeline.drop_below("discord", logging.INFO)
    telemetry.exceptions.mark_private(_quotes_a_user)
    telemetry.exception_reports.unwrap_by(original)


def _quotes_a_user(error: BaseException) -> bool:
    return outcome_of(original(error)).name == "rejected"
