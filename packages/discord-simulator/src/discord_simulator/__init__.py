"""A loopback Discord, REST API v10, gateway and voice, to test a bot or its telemetry against.

Start with :class:`Simulator` (or :class:`BackgroundSimulator`), redirect the bot with :func:`redirect`, make users act
with the simulator's methods, and read the traffic that crossed the wire in its :class:`Ledger`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .background import BackgroundSimulator
    from .entries import (
        ACKNOWLEDGEMENT_DEADLINE,
        CloseEntry,
        CommandEntry,
        GuildEntry,
        HeartbeatEntry,
        InteractionEntry,
        RestEntry,
        SessionEntry,
    )
    from .errors import NotConnectedError, SimulatorError, UnknownComponentError
    from .faults import (
        Drip,
        Fault,
        Faults,
        Malformed,
        RateLimited,
        Refused,
        Reply,
        Reset,
        ServerError,
        Slow,
        Truncated,
    )
    from .handles import Acknowledgement, InteractionHandle, MessageHandle
    from .ledger import Ledger
    from .load import DEFAULT_MIX, Load, LoadReport, Operation
    from .messages import Component, Message
    from .ratelimits import RateLimit, RateLimits
    from .redirection import Redirect, hurry, redirect
    from .server import DEFAULT_TOKEN, Simulator
    from .summary import Summary
    from .voice.entries import SpeakingEntry, VoiceCloseEntry, VoiceHeartbeatEntry, VoiceSessionEntry
    from .voice.ledger import VoiceLedger
    from .world import Channel, Guild, Member, Role, User, World

__version__ = "0.1.0"

__all__ = [
    "__version__",
    # the simulator
    "Simulator",
    "BackgroundSimulator",
    "DEFAULT_TOKEN",
    # redirecting a bot to it
    "redirect",
    "Redirect",
    "hurry",
    # handles
    "InteractionHandle",
    "Acknowledgement",
    "MessageHandle",
    "Message",
    "Component",
    # a crowd
    "Load",
    "LoadReport",
    "Operation",
    "DEFAULT_MIX",
    # faults and limits
    "Faults",
    "Fault",
    "RateLimited",
    "Refused",
    "ServerError",
    "Reset",
    "Slow",
    "Malformed",
    "Reply",
    "Truncated",
    "Drip",
    "RateLimits",
    "RateLimit",
    # records
    "Ledger",
    "RestEntry",
    "InteractionEntry",
    "SessionEntry",
    "CloseEntry",
    "HeartbeatEntry",
    "CommandEntry",
    "VoiceLedger",
    "VoiceSessionEntry",
    "VoiceCloseEntry",
    "VoiceHeartbeatEntry",
    "SpeakingEntry",
    "GuildEntry",
    "Summary",
    "ACKNOWLEDGEMENT_DEADLINE",
    # the world
    "World",
    "Guild",
    "Channel",
    "Member",
    "User",
    "Role",
    # errors
    "SimulatorError",
    "NotConnectedError",
    "UnknownComponentError",
]

# Each name is imported at its first use: every Python process that OpenTelemetry's loader starts imports this package,
# and only the process with the simulator has a use for a web server.
_EXPORTS = {
    ".background": ("BackgroundSimulator",),
    ".errors": ("NotConnectedError", "SimulatorError", "UnknownComponentError"),
    ".faults": (
        "Drip",
        "Fault",
        "Faults",
        "Malformed",
        "RateLimited",
        "Refused",
        "Reply",
        "Reset",
        "ServerError",
        "Slow",
        "Truncated",
    ),
    ".handles": ("Acknowledgement", "InteractionHandle", "MessageHandle"),
    ".entries": (
        "ACKNOWLEDGEMENT_DEADLINE",
        "CloseEntry",
        "CommandEntry",
        "GuildEntry",
        "HeartbeatEntry",
        "InteractionEntry",
        "RestEntry",
        "SessionEntry",
    ),
    ".ledger": ("Ledger",),
    ".load": ("DEFAULT_MIX", "Load", "LoadReport", "Operation"),
    ".messages": ("Component", "Message"),
    ".ratelimits": ("RateLimit", "RateLimits"),
    ".redirection": ("Redirect", "hurry", "redirect"),
    ".server": ("DEFAULT_TOKEN", "Simulator"),
    ".summary": ("Summary",),
    ".voice.entries": ("SpeakingEntry", "VoiceCloseEntry", "VoiceHeartbeatEntry", "VoiceSessionEntry"),
    ".voice.ledger": ("VoiceLedger",),
    ".world": ("Channel", "Guild", "Member", "Role", "User", "World"),
}
_MODULES = {name: module for module, names in _EXPORTS.items() for name in names}


def __getattr__(name: str) -> Any:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(module, __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
