"""For each metric and each span: the number that is true, and ours."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from argus_otel.scrape.buckets import Buckets
from argus_otel.sources.discord import catalogue as discord
from argus_otel.sources.discord import spans
from argus_otel.sources.process import catalogue as process
from argus_otel.telemetry import Attribute, Event, Metric, Span
from argus_otel.telemetry import catalogue as argus
from discord_simulator import InteractionEntry

from .storm import Evidence, Work


@dataclass(frozen=True)
class Row:
    """One number on both sides; a duration is the mean of all of its kind, in seconds."""

    thing: str
    true: float
    ours: float
    within: float = 0.0

    @property
    def agrees(self) -> bool:
        return abs(self.true - self.ours) <= self.within

    def __str__(self) -> str:
        mark = "  " if self.agrees else "≠ "
        return f"{mark}{self.thing:<70} {self.true:>14.6g} {self.ours:>14.6g}"


Rows = Iterator[Row]
Truth = Callable[[Evidence], Rows]

METRICS: dict[str, Truth] = {}
SPANS: dict[str, Truth] = {}
EVENTS: dict[str, Truth] = {}


def of(*definitions: Metric | Span | Event) -> Callable[[Truth], Truth]:
    """Register the truth about a signal."""
    tables: dict[type, dict[str, Truth]] = {Metric: METRICS, Span: SPANS, Event: EVENTS}

    def register(truth: Truth) -> Truth:
        for definition in definitions:
            tables[type(definition)][definition.name] = truth
        return truth

    return register


# -- tools


def counts(true: Mapping[Any, float], ours: Mapping[Any, float]) -> Rows:
    """Return a row for each thing that either side has counted."""
    for thing in sorted({*true, *ours}, key=str):
        if true.get(thing) or ours.get(thing):
            yield Row(str(thing), true.get(thing, 0), ours.get(thing, 0))


def tolerance(seconds: float) -> float:
    """5 ms or 5 %."""
    return max(0.005, 0.05 * seconds)


def means(true: Mapping[Any, tuple[int, float]], ours: Mapping[Any, tuple[int, float]]) -> Rows:
    """Return rows for counts, and for mean durations, of (count, sum) by thing."""
    yield from counts({key: number for key, (number, _) in true.items()}, {key: n for key, (n, _) in ours.items()})
    for thing, (number, seconds) in sorted(true.items(), key=str):
        if number and thing in ours and ours[thing][0]:
            mean = seconds / number
            yield Row(f"{thing} [s]", mean, ours[thing][1] / ours[thing][0], within=tolerance(mean))


def recorded(evidence: Evidence, metric: Metric, *attributes: Attribute) -> dict[tuple[str, ...], tuple[int, float]]:
    """Return a histogram's (count, sum) by the values of these attributes, all of them by default."""
    groups = evidence.metrics.spread(metric, *(attributes or metric.attributes))
    return {group: (round(buckets.count), buckets.sum) for group, buckets in groups.items()}


def counted(evidence: Evidence, metric: Metric, *attributes: Attribute) -> dict[tuple[str, ...], float]:
    """Return a counter's or gauge's value by the values of these attributes, all of them by default."""
    return dict(evidence.metrics.by(metric, *(attributes or metric.attributes)))


def journal(evidence: Evidence, *kinds: str) -> dict[tuple[str, str, str], tuple[int, float]]:
    """Return what the witness wrote down: (kind, name, error or "") to (count, sum of seconds)."""
    found: dict[tuple[str, str, str], tuple[int, float]] = {}
    for kind in kinds:
        work = evidence.journal.get(kind, Work())
        for (name, error), number in work.counts.items():
            found[kind, name, error or ""] = number, work.seconds[name, error]
    return found


def added(pairs: Iterator[tuple[Any, tuple[int, float]]]) -> dict[Any, tuple[int, float]]:
    """Add up (count, sum) by key."""
    sums: defaultdict[Any, tuple[int, float]] = defaultdict(lambda: (0, 0.0))
    for key, (number, seconds) in pairs:
        sums[key] = sums[key][0] + number, sums[key][1] + seconds
    return dict(sums)


def state(evidence: Evidence, name: str) -> float:
    """Return what the witness says of itself."""
    return evidence.journal["state"].seconds[name, None]


# -- gateway


@of(discord.GATEWAY_EVENTS)
def gateway_events(evidence: Evidence) -> Rows:
    true: Counter[tuple[str]] = Counter()
    for (_, event), number in evidence.ledger.received_event_counts().items():
        true[event,] += number
    return counts(true, counted(evidence, discord.GATEWAY_EVENTS))


@of(discord.SHARD_EVENTS)
def shard_events(evidence: Evidence) -> Rows:
    true: Counter[tuple[str]] = Counter()
    for (shard, _), number in evidence.ledger.received_event_counts().items():
        true[str(shard),] += number
    return counts(true, counted(evidence, discord.SHARD_EVENTS))


@of(discord.SESSIONS)
def sessions(evidence: Evidence) -> Rows:
    true = {(str(shard), kind): number for (shard, kind), number in evidence.ledger.session_counts().items()}
    return counts(true, counted(evidence, discord.SESSIONS))


@of(discord.DISCONNECTS)
def disconnects(evidence: Evidence) -> Rows:
    true: Counter[tuple[str, str]] = Counter()
    for (shard, code, _), number in evidence.ledger.close_counts().items():
        true[str(shard), str(code)] += number
    return counts(true, counted(evidence, discord.DISCONNECTS))


@of(discord.HEARTBEAT)
def heartbeats(evidence: Evidence) -> Rows:
    delays = [entry.ack_delay for entry in evidence.ledger.heartbeats_now() if entry.ack_delay is not None]
    number, seconds = recorded(evidence, discord.HEARTBEAT)[()]
    # The last of each connection may be under way, and one on each that broke may have been lost.
    yield Row("acknowledged", len(delays), number, within=2 + len(evidence.ledger.closes))
    mean = sum(delays) / len(delays)
    yield Row("acknowledged [s]", mean, seconds / number, within=tolerance(mean))


@of(discord.LATENCY)
def latency(evidence: Evidence) -> Rows:
    ours = counted(evidence, discord.LATENCY)
    for shard in ("0", "1"):
        delay = [e.ack_delay for e in evidence.ledger.heartbeats_now() if str(e.shard_id) == shard and e.ack_delay][-1]
        yield Row(f"shard {shard} [s]", delay, ours[shard,], within=tolerance(delay))


@of(discord.SHARD_UP)
def shard_up(evidence: Evidence) -> Rows:
    return counts({("0",): 1, ("1",): 1}, counted(evidence, discord.SHARD_UP))


@of(discord.SHARD_COUNT)
def shard_count(evidence: Evidence) -> Rows:
    return counts({(): 2}, counted(evidence, discord.SHARD_COUNT))


@of(discord.SHARD_RATELIMITED)
def shard_ratelimited(evidence: Evidence) -> Rows:
    ours = counted(evidence, discord.SHARD_RATELIMITED)
    yield Row("shards", 2, len(ours))
    yield Row("limited", 0, sum(ours.values()))


@of(discord.GATEWAY_WAIT)
def gateway_waits(evidence: Evidence) -> Rows:
    # Three of eight go at once, the others wait for the next half second, in which three go again.
    number, seconds = recorded(evidence, discord.GATEWAY_WAIT)[()]
    yield Row("waits", 2, number)
    _, true = evidence.journal["send"].counts, evidence.journal["send"].seconds["presence", None]
    yield Row("in all [s]", true, seconds, within=tolerance(true))


@of(discord.CLOCK_OFFSET)
def clock_offset(evidence: Evidence) -> Rows:
    # The simulated Discord's clock is this machine's.
    (offset,) = counted(evidence, discord.CLOCK_OFFSET).values()
    yield Row("offset [s]", 0, offset, within=0.02)  # two clocks are read, one after the other


# -- interactions and commands


def interactions(evidence: Evidence) -> list[InteractionEntry]:
    return evidence.ledger.interactions_now()


KINDS = {
    "slash": "application_command",
    "user": "application_command",
    "message": "application_command",
    "autocomplete": "autocomplete",
    "component": "component",
    "modal": "modal_submit",
}


def choices(evidence: Evidence) -> dict[str, tuple[int, float]]:
    """Return (count, sum of seconds) of autocomplete that went well, by command.

    The choices are sent when the bot's own function has returned, and that is part of the work.
    """
    return added(
        (entry.name, (1, entry.answered - entry.sent))
        for entry in interactions(evidence)
        if entry.kind == "autocomplete" and entry.acknowledged and entry.answered and entry.sent
    )


def refusals(evidence: Evidence) -> int:
    """Return how many choices the bot's function made that Discord did not take; then discord.py raises something."""
    made = sum(number for (_, error), number in evidence.journal["autocomplete"].counts.items() if not error)
    return made - sum(number for number, _ in choices(evidence).values())


@of(discord.INTERACTION_DURATION)
def interaction_duration(evidence: Evidence) -> Rows:
    metric = discord.INTERACTION_DURATION
    true = Counter((entry.kind,) for entry in interactions(evidence))
    kinds = recorded(evidence, metric, discord.INTERACTION_TYPE)
    yield from counts(true, {key: number for key, (number, _) in kinds.items()})
    written = added(
        ((KINDS[kind], name, error), pair)
        for (kind, name, error), pair in journal(evidence, *KINDS).items()
        if error != "CheckFailure"
    )
    ours = added(
        ((kind, command or component, error), pair)
        for (kind, command, component, _, error), pair in recorded(evidence, metric).items()
        if error not in ("unhandled", "CheckFailure")
    )
    chosen = {("autocomplete", name, ""): pair for name, pair in choices(evidence).items()}
    refused = [key for key in ours if key[0] == "autocomplete" and key[2] not in ("", "WitnessError")]
    yield Row("choices refused", refusals(evidence), sum(ours.pop(key)[0] for key in refused))
    yield from means(written | chosen, ours)


@of(discord.COMMAND_DURATION)
def command_duration(evidence: Evidence) -> Rows:
    written = {
        (name, kind, error): pair
        for (kind, name, error), pair in journal(evidence, "slash", "user", "message", "prefix").items()
    }
    unknown = evidence.done["!nothing of the kind"]
    recordings = recorded(evidence, discord.COMMAND_DURATION)
    ours = added(((name, kind, error), pair) for (name, kind, _, error), pair in recordings.items())
    yield Row("unknown prefix commands", unknown, ours.pop(("_OTHER", "prefix", "CommandNotFound"))[0])
    return (yield from means(written, ours))


@of(discord.RESPONSE_TIME)
def response_time(evidence: Evidence) -> Rows:
    true = added(
        ((entry.kind,), (1, entry.acknowledged_after))
        for entry in interactions(evidence)
        if entry.acknowledged and entry.acknowledged_after is not None
    )
    return means(true, recorded(evidence, discord.RESPONSE_TIME, discord.INTERACTION_TYPE))


@of(discord.UNACKNOWLEDGED)
def unacknowledged(evidence: Evidence) -> Rows:
    true = Counter((entry.kind,) for entry in interactions(evidence) if not entry.acknowledged)
    return counts(true, counted(evidence, discord.UNACKNOWLEDGED, discord.INTERACTION_TYPE))


@of(discord.LATE)
def late(evidence: Evidence) -> Rows:
    ours = counted(evidence, discord.LATE, discord.LATE_REASON)
    # The ledger does not know what kept the bot, only that an answer came after the deadline.
    too_late = sum(ours.pop((reason,), 0) for reason in ("slow_handler", "blocked_loop", "arrived_late"))
    true = Counter(
        (reason_of(entry, evidence),)
        for entry in interactions(evidence)
        if not entry.acknowledged or entry.status == 400
    )
    yield Row("too late", true.pop(("too late",), 0), too_late)
    yield from counts(true, ours)


def reason_of(entry: InteractionEntry, evidence: Evidence) -> str:
    """Return why an interaction was not acknowledged, from the responses to its callbacks."""
    path = f"/interactions/{entry.id}/-/callback"
    answers = [answer for answer in evidence.ledger.rest_now() if answer.path == path]
    if not answers:
        return "unanswered"
    if answers[-1].status != 404:
        return "callback_failed"
    return "unknown_interaction" if answers[-1].fault else "too late"


@of(discord.INTERACTION_ORIGINS)
def interaction_origins(evidence: Evidence) -> Rows:
    # All of them in guilds that have the bot, but for one of a user who has installed it too.
    number = len(interactions(evidence))
    installed = evidence.done["by an owner"]
    true = {("guild", "guild"): number - installed, ("both", "guild"): installed}
    return counts(true, counted(evidence, discord.INTERACTION_ORIGINS))


@of(discord.INTERACTIONS_ACTIVE)
def interactions_active(evidence: Evidence) -> Rows:
    ours = counted(evidence, discord.INTERACTIONS_ACTIVE)
    yield Row("types", 4, len(ours))
    yield Row("running at the end", 0, sum(ours.values()))


@of(discord.COMPONENTS_UNHANDLED)
def components_unhandled(evidence: Evidence) -> Rows:
    yield Row("pressed too late", evidence.done["too late"], counted(evidence, discord.COMPONENTS_UNHANDLED)[()])


@of(discord.VIEWS_ACTIVE)
def views_active(evidence: Evidence) -> Rows:
    yield Row("views", state(evidence, discord.VIEWS_ACTIVE.name), counted(evidence, discord.VIEWS_ACTIVE)[()])


@of(discord.VIEW_TIMEOUTS)
def view_timeouts(evidence: Evidence) -> Rows:
    true = sum(evidence.journal["timeout"].counts.values())
    yield Row("timeouts", true, counted(evidence, discord.VIEW_TIMEOUTS)[()])


# -- other work


@of(discord.LISTENER_DURATION)
def listener_duration(evidence: Evidence) -> Rows:
    written = {(name, error): pair for (_, name, error), pair in journal(evidence, "listener").items()}
    return means(written, recorded(evidence, discord.LISTENER_DURATION))


@of(discord.TASK_DURATION)
def task_duration(evidence: Evidence) -> Rows:
    written = {(name, error): pair for (_, name, error), pair in journal(evidence, "task").items()}
    return means(written, recorded(evidence, discord.TASK_DURATION))


@of(discord.TASKS_RUNNING)
def tasks_running(evidence: Evidence) -> Rows:
    ours = counted(evidence, discord.TASKS_RUNNING)
    for name in ("tick", "flaky"):
        yield Row(name, state(evidence, name), ours[name,])


@of(discord.EXTENSION_LOADING)
def extension_loading(evidence: Evidence) -> Rows:
    written = {
        (name, "LookupError" if error else ""): pair
        for (_, name, error), pair in journal(evidence, "extension").items()
    }
    return means(written, recorded(evidence, discord.EXTENSION_LOADING))


# -- REST


@of(discord.HTTP_DURATION)
def http_duration(evidence: Evidence) -> Rows:
    """Counts are the ledger's; how long each attempt took for who waits for it, aiohttp's own trace has told."""
    entries = evidence.ledger.rest_now()
    recordings = recorded(evidence, discord.HTTP_DURATION, discord.METHOD, discord.TEMPLATE, discord.STATUS)
    resets = sum(number for (_, _, status), (number, _) in recordings.items() if not status)
    yield Row("connections reset", sum(entry.status == 0 for entry in entries), resets)
    answered = {key: pair for key, pair in recordings.items() if key[2]}
    answers = Counter((entry.method, entry.template, str(entry.status)) for entry in entries if entry.status)
    yield from counts(answers, {key: number for key, (number, _) in answered.items()})
    ours = {
        (f"{method} {re.sub('{.+?}', '{}', template)}", status): pair
        for (method, template, status), pair in answered.items()
    }
    yield from means(written(evidence, "attempt"), ours)


@of(discord.REST_DURATION)
def rest_duration(evidence: Evidence) -> Rows:
    resent = resends(evidence)
    number = sum(number for number, _ in recorded(evidence, discord.REST_DURATION).values())
    yield Row("calls", len(evidence.ledger.rest_now()) - resent, number)
    ours = evidence.calm.spread(discord.REST_DURATION, discord.TEMPLATE)["/channels/{channel_id}/messages",]
    written = {("calls of one route",): journal(evidence, "call")["call", "send", ""]}
    yield from means(written, {("calls of one route",): (round(ours.count), ours.sum)})


@of(discord.RATELIMIT_WAIT)
def ratelimit_wait(evidence: Evidence) -> Rows:
    limited = [entry for entry in evidence.ledger.ratelimit_counts().items() if entry[1]]
    yield Row("limits hit at all", 1, float(bool(limited)))
    ours = evidence.calm.spread(discord.RATELIMIT_WAIT).get((), Buckets())
    # discord.py may wait for its own count of the bucket too, for some milliseconds: they are in the sum alone.
    long = round(sum(number for edge, number in ours.counts.items() if edge > 0.25))
    yield from means({("one 429",): (1, 0.3)}, {("one 429",): (long, ours.sum)})


@of(discord.REST_ERRORS)
def rest_errors(evidence: Evidence) -> Rows:
    codes = {404: "10062", 403: "50013"}
    true = Counter(
        (entry.template, codes[entry.status]) for entry in evidence.ledger.rest_now() if entry.status in codes
    )
    return counts(true, counted(evidence, discord.REST_ERRORS))


@of(discord.RATELIMITS)
def ratelimits(evidence: Evidence) -> Rows:
    return counts(evidence.ledger.ratelimit_counts(), counted(evidence, discord.RATELIMITS))


# -- state

for _metric in (
    discord.GUILDS,
    discord.GUILDS_UNAVAILABLE,
    discord.GUILD_MEMBERS,
    discord.SESSION_LIMIT,
    discord.SESSIONS_REMAINING,
    discord.EXTENSIONS,
):

    @of(_metric)
    def size(evidence: Evidence, metric: Metric = _metric) -> Rows:
        yield Row(metric.name, state(evidence, metric.name), counted(evidence, metric)[()])


@of(discord.CACHE_OBJECTS)
def cached(evidence: Evidence) -> Rows:
    true = {(name,): state(evidence, str(name)) for name in discord.CACHE_NAME.values}
    return counts(true, counted(evidence, discord.CACHE_OBJECTS))


@of(discord.CACHE_MEMORY)
def cache_memory(evidence: Evidence) -> Rows:
    bytes_, number = (counted(evidence, metric)["users",] for metric in (discord.CACHE_MEMORY, discord.CACHE_OBJECTS))
    true = state(evidence, "bytes of a user")
    yield Row("a user [By]", true, bytes_ / number, within=0.4 * true)


@of(discord.GUILD_SIZES)
def guild_sizes(evidence: Evidence) -> Rows:
    true = {(size,): state(evidence, size) for size in ("1-9", "10-99")}
    return counts(true, counted(evidence, discord.GUILD_SIZES))


@of(discord.INSTALLS)
def installs(evidence: Evidence) -> Rows:
    ours = counted(evidence, discord.INSTALLS)
    for kind in ("guild_install", "user_install"):
        yield Row(kind, state(evidence, kind), ours[kind,])


@of(discord.PRIVILEGED_INTENTS)
def privileged_intents(evidence: Evidence) -> Rows:
    true = {(name,): 1 for name in ("members", "presences", "message_content")}
    return counts(true, counted(evidence, discord.PRIVILEGED_INTENTS))


@of(discord.LEAKED_COGS)
def leaked_cogs(evidence: Evidence) -> Rows:
    yield Row("of the extension that failed to load", 0, sum(counted(evidence, discord.LEAKED_COGS).values()))


@of(discord.COMMANDS)
def commands(evidence: Evidence) -> Rows:
    true = {(kind,): state(evidence, kind) for kind in ("slash", "user", "message", "prefix")}
    return counts(true, counted(evidence, discord.COMMANDS))


@of(discord.GUILD_CHANGES)
def guild_changes(evidence: Evidence) -> Rows:
    true = {(change,): evidence.done[change] for change in ("join", "leave")}
    return counts(true, counted(evidence, discord.GUILD_CHANGES))


# -- voice


@of(discord.VOICE_CONNECTIONS)
def voice_connections(evidence: Evidence) -> Rows:
    yield Row("where it stayed", 1, counted(evidence, discord.VOICE_CONNECTIONS)[()])


@of(discord.VOICE_LATENCY)
def voice_latency(evidence: Evidence) -> Rows:
    true = [entry.ack_delay for entry in evidence.ledger.voice.heartbeats if entry.ack_delay][-1]
    yield Row("the last heartbeat [s]", true, counted(evidence, discord.VOICE_LATENCY)[()], within=tolerance(true))


@of(discord.VOICE_PACKETS)
def voice_packets(evidence: Evidence) -> Rows:
    true = sum(evidence.ledger.voice.packet_counts().values())
    yield Row("packets", true, counted(evidence, discord.VOICE_PACKETS)[()])


@of(discord.VOICE_LATE)
def voice_late(evidence: Evidence) -> Rows:
    yield Row("without a player, whose schedule they could miss", 0, counted(evidence, discord.VOICE_LATE)[()])


@of(discord.VOICE_CONNECTING)
def voice_connecting(evidence: Evidence) -> Rows:
    written = {(error,): pair for (_, _, error), pair in journal(evidence, "voice").items()}
    return means(written, recorded(evidence, discord.VOICE_CONNECTING))


@of(discord.VOICE_DISCONNECTS)
def voice_disconnects(evidence: Evidence) -> Rows:
    true: Counter[tuple[str]] = Counter()
    for (code, _), number in evidence.ledger.voice.close_counts().items():
        true[str(code),] += number
    return counts(true, counted(evidence, discord.VOICE_DISCONNECTS))


# -- the process


@of(process.LOG_RECORDS)
def log_records(evidence: Evidence) -> Rows:
    true = evidence.journal["listener"].counts["member_join", None]
    yield Row("warnings", true, counted(evidence, process.LOG_RECORDS)["witness", "warning"])


@of(process.LOOP_LAG)
def loop_lag(evidence: Evidence) -> Rows:
    buckets = evidence.metrics.spread(process.LOOP_LAG)[()]
    late = sum(number for edge, number in buckets.counts.items() if edge > 1.0)
    yield Row("later than 1 s", sum(evidence.journal["blocking"].counts.values()), late)


@of(process.BLOCKINGS)
def blockings(evidence: Evidence) -> Rows:
    yield Row("blocked", sum(evidence.journal["blocking"].counts.values()), counted(evidence, process.BLOCKINGS)[()])


@of(process.TASKS)
def tasks(evidence: Evidence) -> Rows:
    # The loop of each connection and the like come and go between the two counts.
    yield Row("tasks", state(evidence, "tasks"), counted(evidence, process.TASKS)[()], within=3)


@of(process.UPTIME)
def uptime(evidence: Evidence) -> Rows:
    # Imports come before the witness's own clock, and the scrape some seconds after it was read.
    yield Row("since the start [s]", state(evidence, "uptime"), counted(evidence, process.UPTIME)[()], within=6)


# -- the distro itself


@of(argus.HOOK_ERRORS, argus.ATTRIBUTE_OVERFLOW, argus.EXPORT_LOST)
def nothing_went_wrong(evidence: Evidence) -> Rows:
    for metric in (argus.HOOK_ERRORS, argus.ATTRIBUTE_OVERFLOW, argus.EXPORT_LOST):
        yield Row(metric.name, 0, sum(counted(evidence, metric).values()))


def raised(evidence: Evidence) -> Counter[str]:
    """Return how often each exception of the witness's own ended its work, by class."""
    own = ("WitnessError", "OtherWitnessError")
    found: Counter[str] = Counter()
    for kind in evidence.journal:
        for (_, _, error), (number, _) in journal(evidence, kind).items():
            if error in own:
                found[error] += number
    return found


def fingerprinted(counts: Mapping[str, float]) -> Counter[str]:
    """Return the counts of the witness's own exceptions, given by fingerprint, by class."""
    found: Counter[str] = Counter()
    for fingerprint, number in counts.items():
        name = fingerprint.partition(" ")[0].rpartition(".")[2]
        if name.endswith("WitnessError"):
            found[name] += round(number)
    return found


@of(argus.EXCEPTIONS)
def exceptions(evidence: Evidence) -> Rows:
    ours = {group[0]: number for group, number in counted(evidence, argus.EXCEPTIONS).items()}
    yield from counts(raised(evidence), fingerprinted(ours))


@of(*(each.exception for catalogue in (discord.CATALOGUE, argus.CATALOGUE) for each in catalogue.spans))
def exceptions_as_records(evidence: Evidence) -> Rows:
    records = (attributes(record) for _, record in evidence.received.records if record.severity_number >= 17)
    groups = Counter(
        found["argus.exception.fingerprint"]
        for found in records
        if "exception.stacktrace" in found and "argus.exception.fingerprint" in found
    )
    yield from counts(raised(evidence), fingerprinted(groups))


@of(argus.PROCESS_INFO)
def process_info(evidence: Evidence) -> Rows:
    yield Row("processes", 1, sum(counted(evidence, argus.PROCESS_INFO).values()))


@of(argus.HOOK_ACTIVE)
def hooks_active(evidence: Evidence) -> Rows:
    ours = counted(evidence, argus.HOOK_ACTIVE)
    yield Row("hooks in place", len(ours), sum(ours.values()))


# -- events


def happened(evidence: Evidence, event: Event) -> int:
    """Return how many records of an event were received, other than those of history."""
    records = (record for _, record in evidence.received.records if record.event_name == event.name)
    return sum("argus.history.id" not in attributes(record) for record in records)


@of(discord.SESSION_EVENT)
def session_events(evidence: Evidence) -> Rows:
    true = sum(evidence.ledger.session_counts().values())
    yield Row("sessions", true, happened(evidence, discord.SESSION_EVENT))


@of(discord.DISCONNECT_EVENT)
def disconnect_events(evidence: Evidence) -> Rows:
    yield Row("closed", len(evidence.ledger.closes), happened(evidence, discord.DISCONNECT_EVENT))


@of(discord.VOICE_DISCONNECT_EVENT)
def voice_disconnect_events(evidence: Evidence) -> Rows:
    true = sum(evidence.ledger.voice.close_counts().values())
    yield Row("voice closed", true, happened(evidence, discord.VOICE_DISCONNECT_EVENT))


@of(discord.GUILD_JOIN_EVENT, discord.GUILD_LEAVE_EVENT)
def guild_events(evidence: Evidence) -> Rows:
    yield Row("joined", evidence.done["join"], happened(evidence, discord.GUILD_JOIN_EVENT))
    yield Row("left", evidence.done["leave"], happened(evidence, discord.GUILD_LEAVE_EVENT))


@of(discord.EXTENSION_EVENT)
def extension_events(evidence: Evidence) -> Rows:
    yield Row("not loaded", 1, happened(evidence, discord.EXTENSION_EVENT))


@of(process.BLOCKED_EVENT)
def blocked_events(evidence: Evidence) -> Rows:
    yield Row("blocked", sum(evidence.journal["blocking"].counts.values()), happened(evidence, process.BLOCKED_EVENT))


# -- spans

CLIENT = 3
"""OTLP's number for a client span."""


def attributes(span: Any) -> dict[str, Any]:
    """Return a received span's attributes."""
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in span.attributes}


def resends(evidence: Evidence) -> int:
    """Return how many requests were made again within their call."""
    return sum(attributes(span).get("http.request.resend_count", 0) for span in calls(evidence))


def calls(evidence: Evidence) -> list[Any]:
    """Return the spans of REST calls."""
    return [span for span in evidence.received.spans if definition_of(span) is spans.REST_SPAN]


def definition_of(span: Any) -> Span:
    """Return what the catalogue has for a received span."""
    work = span.name.partition(" ")[0]
    if span.kind == CLIENT and work != "voice":
        return spans.REST_SPAN
    if work == "command":
        return spans.PREFIX_SPAN if attributes(span).get(discord.COMMAND_TYPE.name) == "prefix" else spans.COMMAND_SPAN
    known = {each.work: each for each in discord.CATALOGUE.spans}
    return known.get(work, argus.TIMED_SPAN)


def timed(evidence: Evidence, work: str) -> dict[tuple[str, str], tuple[int, float]]:
    """Return (count, sum of seconds) of the received spans of one kind of work, by (name, error)."""
    found = (span for span in evidence.received.spans if span.name.partition(" ")[0] == work and span.kind != CLIENT)
    return added(
        (
            (span.name.partition(" ")[2], attributes(span).get("error.type", "")),
            (1, (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9),
        )
        for span in found
    )


def written(evidence: Evidence, *kinds: str) -> dict[tuple[str, str], tuple[int, float]]:
    """Return what the witness wrote down, by (name, error)."""
    return added(((name, error), pair) for (_, name, error), pair in journal(evidence, *kinds).items())


@of(spans.COMMAND_SPAN, spans.PREFIX_SPAN)
def command_spans(evidence: Evidence) -> Rows:
    ours = timed(evidence, "command")
    unknown = evidence.done["!nothing of the kind"]
    yield Row("unknown prefix commands", unknown, ours.pop(("_OTHER", "CommandNotFound"))[0])
    yield from means(written(evidence, "slash", "user", "message", "prefix"), ours)


@of(spans.COMPONENT_SPAN)
def component_spans(evidence: Evidence) -> Rows:
    ours = timed(evidence, "component")
    yield Row("pressed too late", evidence.done["too late"], ours.pop(("", "unhandled"))[0])
    yield from means(written(evidence, "component"), ours)


for _span, _kind in (
    (spans.MODAL_SPAN, "modal"),
    (spans.TASK_SPAN, "task"),
    (spans.VIEW_TIMEOUT_SPAN, "timeout"),
    (spans.LISTENER_SPAN, "listener"),
):

    @of(_span)
    def work_spans(evidence: Evidence, span: Span = _span, kind: str = _kind) -> Rows:
        yield from means(written(evidence, kind), timed(evidence, span.work))


@of(spans.AUTOCOMPLETE_SPAN)
def autocomplete_spans(evidence: Evidence) -> Rows:
    chosen = {(name, ""): pair for name, pair in choices(evidence).items()}
    ours = timed(evidence, "autocomplete")
    refused = [key for key in ours if key[1] not in ("", "WitnessError")]
    yield Row("choices refused", refusals(evidence), sum(ours.pop(key)[0] for key in refused))
    yield from means(written(evidence, "autocomplete") | chosen, ours)


@of(spans.VOICE_CONNECT_SPAN)
def voice_spans(evidence: Evidence) -> Rows:
    received = [span for span in evidence.received.spans if definition_of(span) is spans.VOICE_CONNECT_SPAN]
    seconds = sum(span.end_time_unix_nano - span.start_time_unix_nano for span in received) / 1e9
    yield from means({"voice": journal(evidence, "voice")["voice", "join", ""]}, {"voice": (len(received), seconds)})


@of(argus.TIMED_SPAN)
def timed_spans(evidence: Evidence) -> Rows:
    spans = [span for span in evidence.received.spans if definition_of(span) is argus.TIMED_SPAN]
    seconds = sum(span.end_time_unix_nano - span.start_time_unix_nano for span in spans) / 1e9
    yield from means({"timed": journal(evidence, "timed")["timed", "by_hand", ""]}, {"timed": (len(spans), seconds)})


@of(spans.REST_SPAN)
def rest_spans(evidence: Evidence) -> Rows:
    made = calls(evidence)
    yield Row("calls", len(evidence.ledger.rest_now()) - resends(evidence), len(made))
    named = Counter((span.name,) for span in made)
    seen = {(f"{entry.method} {entry.template}",) for entry in evidence.ledger.rest_now()}
    yield Row("names that the ledger has not", 0, len(named.keys() - seen))


# -- history


def kept(evidence: Evidence, *events: Event) -> dict[str, dict[str, Any]]:
    """Return the attributes of each record of history, by its id; of some events, or of all."""
    names = {event.name for event in events}
    records = (attributes(record) for _, record in evidence.received.records)
    return {
        found["argus.history.id"]: found
        for found in records
        if "argus.history.id" in found and (not names or found["event.name"] in names)
    }


def durations(records: Iterator[dict[str, Any]], *names: str) -> dict[tuple[str, ...], tuple[int, float]]:
    """Return (count, sum of seconds) by the values of these attributes."""
    return added(
        (tuple(str(each.get(name, "")) for name in names), (1, each.get("argus.history.duration", 0.0)))
        for each in records
    )


@of(discord.COMMAND_EVENT)
def commands_in_history(evidence: Evidence) -> Rows:
    written = {
        (name, kind, error): pair
        for (kind, name, error), pair in journal(evidence, "slash", "user", "message", "prefix").items()
    }
    records = iter(kept(evidence, discord.COMMAND_EVENT).values())
    ours = durations(records, discord.COMMAND_NAME.name, discord.COMMAND_TYPE.name, discord.ERROR_TYPE.name)
    unknown = ours.pop(("_OTHER", "prefix", "CommandNotFound"))[0]
    yield Row("unknown prefix commands", evidence.done["!nothing of the kind"], unknown)
    yield from means(written, ours)


@of(discord.COMPONENT_EVENT, discord.MODAL_EVENT, discord.AUTOCOMPLETE_EVENT)
def interactions_in_history(evidence: Evidence) -> Rows:
    kinds = {discord.COMPONENT_EVENT: "component", discord.MODAL_EVENT: "modal_submit"}
    kinds[discord.AUTOCOMPLETE_EVENT] = "autocomplete"
    true = Counter(entry.kind for entry in interactions(evidence))
    for event, kind in kinds.items():
        yield Row(kind, true[kind], len(kept(evidence, event)))  # type: ignore[index]
    written = journal(evidence, "component", "modal")
    records = kept(evidence, discord.COMPONENT_EVENT, discord.MODAL_EVENT).values()
    names = {discord.COMPONENT_EVENT.name: "component", discord.MODAL_EVENT.name: "modal"}
    ours = added(
        ((names[event], name, error), pair)
        for (event, name, error), pair in durations(
            iter(records), "event.name", discord.COMMAND_NAME.name, discord.ERROR_TYPE.name
        ).items()
        if error not in ("unhandled", "CheckFailure")
    )
    yield from means({key: pair for key, pair in written.items() if key[2] != "CheckFailure"}, ours)


@of(argus.HISTORY_EVENTS)
def history_events(evidence: Evidence) -> Rows:
    true = Counter((str(record["event.name"]),) for record in kept(evidence).values())
    yield Row("joined", evidence.done["join"], true[discord.GUILD_JOIN_EVENT.name,])
    yield Row("left", evidence.done["leave"], true[discord.GUILD_LEAVE_EVENT.name,])
    yield from counts(true, counted(evidence, argus.HISTORY_EVENTS))


@of(argus.HISTORY_DROPPED, argus.HISTORY_WAITING)
def nothing_is_missing_from_history(evidence: Evidence) -> Rows:
    sent = sum("argus.history.id" in attributes(record) for _, record in evidence.received.records)
    yield Row("sent twice", 0, sent - len(kept(evidence)))
    for metric in (argus.HISTORY_DROPPED, argus.HISTORY_WAITING):
        yield Row(metric.name, 0, sum(counted(evidence, metric).values()))
