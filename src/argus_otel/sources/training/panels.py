"""What people are shown of training runs: how far they are, what they log, what slows them, their GPUs, commands."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Mapping

from argus_otel.panels import (
    NO_BUCKETS,
    NOTHING,
    Cell,
    Column,
    Content,
    Fact,
    Facts,
    Panel,
    Table,
    Tone,
    View,
    counts,
    note_rest,
    number,
    rate,
    recent_quantiles,
    seconds,
    size,
)
from argus_otel.scrape.buckets import Buckets
from argus_otel.scrape.series import Group, Metrics

from . import attributes as a
from . import catalogue as c

_FEW = 5
_USUAL = 60
_SPACIOUS = 100
_KIND = (a.FRAMEWORK, a.MODEL)
_FAILED = ("error", "guarded")
_QUIET = 60.0
"""A run that has made no progress for so long, in seconds, and for twenty of its usual steps, may stand still."""
_STEPS = 20
_WAITS = 0.5
"""The part of its steps for which a run may wait for data."""
_IDLE = 0.05
_FULL = 0.95
_UNASKED = 60.0
"""After how many seconds without an answer of ClickHouse an agent is away."""

# -- runs


def _runs(view: View) -> Content:
    """Draw the runs by framework and model: those that go on first, then those that had most steps."""
    whole, now = view.whole, time.time()
    active, steps = (whole.by(metric, *_KIND) for metric in (c.RUNS_ACTIVE, c.STEPS))
    lately = view.recent.by(c.STEPS, *_KIND)
    durations, recent = (metrics.spread(c.STEP_DURATION, *_KIND) for metrics in (whole, view.recent))
    epochs, progress, left, moved = (
        whole.by(metric, *_KIND) for metric in (c.EPOCH, c.PROGRESS, c.TIME_REMAINING, c.STEP_TIME)
    )
    outcomes = _outcomes(whole)
    known = active.keys() | outcomes.keys()
    order = sorted(known, key=lambda kind: (-active.get(kind, 0.0), -steps.get(kind, 0.0), kind))
    rows: list[tuple[Cell, ...]] = []
    for kind in order[: view.rows]:
        running, took = active.get(kind, 0.0), durations.get(kind, NO_BUCKETS)
        # Several processes add up what they tell: of more than one run, an epoch and a part of the steps mean nothing.
        epoch, part = (each.get(kind) if running == 1 else None for each in (epochs, progress))
        idle = None if kind not in moved else max(0.0, now - moved[kind])
        ended = outcomes.get(kind, {})
        rows.append(
            (
                Cell(kind[1] or NOTHING),
                Cell(kind[0], Tone.MUTED),
                _state(running, idle, took),
                Cell(number(steps.get(kind, 0.0))),
                Cell(rate(lately.get(kind, 0.0), view.interval)),
                Cell(number(epoch)),
                Cell(_percent(part)),
                Cell(seconds(left.get(kind))),
                *recent_quantiles(took, recent.get(kind, NO_BUCKETS)),
                Cell(counts(ended), Tone.BAD if any(ended.get(each) for each in _FAILED) else Tone.PLAIN),
            )
        )
    headings = (
        Column("model", number=False),
        Column("by", number=False, needs=_USUAL),
        Column("state", number=False),
        Column("steps"),
        Column("rate", needs=_USUAL),
        Column("epoch", needs=_SPACIOUS),
        Column("done"),
        Column("left"),
        Column("p50", needs=_SPACIOUS),
        Column("p95", needs=_SPACIOUS),
        Column("ended", number=False, at_most=24, needs=_USUAL),
    )
    return (Table(headings, rows, note_rest(len(order), view.rows, "no training run has begun yet")),)


def _state(running: float, idle: float | None, took: Buckets) -> Cell:
    if not running:
        return Cell("ended", Tone.MUTED)
    several = f"{number(running)} " if running > 1 else ""
    # Before the end of the first step, data are prepared and the model is compiled.
    usual = took.quantile(0.5) if took.count else None
    if idle is not None and usual is not None and idle > max(_QUIET, _STEPS * usual):
        return Cell(f"{several}no progress for {seconds(idle)}", Tone.BAD)
    return Cell(f"{several}running", Tone.GOOD)


def _outcomes(metrics: Metrics) -> dict[Group, dict[str, float]]:
    found: defaultdict[Group, dict[str, float]] = defaultdict(dict)
    for (framework, model, outcome), runs in metrics.by(c.RUNS, *_KIND, a.OUTCOME).items():
        found[framework, model][outcome] = runs
    return found


def _headline(view: View) -> tuple[Fact, ...]:
    running, failed = view.whole.total(c.RUNS_ACTIVE), view.recent.by(c.RUNS, a.OUTCOME).get(("error",), 0.0)
    facts = [
        Fact("training runs", Cell(number(running or 0.0))),
        Fact("runs failed", Cell(number(failed), Tone.BAD if failed else Tone.PLAIN), view.period),
    ]
    loss = _loss(view.whole)
    if running and loss is not None:
        facts.append(Fact("loss", loss, "the last one"))
    return tuple(facts)


# -- values


def _values(view: View) -> Content:
    """Draw the last values: those that are not finite first, then losses, then all others."""
    last = view.whole.by(c.VALUE, a.METRIC, a.PHASE)
    wrong: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for (name, kind), times in view.whole.by(c.VALUES_NONFINITE, a.METRIC, a.NONFINITE).items():
        wrong[name][kind] = times
    order = sorted(last, key=lambda key: (math.isfinite(last[key]), "loss" not in key[0], key))
    rows = [
        (
            Cell(name),
            Cell(phase, Tone.MUTED),
            _value(last[name, phase]),
            Cell(counts(wrong[name]), Tone.BAD if any(wrong[name].values()) else Tone.PLAIN),
        )
        for name, phase in order[: view.rows]
    ]
    headings = (
        Column("value", number=False),
        Column("phase", number=False),
        Column("last"),
        Column("not finite since start", number=False),
    )
    return (Table(headings, rows, note_rest(len(order), view.rows, "no value has been logged yet")),)


def _value(value: float) -> Cell:
    if math.isnan(value):
        return Cell("NaN", Tone.BAD)
    if math.isinf(value):
        return Cell("Inf" if value > 0 else "-Inf", Tone.BAD)
    return Cell(f"{value:.4g}")


def _loss(metrics: Metrics) -> Cell | None:
    """Return the last loss of training; ``None`` if none is known by a name that says so."""
    last = {name: value for (name, phase), value in metrics.by(c.VALUE, a.METRIC, a.PHASE).items() if phase == "train"}
    name = min((name for name in last if "loss" in name), key=lambda name: (len(name), name), default=None)
    return None if name is None else _value(last[name])


# -- what slows runs, and what has been noticed


def _times(view: View) -> Content:
    recent = view.recent
    steps, wait = recent.whole(c.STEP_DURATION), recent.whole(c.DATA_WAIT)
    share = wait.sum / steps.sum if steps.sum > 0 else None
    skipped = recent.total(c.STEPS_SKIPPED) or 0.0
    facts = [
        Fact("waits for data", Cell(_percent(share), Tone.CAUTION if share and share > _WAITS else Tone.PLAIN)),
        Fact("steps left out", Cell(number(skipped), Tone.CAUTION if skipped else Tone.PLAIN)),
        *(Fact(name, Cell(rate(recent.total(metric) or 0.0, view.interval))) for name, metric in _WORK),
        *(
            Fact(f"{name}, mean", Cell(seconds(took.sum / took.count)))
            for name, metric in _PHASES
            if (took := view.whole.whole(metric)).count
        ),
    ]
    trips = {rule: times for (rule,), times in view.whole.by(c.GUARD_TRIPS, a.RULE).items() if times}
    asked = view.whole.by(c.COMMANDS, a.COMMAND, a.RESULT)
    noticed = (
        Fact("guard", Cell(counts(trips) if trips else "nothing", Tone.BAD if trips else Tone.PLAIN), "since start"),
        Fact("commands", Cell(counts({f"{kind} {result}": times for (kind, result), times in asked.items()}))),
    )
    return (Facts(facts), Facts(noticed))


_WORK = (("batches", c.BATCHES), ("samples", c.SAMPLES), ("tokens", c.TOKENS))
_PHASES = (
    ("first step", c.STEP_FIRST),
    ("validation", c.VALIDATION_DURATION),
    ("checkpoint", c.CHECKPOINT_DURATION),
)

# -- GPUs


def _gpus(view: View) -> Content:
    """Draw the GPUs of the process by their UUIDs."""
    whole = view.whole
    used, usage, limits, temperatures, powers, torch = (
        whole.by(metric, a.DEVICE)
        for metric in (
            c.GPU_UTILIZATION, c.GPU_MEMORY_USAGE, c.GPU_MEMORY_LIMIT, c.GPU_TEMPERATURE, c.GPU_POWER,
            c.GPU_MEMORY_RESERVED,
        )
    )  # fmt: skip
    running = whole.total(c.RUNS_ACTIVE)
    order = sorted(used.keys() | usage.keys() | torch.keys())
    rows: list[tuple[Cell, ...]] = []
    for device in order[:_FEW]:
        part, limit = used.get(device), limits.get(device)
        full = usage[device] / limit if device in usage and limit else None
        rows.append(
            (
                Cell(device[0]),
                Cell(_percent(part), Tone.CAUTION if running and part is not None and part < _IDLE else Tone.PLAIN),
                Cell(size(usage.get(device)), Tone.CAUTION if full is not None and full > _FULL else Tone.PLAIN),
                Cell(size(limit)),
                Cell(size(torch.get(device))),
                Cell(_figure(temperatures, device, "°C")),
                Cell(_figure(powers, device, "W")),
            )
        )
    headings = (
        Column("GPU", number=False, at_most=40),
        Column("used"),
        Column("memory"),
        Column("of", needs=_USUAL),
        Column("torch's", needs=_SPACIOUS),
        Column("temperature", needs=_SPACIOUS),
        Column("power", needs=_SPACIOUS),
    )
    return (Table(headings, rows, note_rest(len(order), _FEW, "no GPU is read now")),)


def _figure(values: Mapping[Group, float], device: Group, unit: str) -> str:
    return f"{values[device]:,.0f} {unit}" if device in values else NOTHING


def _percent(part: float | None) -> str:
    return NOTHING if part is None else f"{part:.0%}"


# -- the agent


def _agent(view: View) -> Content:
    told, asked = view.whole.by(c.AGENT_COMMANDS, a.COMMAND, a.RESULT), view.whole.total(c.AGENT_POLL_TIME)
    if asked is None:
        return (Facts((Fact("agent", Cell("none in this process", Tone.MUTED)),)),)
    ago = max(0.0, time.time() - asked)
    refused = {why: times for (why,), times in view.whole.by(c.AGENT_COMMANDS, a.AGENT_REFUSAL).items() if why}
    facts = (
        Fact("asked ClickHouse", Cell(f"{seconds(ago)} ago", Tone.BAD if ago > _UNASKED else Tone.GOOD)),
        Fact("commands", Cell(counts({f"{kind} {result}": times for (kind, result), times in told.items()}))),
        Fact("refused for", Cell(counts(refused), Tone.CAUTION if any(refused.values()) else Tone.PLAIN)),
    )
    return (Facts(facts),)


PANELS = (
    Panel("training runs", (c.RUNS_ACTIVE, c.RUNS, c.STEPS, c.STEP_DURATION, c.EPOCH, c.PROGRESS, c.TIME_REMAINING,
                            c.STEP_TIME), _runs, 3, grows=True, headline=_headline),
    Panel("logged values", (c.VALUE, c.VALUES_NONFINITE), _values, 3, grows=True),
    Panel("training steps", (c.DATA_WAIT, c.STEPS_SKIPPED, c.BATCHES, c.SAMPLES, c.TOKENS, c.STEP_FIRST,
                             c.VALIDATION_DURATION, c.CHECKPOINT_DURATION, c.GUARD_TRIPS, c.COMMANDS), _times, 4,
          summary=lambda view: view.period),
    Panel("GPUs", (c.GPU_UTILIZATION, c.GPU_MEMORY_USAGE, c.GPU_MEMORY_LIMIT, c.GPU_TEMPERATURE, c.GPU_POWER,
                   c.GPU_MEMORY_RESERVED), _gpus, 3 + _FEW),
    Panel("agent of training runs", (c.AGENT_COMMANDS, c.AGENT_POLL_TIME), _agent, 2),
)  # fmt: skip
"""See :mod:`argus_otel.panels`."""
