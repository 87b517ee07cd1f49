"""Training runs as they are: how far, how fast, what they log, and whether anything is wrong with them."""

from __future__ import annotations

from ...board import Board, Row
from ...panels import Column, stat, table, timeseries
from ...queries import average, counted, increase, now, of, or_zero, per, percentiles, prom, rate, share, total
from ...style import BAD, FAULTS, NUMBER, PER_SECOND, SECONDS, SHARE, WARNING, board_link, coloured, steps
from .common import METRIC, MODEL, OF_MODEL, OUTCOME, PHASE, of_outcomes, services

_RUNS = "training_runs_total"
_STEPS = "training_steps_total"
_VALUE = "training_value"
_NAME = f"{{{{{MODEL}}}}}"
_HISTORY = board_link("Its runs", "argus-training-runs", "service=${__data.fields.job:percentencode}")

_LOSSES = f'{METRIC}=~".*loss.*"'
_ACTIVE = f"max({of('training_run_active', OF_MODEL)})"


def _while_active(expression: str) -> str:
    """Return an expression without the runs that have ended: by way of a Collector their series outlive them."""
    kind = f"job, instance, argus_training_framework, {MODEL}"
    return f"{expression} and on ({kind}) {of('training_run_active', OF_MODEL)} > 0"


_NOW = Row(
    "What is trained now?",
    [
        stat(
            "Active runs",
            """Training runs that have not ended, each once, however many processes train it.""",
            prom(total("training_run_active", OF_MODEL), "runs"),
            unit=NUMBER,
            no_value="none",
        ),
        stat(
            "Progress",
            """Which part of its steps the run that is the least far has had; none where the number of steps is not
            known.""",
            prom(f"min({_while_active(of('training_progress', OF_MODEL))})", "done"),
            unit=SHARE,
            no_value="not known",
        ),
        stat(
            "Time left",
            """How long the longest run will go on, by its last hundred steps and its validations.""",
            prom(f"max({_while_active(of('training_time_remaining_seconds', OF_MODEL))})", "left"),
            unit=SECONDS,
            no_value="not known",
        ),
        stat(
            "Since the last progress",
            """How long the run that waits the longest has made no step, batch or validation. Rises while a run hangs; a
            first compilation may take minutes, too.""",
            prom(f"max({_while_active('time() - ' + of('training_step_time_seconds', OF_MODEL))})", "without progress"),
            unit=SECONDS,
            thresholds=steps((120, WARNING), (600, BAD)),
            no_value="no run",
        ),
        stat(
            "Values that are not finite",
            """Logged values in the time range that were infinite or not a number. "What is logged" names them.""",
            now(or_zero(counted("training_values_nonfinite_total"), _ACTIVE), "values"),
            unit=NUMBER,
            decimals=0,
            thresholds=FAULTS,
            no_value="0",
        ),
        stat(
            "Failed runs",
            """Runs that have ended with an exception in the time range.""",
            now(or_zero(counted(_RUNS, OF_MODEL, f'{OUTCOME}="error"'), _ACTIVE), "runs"),
            unit=NUMBER,
            decimals=0,
            thresholds=FAULTS,
            no_value="0",
        ),
        table(
            "Runs by model",
            """What is trained, in the processes that train it. A click leads to the runs of the service.""",
            per(f"sum by (job, instance, argus_training_framework, {MODEL}) ({of('training_run_active', OF_MODEL)})"),
            per(
                f"max by (job, instance, argus_training_framework, {MODEL}) ({of('training_epoch', OF_MODEL)}"
                f" or {of('training_run_active', OF_MODEL)} * 0)"
            ),
            per(rate(_STEPS, OF_MODEL, by=f"job, instance, argus_training_framework, {MODEL}")),
            columns={
                "job": Column("Service", links=[_HISTORY]),
                "instance": Column("Instance"),
                "argus_training_framework": Column("Framework"),
                MODEL: Column("Model"),
                "Value #A": Column("Active", unit="locale", decimals=0),
                "Value #B": Column("Epoch", unit="locale", decimals=0),
                "Value #C": Column("Steps", unit=PER_SECOND, bar=True),
            },
            sort="Active",
            height=6,
            no_value="nothing is trained",
        ),
    ],
)

_SPEED = Row(
    "How fast?",
    [
        timeseries(
            "Steps",
            """Steps of optimizers in each second, by model.""",
            prom(rate(_STEPS, OF_MODEL, by=MODEL), _NAME),
            unit=PER_SECOND,
            width=8,
        ),
        timeseries(
            "Duration of a step",
            """From the end of one step to that of the next, without validations and checkpoints. A device works off a
            queue, so the mean is right, and single steps may look shorter than they are.""",
            prom(average("training_step_duration_seconds", OF_MODEL), "mean"),
            *percentiles("training_step_duration_seconds", OF_MODEL, shares=(0.5, 0.99), exemplars=False),
            unit=SECONDS,
            width=8,
        ),
        timeseries(
            "Share of the time that waits for data",
            """The time from the end of a batch to the beginning of the next one, of the time of all steps. More than
            half: the model starves. More workers of the loader, or data that need less work, help.""",
            prom(
                share(
                    rate("training_data_wait_seconds_sum", OF_MODEL, by=MODEL),
                    rate("training_step_duration_seconds_sum", OF_MODEL, by=MODEL),
                ),
                _NAME,
            ),
            unit=SHARE,
            maximum=1,
            thresholds=steps((0.5, WARNING)),
            width=8,
        ),
        timeseries(
            "First step",
            """From the beginning of a run to the end of its first step: data are prepared and the model is
            compiled.""",
            prom(average("training_step_first_seconds", OF_MODEL, by=MODEL), _NAME),
            unit=SECONDS,
            width=8,
            no_value="no run has begun",
        ),
        timeseries(
            "Validations",
            """The mean duration of validations within runs, by model.""",
            prom(average("training_validation_duration_seconds", OF_MODEL, by=MODEL), _NAME),
            unit=SECONDS,
            width=8,
            no_value="none",
        ),
        timeseries(
            "Checkpoints",
            """The mean time that a checkpoint takes, by model.""",
            prom(average("training_checkpoint_duration_seconds", OF_MODEL, by=MODEL), _NAME),
            unit=SECONDS,
            width=8,
            no_value="none",
        ),
        timeseries(
            "Batches",
            """Batches in each second, by phase. More batches than steps: gradients accumulate.""",
            prom(rate("training_batches_total", OF_MODEL, by=PHASE), f"{{{{{PHASE}}}}}"),
            unit=PER_SECOND,
            width=8,
        ),
        timeseries(
            "Samples and tokens",
            """Samples, and tokens, in each second, where the framework says how many are in a batch.""",
            prom(rate("training_samples_total", OF_MODEL), "samples"),
            prom(rate("training_tokens_total", OF_MODEL), "tokens"),
            unit=PER_SECOND,
            width=8,
            no_value="not known",
        ),
        timeseries(
            "Skipped steps",
            """Steps that a gradient scaler has left out, because a gradient was not finite. A few at the beginning are
            usual; many say that the loss is about to diverge.""",
            prom(increase("training_steps_skipped_total", OF_MODEL, by=MODEL), _NAME),
            unit=NUMBER,
            bars=True,
            calcs=("sum",),
            width=8,
            no_value="none",
        ),
    ],
)

_LOGGED = Row(
    "What is logged?",
    [
        table(
            "Last values",
            """The values that were logged last, NaN and infinities as they are. Curves are in the dashboards of
            history.""",
            per(f"max by (job, instance, {METRIC}, {PHASE}) ({of(_VALUE)})"),
            columns={
                "job": Column("Service", links=[_HISTORY]),
                "instance": Column("Instance"),
                METRIC: Column("Value"),
                PHASE: Column("Phase"),
                "Value": Column("Last"),
            },
            sort="Value",
            ascending=True,
            width=8,
            no_value="nothing is logged",
        ),
        timeseries(
            "Losses",
            """The last logged values whose names have loss in them, by name and phase. A gauge has one value at a time:
            for every step, see the curves.""",
            prom(
                f"max by ({METRIC}, {PHASE}) ({of(_VALUE, f'{METRIC}=~{chr(34)}.*loss.*{chr(34)}')})",
                f"{{{{{METRIC}}}}} {{{{{PHASE}}}}}",
            ),
            unit=NUMBER,
            minimum=None,
            calcs=("min", "lastNotNull"),
            width=8,
            no_value="no loss is logged",
        ),
        timeseries(
            "Not finite",
            """Logged values that were infinite or not a number, by name.""",
            prom(
                increase("training_values_nonfinite_total", by=f"{METRIC}, argus_training_nonfinite"),
                f"{{{{{METRIC}}}}} {{{{argus_training_nonfinite}}}}",
            ),
            unit=NUMBER,
            bars=True,
            stacked=True,
            calcs=("sum",),
            width=8,
            no_value="none",
        ),
    ],
)

_ENDS = Row(
    "How do runs end?",
    [
        timeseries(
            "Ended runs, by outcome",
            """Runs that have ended. A run that was killed shows none: `argus-otel training lost` finds it.""",
            prom(increase(_RUNS, OF_MODEL, by=OUTCOME), f"{{{{{OUTCOME}}}}}"),
            unit=NUMBER,
            bars=True,
            stacked=True,
            calcs=("sum",),
            overrides=of_outcomes(),
            no_value="none has ended",
        ),
        timeseries(
            "What the guard noticed",
            """How often a rule of ARGUS_TRAINING_GUARD has noticed something: losses that are not finite, or that grow;
            runs that stand still. The event training.guard, or training.stall with the stack, has more.""",
            prom(increase("training_guard_trips_total", by="argus_training_rule"), "{{argus_training_rule}}"),
            unit=NUMBER,
            bars=True,
            stacked=True,
            calcs=("sum",),
            no_value="nothing",
        ),
        timeseries(
            "Commands",
            """Commands to runs, such as to stop, and what came of them.""",
            prom(
                increase("training_commands_total", by="argus_training_command, argus_training_command_result"),
                "{{argus_training_command}} {{argus_training_command_result}}",
            ),
            unit=NUMBER,
            bars=True,
            stacked=True,
            calcs=("sum",),
            no_value="none",
        ),
        timeseries(
            "Exceptions that ended runs",
            """Failed runs by model and the class of the exception.""",
            prom(increase(_RUNS, OF_MODEL, 'error_type!=""', by=f"{MODEL}, error_type"), f"{_NAME} {{{{error_type}}}}"),
            unit=NUMBER,
            bars=True,
            stacked=True,
            calcs=("sum",),
            overrides=[coloured("error", BAD)],
            no_value="none",
        ),
    ],
)

_COMMAND = "job, argus_training_command, argus_training_command_result, argus_training_agent_refusal"

_AGENTS = Row(
    "What do agents do?",
    [
        table(
            "Agents",
            """How long ago each agent has asked ClickHouse for commands, and got an answer. More than some seconds: the
            store does not answer, or refuses it.""",
            per(f"time() - max by (job, instance) ({of('training_agent_poll_time_seconds')})"),
            columns={
                "job": Column("Agent"),
                "instance": Column("Instance"),
                "Value": Column("Asked", unit=SECONDS, thresholds=steps((60, BAD))),
            },
            sort="Asked",
            width=8,
            height=6,
            no_value="no agent",
        ),
        table(
            "What agents were asked for",
            """Commands of people elsewhere in the time range, what has come of them, and why some were refused.""",
            per(f"{counted('training_agent_commands_total', by=_COMMAND)} > 0"),
            columns={
                "job": Column("Agent"),
                "argus_training_command": Column("Command"),
                "argus_training_command_result": Column("Result"),
                "argus_training_agent_refusal": Column("Refused for"),
                "Value": Column("Times", unit="locale", decimals=0, bar=True),
            },
            sort="Times",
            width=16,
            height=6,
            no_value="nothing",
        ),
    ],
)

BOARD = Board(
    uid="argus-training",
    title="Training: now",
    description="Training runs as they are: how far, how fast, what they log, and whether anything is wrong with them.",
    variables=services(),
    rows=[_NOW, _SPEED, _LOGGED, _ENDS, _AGENTS],
)
