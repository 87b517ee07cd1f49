"""The signals of training runs. No other file spells their names, units, boundaries and attributes."""

from __future__ import annotations

from argus_otel.telemetry import Catalogue, Event, InstrumentKind, Metric, Severity, Span, SpanKind

from . import attributes as a

# -- boundaries, in seconds

_STEPS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 180.0, 600.0)
_FIRST = (0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0)
_PHASES = (0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0, 1800.0, 3600.0)

_VALUES = 250
"""How many values are told apart. With a limit, our readers make the points: the SDK leaves out what is not finite."""

_KIND = (a.FRAMEWORK, a.MODEL)
_IN_PHASE = (*_KIND, a.PHASE)

# -- runs

RUNS_ACTIVE = Metric(
    "training.run.active", InstrumentKind.UP_DOWN_COUNTER, "{run}", "Training runs that have not ended.", _KIND
)
RUNS = Metric(
    "training.runs",
    InstrumentKind.COUNTER,
    "{run}",
    "Training runs that have ended, and how.",
    (*_KIND, a.OUTCOME, a.ERROR_TYPE),
)
EPOCH = Metric("training.epoch", InstrumentKind.GAUGE, "{epoch}", "The epoch that a run is in, from 0 on.", _KIND)
PROGRESS = Metric(
    "training.progress",
    InstrumentKind.GAUGE,
    "{part}",
    "Which part of its steps a run has had, from 0 to 1; absent if their number is not known.",
    _KIND,
)
TIME_REMAINING = Metric(
    "training.time.remaining",
    InstrumentKind.GAUGE,
    "s",
    "How long a run will go on, by its last hundred steps and its validations; absent if its end is not known.",
    _KIND,
)
STEP_TIME = Metric(
    "training.step.time",
    InstrumentKind.GAUGE,
    "s",
    "When a run last made progress, in any phase: seconds since 1970. `time()` less this is how long it stalls.",
    _KIND,
)

# -- steps

STEPS = Metric("training.steps", InstrumentKind.COUNTER, "{step}", "Steps of optimizers.", _KIND)
STEPS_SKIPPED = Metric(
    "training.steps.skipped",
    InstrumentKind.COUNTER,
    "{step}",
    "Steps that a gradient scaler has left out, because a gradient was not finite.",
    _KIND,
)
BATCHES = Metric("training.batches", InstrumentKind.COUNTER, "{batch}", "Batches.", _IN_PHASE)
SAMPLES = Metric("training.samples", InstrumentKind.COUNTER, "{sample}", "Samples, where they are known.", _IN_PHASE)
TOKENS = Metric("training.tokens", InstrumentKind.COUNTER, "{token}", "Tokens, where they are known.", _IN_PHASE)
STEP_DURATION = Metric(
    "training.step.duration",
    InstrumentKind.HISTOGRAM,
    "s",
    "From the end of one step to that of the next, by the host's clock, without validations and checkpoints. A device "
    "works off a queue, so single steps may look shorter than they are; their mean is right.",
    _KIND,
    _STEPS,
)
STEP_FIRST = Metric(
    "training.step.first",
    InstrumentKind.HISTOGRAM,
    "s",
    "From the beginning of a run to the end of its first step: data are prepared and the model is compiled.",
    _KIND,
    _FIRST,
)
DATA_WAIT = Metric(
    "training.data.wait",
    InstrumentKind.HISTOGRAM,
    "s",
    "From the end of a batch to the beginning of the next: the model waits for data.",
    _KIND,
    _STEPS,
)
VALIDATION_DURATION = Metric(
    "training.validation.duration", InstrumentKind.HISTOGRAM, "s", "Validations within a run.", _KIND, _PHASES
)
CHECKPOINT_DURATION = Metric(
    "training.checkpoint.duration", InstrumentKind.HISTOGRAM, "s", "Checkpoints within a run.", _KIND, _PHASES
)

# -- values

VALUE = Metric(
    "training.value",
    InstrumentKind.GAUGE,
    "{value}",
    "The value that was logged last, infinite or not a number as it was.",
    (a.METRIC, a.PHASE),
    series_limit=_VALUES,
    finite=False,
)
VALUES_NONFINITE = Metric(
    "training.values.nonfinite",
    InstrumentKind.COUNTER,
    "{value}",
    "Logged values that are infinite or not a number.",
    (a.METRIC, a.NONFINITE),
)

# -- the guard

GUARD_TRIPS = Metric(
    "training.guard.trips",
    InstrumentKind.COUNTER,
    "{trip}",
    "How often a rule of the guard has noticed something, at most once a rule and run; each stall counts.",
    (a.RULE, a.ACTION),
)

# -- the GPUs of this process; the names and meanings are those of OpenTelemetry's conventions

_OF_DEVICE = (a.DEVICE, a.DEVICE_TYPE)

GPU_UTILIZATION = Metric(
    "hw.gpu.utilization",
    InstrumentKind.GAUGE,
    "{part}",
    "For which part of the last moments the GPU computed anything, from 0 to 1.",
    _OF_DEVICE,
)
GPU_MEMORY_USAGE = Metric(
    "hw.gpu.memory.usage",
    InstrumentKind.UP_DOWN_COUNTER,
    "By",
    "The GPU's memory that is in use, also by other processes.",
    _OF_DEVICE,
)
GPU_MEMORY_LIMIT = Metric(
    "hw.gpu.memory.limit", InstrumentKind.UP_DOWN_COUNTER, "By", "How much memory the GPU has.", _OF_DEVICE
)
GPU_TEMPERATURE = Metric("hw.temperature", InstrumentKind.GAUGE, "Cel", "The temperature of the GPU.", _OF_DEVICE)
GPU_POWER = Metric("hw.power", InstrumentKind.GAUGE, "W", "The electric power that the GPU draws.", _OF_DEVICE)
GPU_MEMORY_ALLOCATED = Metric(
    "training.gpu.memory.allocated",
    InstrumentKind.GAUGE,
    "By",
    "The memory of torch's tensors on the GPU, by torch's own count.",
    (a.DEVICE,),
)
GPU_MEMORY_RESERVED = Metric(
    "training.gpu.memory.reserved",
    InstrumentKind.GAUGE,
    "By",
    "The GPU's memory that torch holds, for tensors and to use again.",
    (a.DEVICE,),
)

# -- commands

COMMANDS = Metric(
    "training.commands",
    InstrumentKind.COUNTER,
    "{command}",
    "Commands to runs, such as to stop, and what came of them.",
    (a.COMMAND, a.RESULT),
)

# -- the agent

AGENT_COMMANDS = Metric(
    "training.agent.commands",
    InstrumentKind.COUNTER,
    "{command}",
    "Commands that an agent was given through ClickHouse, once each, with what has come of them.",
    (a.COMMAND, a.RESULT, a.AGENT_REFUSAL),
)
AGENT_POLL_TIME = Metric(
    "training.agent.poll.time",
    InstrumentKind.GAUGE,
    "s",
    "When an agent has last asked ClickHouse for commands, and got an answer: seconds since 1970.",
)

# -- spans; never one a step

_OF_RUN = (
    a.RUN.name, a.ATTEMPT.name, a.NAME.name, a.GROUP.name, a.PARENT.name, a.FRAMEWORK.name, a.MODEL.name,
)  # fmt: skip

RUN_SPAN = Span(
    "training {argus.training.run.name}",
    SpanKind.INTERNAL,
    "A training run, from its beginning to its end.",
    (*_OF_RUN, a.STEP.name, a.EPOCH.name, a.OUTCOME.name, a.ERROR_TYPE.name),
    raises=False,
)
EPOCH_SPAN = Span(
    "epoch {argus.training.epoch}",
    SpanKind.INTERNAL,
    "An epoch of a training run. After a thousand, one in ten.",
    (a.RUN.name, a.EPOCH.name, a.STEP.name),
    raises=False,
)
VALIDATION_SPAN = Span(
    "validation", SpanKind.INTERNAL, "A validation within a training run.", (a.RUN.name, a.STEP.name), raises=False
)
CHECKPOINT_SPAN = Span(
    "checkpoint", SpanKind.INTERNAL, "A checkpoint within a training run.", (a.RUN.name, a.STEP.name), raises=False
)

# -- events; those of a run are rows of its history too

STARTED = Event(
    "training.run.start",
    "A training run has begun.",
    (*_OF_RUN, a.WORLD_SIZE.name, a.TOTAL_STEPS.name, a.TOTAL_EPOCHS.name,
     a.FRAMEWORK_VERSION.name, a.PARAMETERS.name, a.CONFIG.name, a.ARGV.name, a.COMMIT.name),
)  # fmt: skip
RESUMED = Event(
    "training.run.resume",
    "A training run goes on at a step that an earlier one has reached.",
    (*_OF_RUN, a.STEP.name, a.EPOCH.name),
)
ENDED = Event(
    "training.run.end",
    "A training run has ended.",
    (*_OF_RUN, a.STEP.name, a.EPOCH.name, a.OUTCOME.name, a.ERROR_TYPE.name),
)
EPOCH_ENDED = Event("training.epoch", "An epoch has ended.", (a.RUN.name, a.ATTEMPT.name, a.EPOCH.name, a.STEP.name))
VALIDATED = Event("training.validation", "A validation has ended.", (a.RUN.name, a.ATTEMPT.name, a.STEP.name))
SAVED = Event(
    "training.checkpoint",
    "A checkpoint, or an artifact, has been written.",
    (a.RUN.name, a.ATTEMPT.name, a.STEP.name, a.PATH.name, a.SIZE.name, a.DIGEST.name),
)
NOT_FINITE = Event(
    "training.nonfinite",
    "A value of this name was infinite or not a number for the first time.",
    (a.RUN.name, a.ATTEMPT.name, a.STEP.name, a.METRIC.name, a.NONFINITE.name),
    severity=Severity.WARN,
)
LOST = Event(
    "training.run.lost",
    "A training run was found whose process has ended without an end of the run. Its time is that of the last progress "
    "in history, and that of the finding in logs.",
    (a.RUN.name, a.ATTEMPT.name, a.NAME.name, a.GROUP.name, a.FRAMEWORK.name, a.MODEL.name, a.STEP.name,
     a.PROGRESS_AT.name),
    severity=Severity.WARN,
)  # fmt: skip
COMMANDED = Event(
    "training.command",
    "A run was asked for something, such as to stop, and has answered.",
    (a.RUN.name, a.ATTEMPT.name, a.COMMAND.name, a.RESULT.name, a.ASKED_BY.name, a.STEP.name),
)

GUARDED = Event(
    "training.guard",
    "A rule of the guard has noticed something in the values that a run logs; once a rule and run.",
    (a.RUN.name, a.ATTEMPT.name, a.STEP.name, a.PHASE.name, a.METRIC.name, a.RULE.name, a.ACTION.name),
    severity=Severity.WARN,
)
STALLED = Event(
    "training.stall",
    "A run has made no progress for long, and is in the code that the stack shows.",
    (a.RUN.name, a.ATTEMPT.name, a.RANK.name, a.STEP.name, a.STALLED.name, a.STACK.name, a.THREAD.name),
    severity=Severity.WARN,
)

# -- in history only

POINTS_ROW = Event(
    "training.points",
    "The values that were logged at some steps in a row: `argus.training.step` and the like are lists.",
    (a.RUN.name, a.ATTEMPT.name, a.RANK.name, a.PHASE.name, a.STEP.name, a.EPOCH.name, a.OFFSETS.name, a.NAMES.name,
     a.VALUES.name),
)  # fmt: skip

CATALOGUE = Catalogue(
    "training",
    metrics=(
        RUNS_ACTIVE, RUNS, EPOCH, PROGRESS, TIME_REMAINING, STEP_TIME, STEPS, STEPS_SKIPPED, BATCHES, SAMPLES, TOKENS,
        STEP_DURATION, STEP_FIRST, DATA_WAIT, VALIDATION_DURATION, CHECKPOINT_DURATION, VALUE, VALUES_NONFINITE,
        GUARD_TRIPS, GPU_UTILIZATION, GPU_MEMORY_USAGE, GPU_MEMORY_LIMIT, GPU_TEMPERATURE, GPU_POWER,
        GPU_MEMORY_ALLOCATED, GPU_MEMORY_RESERVED, COMMANDS, AGENT_COMMANDS, AGENT_POLL_TIME,
    ),
    spans=(RUN_SPAN, EPOCH_SPAN, VALIDATION_SPAN, CHECKPOINT_SPAN),
    events=(
        STARTED, RESUMED, ENDED, EPOCH_ENDED, VALIDATED, SAVED, NOT_FINITE, GUARDED, STALLED, LOST, COMMANDED,
        POINTS_ROW,
    ),
    span_attributes=(
        a.RUN, a.ATTEMPT, a.NAME, a.PARENT, a.GROUP, a.RANK, a.WORLD_SIZE, a.STEP, a.EPOCH, a.TOTAL_STEPS,
        a.TOTAL_EPOCHS, a.OFFSETS, a.NAMES, a.VALUES,
        a.FRAMEWORK_VERSION, a.PARAMETERS, a.CONFIG, a.ARGV, a.COMMIT, a.PATH,
        a.SIZE, a.DIGEST, a.PROGRESS_AT, a.ASKED_BY,
        a.STALLED, a.STACK, a.THREAD,
    ),
)  # fmt: skip
