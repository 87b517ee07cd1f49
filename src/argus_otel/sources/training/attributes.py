"""The attributes of training runs."""

from __future__ import annotations

from argus_otel.telemetry import Attribute, SpanAttribute

from .outcomes import Action, Outcome, Rule

FRAMEWORK = Attribute(
    "argus.training.framework",
    "What runs it; `loop` is one of the program's own, by `argus_otel.training`.",
    values=("lightning", "keras", "transformers", "torch", "loop"),
)
MODEL = Attribute(
    "argus.training.model", "The class of the model; absent if it is not known.", cardinality_limit=20,
    examples=("ResNet",),
)  # fmt: skip
PHASE = Attribute(
    "argus.training.phase",
    "`train`; `validation`; `test`; `sanity`: what Lightning tries before it trains.",
    values=("train", "validation", "test", "sanity"),
)
METRIC = Attribute(
    "argus.training.metric", "The name under which a value is logged.", cardinality_limit=50, examples=("loss",)
)
NONFINITE = Attribute("argus.training.nonfinite", "`nan`, or `inf` of either sign.", values=("nan", "inf"))
OUTCOME = Attribute(
    "argus.training.outcome",
    "`ok`; `stopped`: by a command, or by the program's own wish; `guarded`: by a rule of `ARGUS_TRAINING_GUARD`; "
    "`interrupted`: by Ctrl-C or a signal; `error`.",
    values=tuple(each.value for each in Outcome),
)
ERROR_TYPE = Attribute(
    "error.type", "The exception that ended it; absent without.", cardinality_limit=100, examples=("ValueError",)
)
RULE = Attribute(
    "argus.training.rule",
    "`nonfinite`: a loss was infinite or not a number several times in a row; `divergence`: a loss has grown far above "
    "its best; `stall`: no progress for long.",
    values=tuple(each.value for each in Rule),
)
ACTION = Attribute(
    "argus.training.action",
    "`warn`; `stop`: the run is asked to end, as `ARGUS_TRAINING_GUARD=stop` says. A stall never ends one.",
    values=tuple(each.value for each in Action),
)
DEVICE = Attribute(
    "hw.id", "The UUID of the GPU, or of the part of one that MIG makes.", cardinality_limit=64,
    examples=("GPU-8932f937-d72c-4106-c12f-20bd9faed9f6",),
)  # fmt: skip
DEVICE_TYPE = Attribute("hw.type", "The kind of device.", values=("gpu",))
COMMAND = Attribute(
    "argus.training.command",
    "`stop`; `rerun`; `unknown`: what is asked for cannot be read.",
    values=("stop", "rerun", "unknown"),
)
RESULT = Attribute(
    "argus.training.command.result",
    "`accepted`: the run does it soon; `done`; `refused`; `expired`: it was asked for too long ago.",
    values=("accepted", "done", "refused", "expired"),
)

# -- of the agent, beside those of commands

AGENT_REFUSAL = Attribute(
    "argus.training.agent.refusal",
    "Why it is refused; absent if it is not. `host`: it names another agent; `early`: it is older than the agent's "
    "journal; `replay`: its id was used before; `lifetime`: it holds too long; `signature`; `user`: its issuer is not "
    "listed; `kind`; `run`: there is no such run, or in another state; `recipe`; `arguments`; `off`; `limit`: of runs "
    "at once; `control`: the control directory; `failed`: it was tried.",
    values=(
        "host", "early", "replay", "lifetime", "signature", "user", "kind", "run", "recipe", "arguments", "off",
        "limit", "control", "failed",
    ),
)  # fmt: skip

# -- on spans, events and rows only

RUN = SpanAttribute("argus.training.run.id", "The run's id, a UUID; the same in each of its attempts.", ("5f0c7c52-…",))
ATTEMPT = SpanAttribute("argus.training.run.attempt", "1; one more each time that it is resumed.", (1,))
NAME = SpanAttribute("argus.training.run.name", "The run's name.", ("baseline",))
PARENT = SpanAttribute("argus.training.run.parent", "The id of the run that it is a part of.", ("5f0c7c52-…",))
GROUP = SpanAttribute("argus.training.run.group", "What it belongs to, such as a sweep.", ("sweep-7",))
RANK = SpanAttribute("argus.training.rank", "The number of the process among those that train together.", (0,))
WORLD_SIZE = SpanAttribute("argus.training.world_size", "How many processes train together.", (4,))
STEP = SpanAttribute("argus.training.step", "How many steps of optimizers it has had.", (1200,))
EPOCH = SpanAttribute(
    "argus.training.epoch", "The epoch, from 0 on; a part of one where a value is logged in it.", (3.0,)
)
TOTAL_STEPS = SpanAttribute("argus.training.total_steps", "How many steps it will have, if that is known.", (10_000,))
TOTAL_EPOCHS = SpanAttribute("argus.training.total_epochs", "How many epochs it will have, if known.", (10,))
OFFSETS = SpanAttribute(
    "argus.training.offsets", "How long after the row's time each of its steps was logged, in µs.", ("0,1200",)
)
NAMES = SpanAttribute("argus.training.names", "The names of the logged values, separated by commas.", ("loss,lr",))
VALUES = SpanAttribute(
    "argus.training.values",
    "The logged values of each step, in the order of their names; `nan`, `inf` and `-inf` too.",
    ("0.5,nan",),
)
FRAMEWORK_VERSION = SpanAttribute("argus.training.framework.version", "The framework's version.", ("2.6.6",))
PARAMETERS = SpanAttribute("argus.training.parameters", "How many numbers the model learns.", (11_689_512,))
CONFIG = SpanAttribute("argus.training.config", "What the run was given, as JSON, without secrets.", ('{"lr": 0.1}',))
ARGV = SpanAttribute("argus.training.argv", "The program's arguments, without secrets.", ("train.py --lr 0.1",))
COMMIT = SpanAttribute("vcs.ref.head.revision", "The commit that is checked out.", ("9f3c2d1…",))
PATH = SpanAttribute("argus.training.path", "Where a checkpoint or an artifact was written.", ("out/last.ckpt",))
SIZE = SpanAttribute("argus.training.size", "Its size in bytes.", (1_048_576,))
DIGEST = SpanAttribute("argus.training.sha256", "Its SHA-256, in hexadecimal digits.", ("9f86d081884c7d65…",))
STALLED = SpanAttribute("argus.training.stalled", "How long it had made no progress, in seconds.", (61.5,))
STACK = SpanAttribute(
    "code.stacktrace", "The stack of the thread that trains, as in a traceback, without values.",
    ('File "train.py", line 12',),
)  # fmt: skip
THREAD = SpanAttribute("thread.name", "The thread that trains.", ("MainThread",))
PROGRESS_AT = SpanAttribute(
    "argus.training.progress.time", "When it last made progress: seconds since 1970.", (1_796_083_200.5,)
)
ASKED_BY = SpanAttribute("argus.training.command.by", "Who asked for it, as they said.", ("alice@gpu-1",))
