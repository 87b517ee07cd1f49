"""The settings of training runs."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from argus_otel.settings import Setting, Table
from argus_otel.settings.parsers import boolean, one_of, optional

if TYPE_CHECKING:
    from argus_otel.settings.resolution import Resolution


def _run_id(text: str) -> str:
    return str(UUID(text))


def _number(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError(text)
    return number


def _directory(text: str) -> str:
    return "" if text.lower() in ("false", "0", "no", "off") else text


def _at_home(resolution: Resolution, directory: str | None) -> str | None:
    """Return the directory of a user whose home is known; the environment of a test has none."""
    home = resolution.variable("HOME")
    if directory is None:
        return f"{home}/.argus/control" if home else None
    return directory


class TrainingSettings(Table):
    """Settings of training runs."""

    source = "training"

    run = Setting(
        "ARGUS_TRAINING_RUN",
        parse=_run_id,
        default="",
        right="the id of a run, a UUID: `argus-otel training list` shows them",
        help="The run that the program's first training goes on with, as its next attempt; by default, a new one.",
        type="str",
    )
    group = Setting(
        "ARGUS_TRAINING_GROUP",
        parse=optional,
        default=None,
        right="a name",
        help="What the runs of the program belong to, such as a sweep.",
        type="str | None",
    )
    guard = Setting(
        "ARGUS_TRAINING_GUARD",
        parse=one_of("warn", "stop", "off"),
        default="warn",
        right="warn, stop or off",
        help="What is done when a loss is NaN or infinite three times in a row, or has grown far above its best: "
        "`warn`, or `stop`, which asks the run to end. A run that stands still is warned of, and never stopped.",
        type="str",
    )
    torch = Setting(
        "ARGUS_TRAINING_TORCH",
        parse=boolean,
        default=False,
        right="true or false",
        help="Whether steps of torch's optimizers in loops of the program's own are a run, from the first one on. Off "
        "by default, since many such loops have several optimizers.",
        type="bool",
    )
    rank = Setting(
        "RANK",
        parse=_number,
        default=0,
        right="a whole number, 0 or more",
        help="The number of the process among those that train together; launchers such as torchrun set it.",
        type="int",
    )
    world_size = Setting(
        "WORLD_SIZE",
        parse=_number,
        default=1,
        right="a whole number",
        help="How many processes train together; launchers such as torchrun set it.",
        type="int",
    )
    control = Setting(
        "ARGUS_CONTROL",
        parse=_directory,
        default=None,
        right="a directory of this user's own, or false",
        help="The directory in which runs tell of themselves and are told to stop, for `argus-otel training list`, "
        "`stop` and `rerun`. It is made for this user only; one that others may write to is refused. `false` for none.",
        type="str | None",
        default_help="`~/.argus/control`",
        derive=_at_home,
    )
    restarts = Setting(
        "TORCHELASTIC_RESTART_COUNT",
        "SLURM_RESTART_COUNT",
        parse=_number,
        default=0,
        right="a whole number, 0 or more",
        help="How often a launcher has started the program again; torchrun and Slurm set it. It numbers the attempt of "
        "a run that is resumed, where the control directory does not know a later one.",
        type="int",
    )
