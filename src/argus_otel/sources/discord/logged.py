"""What discord.py logs that must not leave this process.

Below INFO its records hold whole payloads, with what users wrote, and URLs with tokens: ``discord.gateway`` logs each
frame, ``discord.http`` and ``discord.webhook`` each request and response, ``discord.player`` command lines. They are
kept back altogether. At INFO and above there are names, numbers, custom ids and URLs, which the redactor takes the
tokens out of; and exceptions. Those that reject what a user did quote what the user wrote: they are private, in log
records and in spans.
"""

from __future__ import annotations

import logging

from argus_otel.telemetry import Telemetry

from .outcomes import original, outcome_of


def keep_back(telemetry: Telemetry) -> None:
    """Say what of discord.py's log, and which exceptions, are nobody's business."""
    telemetry.log_pipeline.drop_below("discord", logging.INFO)
    telemetry.exceptions.mark_private(_quotes_a_user)


def _quotes_a_user(error: BaseException) -> bool:
    return outcome_of(original(error)).name == "rejected"
