"""The settings of agent graphs."""

from __future__ import annotations

import re

from argus_otel.settings import Setting, Table
from argus_otel.settings.parsers import names, one_of, seconds


def _detections(text: str) -> tuple[str, ...] | None:
    """Read ``on``, ``off``, or ids of rules: ``None`` for all rules, an empty tuple for none.

    An id may be that of a detector, which the program has yet to register.
    """
    if text.lower() in ("on", "true", "1"):
        return None
    if text.lower() in ("off", "false", "0"):
        return ()
    asked = names(text)
    if not asked or not all(re.fullmatch(r"[a-z][a-z0-9_.]*", each) for each in asked):
        raise ValueError(text)
    return asked


_ON_SPANS = {
    "true": True,
    "1": True,
    "span_only": True,
    "span_and_event": True,
    "false": False,
    "0": False,
    "no_content": False,
    "event_only": False,  # there is no such event of ours
}


def _content(text: str) -> bool:
    """Read what OpenTelemetry's instrumentations of generative AI take: whether content is put on spans."""
    if text.lower() not in _ON_SPANS:
        raise ValueError(text)
    return _ON_SPANS[text.lower()]


class GraphSettings(Table):
    """Settings of agent graphs."""

    source = "graphs"

    detections = Setting(
        "ARGUS_GRAPHS_DETECTIONS",
        parse=_detections,
        default=None,
        right="on, off, or ids of rules and detectors, separated by commas; `argus-otel graphs rules` lists them",
        help="The rules by which runs of graphs are judged.",
        type="str",
        default_help="`on`",
    )
    stuck_after = Setting(
        "ARGUS_GRAPHS_STUCK_AFTER",
        parse=seconds,
        default=300.0,
        right="a number of seconds, 0 or more",
        help="After how many seconds an open run counts as stuck; 0 for never.",
        type="float",
    )
    conventions = Setting(
        "ARGUS_GENAI_CONVENTIONS",
        parse=one_of("latest", "older", "both"),
        default="latest",
        right="latest, older or both",
        help="Which names metrics have: those of OpenTelemetry's GenAI conventions 0.1.0, those that its Python "
        "instrumentations used before, or both.",
        type="str",
    )
    capture_content = Setting(
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT",
        parse=_content,
        default=False,
        right="true, false, SPAN_ONLY, SPAN_AND_EVENT, EVENT_ONLY or NO_CONTENT",
        help="Whether spans have what was said to models, what they answered, and what tools were given and returned. "
        "By default nothing of it leaves the process.",
        type="bool",
    )
