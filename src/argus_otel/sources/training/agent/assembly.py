"""Puts the parts of an agent together. Its import places the source, which records what the agent does."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from argus_otel.sources.training.control import losing
from argus_otel.sources.training.control.directory import ControlDirectory
from argus_otel.sources.training.control.keeping import tell_lost
from argus_otel.sources.training.history.commands import open_commands
from argus_otel.sources.training.settings import TrainingSettings

from .actions import Actions
from .agent import HEARTBEAT, Agent, name_of
from .health import AgentHealth

if TYPE_CHECKING:
    from argus_otel.settings import Settings
    from argus_otel.telemetry import Telemetry

    from .agent_file import AgentConfig
    from .journal import Journal

_OUTPUTS = "outputs"


class NoControlError(Exception):
    """There is no control directory. The message says what to do."""


def control_of(settings: Settings) -> ControlDirectory:
    """Return the control directory that the settings name.

    Raises
    ------
    NoControlError
        They name none.
    """
    path = settings[TrainingSettings].control
    if not path:
        raise NoControlError("ARGUS_CONTROL names no directory, and an agent knows runs by it alone; set it, or HOME")
    return ControlDirectory(path)


def assembled(config: AgentConfig, journal: Journal, settings: Settings, telemetry: Telemetry) -> Agent:
    """Return an agent. Its journal is open.

    Raises
    ------
    NoControlError
        The settings name no control directory.
    """
    directory = control_of(settings)
    outputs = config.state / _OUTPUTS
    outputs.mkdir(mode=0o700, exist_ok=True)
    return Agent(
        config,
        partial(open_commands, settings.history_store),
        journal,
        Actions(directory, outputs),
        AgentHealth(telemetry, name_of(config.host), tuple(config.recipes), 3 * config.interval + HEARTBEAT),
        telemetry.guard,
        partial(_record_lost, directory, telemetry),
    )


def _record_lost(directory: ControlDirectory, telemetry: Telemetry) -> None:
    if directory.check() is None:
        losing.record_lost(directory, directory.runs(), partial(tell_lost, telemetry))
