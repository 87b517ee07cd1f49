"""The settings of agent graphs."""

from __future__ import annotations

from argus_otel.settings import Setting, Table
from argus_otel.settings.parsers import names, one_of, seconds


def _detections(text: str) -> tuple[str, ...] | None:
    """Read ``on``, ``off``, or ids of rules: ``None`` for all rules, an empty tuple for none."""
    if text.lower() in ("on", "true", "1"):
        return None
    if text.lower() in ("off", "false", "0"):
        return ()
    from argus_otel.detections.detect import RULES

    known, asked = {rule.id for rule in RULES}, names(text)
    if not asked or not set(asked) <= known:
        raise ValueError(text)
    return asked


class GraphSettings(Table):
    """Settings of agent graphs."""

    source = "graphs"

    detections = Setting(
        "ARGUS_GRAPH_DETECTIONS",
        parse=_detections,
        default=None,
        right="on, off, or ids of rules, separated by commas; `argus-otel graphs rules` lists them",
        help="The rules by which runs of graphs are judged.",
        type="str",
        default_help="`on`",
    )
    stuck_after = Setting(
        "ARGUS_GRAPH_STUCK_AFTER",
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
