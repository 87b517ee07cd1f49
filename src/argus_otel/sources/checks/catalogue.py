"""The signals of checks."""

from __future__ import annotations

from argus_otel.telemetry import Catalogue, Event, InstrumentKind, Metric, Severity, Span, SpanKind

from . import attributes as a

_CHECK = (a.NAME, a.TYPE, a.SERVICE)
_ONE_EACH = a.MOST_CHECKS + 1
_DURATIONS = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

UP = Metric(
    "argus.check.up",
    InstrumentKind.GAUGE,
    "{check}",
    "The confirmed status: 1 for up and degraded, 0 for down; absent while it is unknown. It has the file's labels "
    "too.",
    _CHECK,
    series_limit=_ONE_EACH,
)
SUCCESS = Metric(
    "argus.check.success",
    InstrumentKind.GAUGE,
    "{check}",
    "The last run: 1 if it succeeded, with warnings or without, 0 if it failed.",
    _CHECK,
    series_limit=_ONE_EACH,
)
STATE = Metric(
    "argus.check.state",
    InstrumentKind.GAUGE,
    "{check}",
    "1 for the confirmed status, 0 for the others.",
    (*_CHECK, a.STATE),
    series_limit=4 * _ONE_EACH,
)
SINCE = Metric(
    "argus.check.since",
    InstrumentKind.GAUGE,
    "s",
    "When the status began, in seconds since 1970: when the first of the runs was due that confirmed it.",
    _CHECK,
    series_limit=_ONE_EACH,
)
MUTED = Metric(
    "argus.check.muted",
    InstrumentKind.GAUGE,
    "{check}",
    "1 for each reason for which alerts on the check are muted; absent without.",
    (*_CHECK, a.MUTE_REASON),
    series_limit=3 * _ONE_EACH,
)
RUNS = Metric(
    "argus.check.runs",
    InstrumentKind.COUNTER,
    "{run}",
    "Runs, by outcome.",
    (*_CHECK, a.OUTCOME, a.ERROR_TYPE),
    series_limit=10 * _ONE_EACH,
)
RETRIES = Metric(
    "argus.check.retries",
    InstrumentKind.COUNTER,
    "{attempt}",
    "Attempts beyond the first of a run.",
    _CHECK,
    series_limit=_ONE_EACH,
)
TRANSITIONS = Metric(
    "argus.check.transitions",
    InstrumentKind.COUNTER,
    "{transition}",
    "Confirmed changes, by the status that they led to.",
    (*_CHECK, a.STATE),
    series_limit=4 * _ONE_EACH,
)
DURATION = Metric(
    "argus.check.duration",
    InstrumentKind.HISTOGRAM,
    "s",
    "The duration of a run's last attempt, from the look-up of the name to the last byte. Of more than 2000 checks, "
    "those beyond are told apart by service and type only.",
    (*_CHECK, a.OUTCOME),
    boundaries=_DURATIONS,
    series_limit=10_000,
)
LAST_DURATION = Metric(
    "argus.check.last.duration",
    InstrumentKind.GAUGE,
    "s",
    "The duration of the last run's last attempt.",
    _CHECK,
    series_limit=_ONE_EACH,
)
PHASE_DURATION = Metric(
    "argus.check.phase.duration",
    InstrumentKind.GAUGE,
    "s",
    "How long each phase of the last attempt took. The phases add up to its duration.",
    (*_CHECK, a.PHASE),
    series_limit=6 * _ONE_EACH,
)
LAST_RUN = Metric(
    "argus.check.last.run",
    InstrumentKind.GAUGE,
    "s",
    "When the last run began, in seconds since 1970.",
    _CHECK,
    series_limit=_ONE_EACH,
)
LAST_HEARTBEAT = Metric(
    "argus.check.last.heartbeat",
    InstrumentKind.GAUGE,
    "s",
    "When the last heartbeat came, in seconds since 1970.",
    _CHECK,
    series_limit=_ONE_EACH,
)
HTTP_STATUS = Metric(
    "argus.check.http.status",
    InstrumentKind.GAUGE,
    "{status}",
    "The status of the last response.",
    _CHECK,
    series_limit=_ONE_EACH,
)
RESPONSE_SIZE = Metric(
    "argus.check.response.size",
    InstrumentKind.GAUGE,
    "By",
    "The size of the last response's body.",
    _CHECK,
    series_limit=_ONE_EACH,
)
DNS_ANSWERS = Metric(
    "argus.check.dns.answers",
    InstrumentKind.GAUGE,
    "{record}",
    "The records of the last answer.",
    _CHECK,
    series_limit=_ONE_EACH,
)
CERTIFICATE_EXPIRY = Metric(
    "argus.check.certificate.expiry",
    InstrumentKind.GAUGE,
    "s",
    "When the first certificate of the chain expires, in seconds since 1970.",
    _CHECK,
    series_limit=_ONE_EACH,
)
SLO_OBJECTIVE = Metric(
    "argus.check.slo.objective",
    InstrumentKind.GAUGE,
    "{share}",
    "The share that a check promises under `slo:`, from 0 to 1: of the time (availability), or of the runs (latency).",
    (*_CHECK, a.SLO, a.SLO_WINDOW),
    series_limit=2 * _ONE_EACH,
)
SLO_KEPT = Metric(
    "argus.check.slo.kept",
    InstrumentKind.GAUGE,
    "{check}",
    "1 while a check keeps what it promises, 0 while it does not; absent while it is muted or its status is unknown. "
    "Its mean over time is what the objective is compared with.",
    (*_CHECK, a.SLO, a.SLO_WINDOW),
    series_limit=2 * _ONE_EACH,
)
SLO_LATENCY = Metric(
    "argus.check.slo.latency",
    InstrumentKind.GAUGE,
    "s",
    "How long a run may take to keep the promise of latency.",
    _CHECK,
    series_limit=_ONE_EACH,
)
LATENESS = Metric(
    "argus.check.lateness",
    InstrumentKind.HISTOGRAM,
    "s",
    "How long after its slot a run began.",
    boundaries=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0),
)
SKIPPED = Metric(
    "argus.check.skipped", InstrumentKind.COUNTER, "{run}", "Slots without a run, by reason.", (a.SKIP_REASON,)
)
DISTURBED = Metric(
    "argus.check.disturbed",
    InstrumentKind.COUNTER,
    "{run}",
    "Runs in which the agent itself was too slow to measure durations.",
)
RELOADS = Metric(
    "argus.check.reloads", InstrumentKind.COUNTER, "{reload}", "How often the file was read again.", (a.RELOAD_OUTCOME,)
)
CONFIGURED = Metric(
    "argus.check.configured", InstrumentKind.GAUGE, "{check}", "Checks that this agent runs, by type.", (a.TYPE,)
)
RUNNING = Metric(
    "argus.check.running", InstrumentKind.GAUGE, "{check}", "Checks that are running now, by type.", (a.TYPE,)
)
SUBSCRIBER_DROPPED = Metric(
    "argus.check.subscriber.dropped",
    InstrumentKind.COUNTER,
    "{event}",
    "Events that a subscriber of `argus_otel.checks.on` was too slow for.",
    (a.SUBSCRIBER_EVENT,),
)

_ENDING = (a.OUTCOME.name, a.ERROR_TYPE.name, a.CONDITION.name, a.DETAIL.name)
CHECK_SPAN = Span(
    "check {argus.check.name}",
    SpanKind.INTERNAL,
    "A run of a check with all of its attempts.",
    (a.NAME.name, a.TYPE.name, a.SERVICE.name, a.SLOT.name, a.RUN_ATTEMPTS.name, a.DISTURBED.name, *_ENDING),
    raises=False,
)
ATTEMPT_SPAN = Span(
    "{http.request.method}",
    SpanKind.CLIENT,
    "One request of an attempt; a redirect leads to another one. Named after the HTTP method, or else after the type "
    "of the check. Its phases are events, and the checked service gets it as the parent of its own span.",
    (
        *_ENDING,
        a.EXPIRY.name,
        *(each.name for each in (*a.HTTP, *a.NETWORK, *a.PHASE_SECONDS)),
    ),
    raises=False,
)

_CHANGE = (
    a.NAME.name,
    a.TYPE.name,
    a.SERVICE.name,
    a.STATE.name,
    a.STATE_BEFORE.name,
    a.SINCE.name,
    a.ERROR_TYPE.name,
    a.CONDITION.name,
    a.DETAIL.name,
    a.MUTED.name,
    a.AGAIN.name,
    a.EVENT_ID.name,
)
STATUS_CHANGED = Event("argus.check.status_changed", "The status of a check has changed, confirmed", _CHANGE)
FAILED = Event(
    "argus.check.failed", "A check is down; sent once, when that is confirmed", _CHANGE, severity=Severity.ERROR
)
SUCCEEDED = Event("argus.check.succeeded", "A check that was down works again; sent once", _CHANGE)
SERVICE_CHANGED = Event(
    "argus.check.service_changed",
    "The status of a service has changed: the worst of its checks",
    (a.SERVICE.name, a.STATE.name, a.STATE_BEFORE.name),
)
CERTIFICATE_CHANGED = Event(
    "argus.check.certificate_changed",
    "A service presents another certificate",
    (a.NAME.name, a.TYPE.name, a.SERVICE.name, a.EXPIRY.name, a.EXPIRY_BEFORE.name),
)
RELOADED = Event("argus.check.reloaded", "The file was read again", (a.RELOAD_OUTCOME.name, a.RELOAD_ERROR.name))

RUN_ROW = Event(
    "argus.check.run",
    "A run, for history alone",
    (
        a.NAME.name,
        a.TYPE.name,
        a.SERVICE.name,
        a.SLOT.name,
        *_ENDING[:2],
        a.RUN_ATTEMPTS.name,
        a.MUTED.name,
        a.DISTURBED.name,
        "http.response.status_code",
        *(each.name for each in a.PHASE_SECONDS),
    ),
)
STATUS_ROW = Event(
    "argus.check.status",
    "A confirmed change of status, for history alone",
    (*(name for name in _CHANGE if name not in (a.DETAIL.name, a.AGAIN.name, a.EVENT_ID.name)), a.HOLDS.name),
)
STATE_ROW = Event(
    "argus.check.state",
    "The status of a check and why it is muted, for history alone: in each hour, and when that why changes",
    (a.NAME.name, a.TYPE.name, a.SERVICE.name, a.STATE.name, a.SINCE.name, a.MUTED.name, a.HOLDS.name),
)

CATALOGUE = Catalogue(
    "checks",
    metrics=(
        UP,
        SUCCESS,
        STATE,
        SINCE,
        MUTED,
        RUNS,
        RETRIES,
        TRANSITIONS,
        DURATION,
        LAST_DURATION,
        PHASE_DURATION,
        LAST_RUN,
        LAST_HEARTBEAT,
        HTTP_STATUS,
        RESPONSE_SIZE,
        DNS_ANSWERS,
        CERTIFICATE_EXPIRY,
        SLO_OBJECTIVE,
        SLO_KEPT,
        SLO_LATENCY,
        LATENESS,
        SKIPPED,
        DISTURBED,
        RELOADS,
        CONFIGURED,
        RUNNING,
        SUBSCRIBER_DROPPED,
    ),
    spans=(CHECK_SPAN, ATTEMPT_SPAN),
    events=(
        STATUS_CHANGED,
        FAILED,
        SUCCEEDED,
        SERVICE_CHANGED,
        CERTIFICATE_CHANGED,
        RELOADED,
        RUN_ROW,
        STATUS_ROW,
        STATE_ROW,
    ),
    span_attributes=(
        a.STATE_BEFORE,
        a.SINCE,
        a.HOLDS,
        a.CONDITION,
        a.DETAIL,
        a.MUTED,
        a.EVENT_ID,
        a.AGAIN,
        a.RUN_ATTEMPTS,
        a.DISTURBED,
        a.SLOT,
        a.EXPIRY,
        a.EXPIRY_BEFORE,
        a.RELOAD_ERROR,
        *a.HTTP,
        *a.NETWORK,
        *a.PHASE_SECONDS,
    ),
)
"""The signals of checks."""
