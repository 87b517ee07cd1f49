"""A loopback Discord, REST API v10, gateway and voice, to hold a bot or its telemetry against.

Start with :class:`Simulator` (or :class:`BackgroundSimulator`), point the bot at it with :func:`redirect`, make users
act with the simulator's methods, and read what really happened in its :class:`Ledger`.
"""

from __future__ import annotations

try:
    import aiohttp as _aiohttp
except ImportError as error:
    raise ImportError("argus_otel.simulator needs aiohttp: pip install 'argus-otel[demo]'") from error

from argus_otel.simulator.background import BackgroundSimulator
from argus_otel.simulator.errors import NotConnectedError, SimulatorError, UnknownComponentError
from argus_otel.simulator.faults import (
    Drip,
    Fault,
    Faults,
    Malformed,
    RateLimited,
    Reply,
    Reset,
    ServerError,
    Slow,
    Truncated,
)
from argus_otel.simulator.handles import Acknowledgement, InteractionHandle, MessageHandle
from argus_otel.simulator.ledger import (
    ACKNOWLEDGEMENT_DEADLINE,
    CloseEntry,
    CommandEntry,
    GuildEntry,
    HeartbeatEntry,
    InteractionEntry,
    Ledger,
    RestEntry,
    SessionEntry,
)
from argus_otel.simulator.load import DEFAULT_MIX, Load, LoadReport, Operation
from argus_otel.simulator.messages import Component, Message
from argus_otel.simulator.ratelimits import RateLimit, RateLimits
from argus_otel.simulator.redirect import Redirect, hurry, redirect
from argus_otel.simulator.server import DEFAULT_TOKEN, Simulator
from argus_otel.simulator.summary import Summary
from argus_otel.simulator.voice.ledger import (
    SpeakingEntry,
    VoiceCloseEntry,
    VoiceHeartbeatEntry,
    VoiceLedger,
    VoiceSessionEntry,
)
from argus_otel.simulator.world import Channel, Guild, Member, Role, User, World

__all__ = [
    # the simulator
    "Simulator",
    "BackgroundSimulator",
    "DEFAULT_TOKEN",
    # pointing a bot at it
    "redirect",
    "Redirect",
    "hurry",
    # what driving returns
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
    # what goes wrong
    "Faults",
    "Fault",
    "RateLimited",
    "ServerError",
    "Reset",
    "Slow",
    "Malformed",
    "Reply",
    "Truncated",
    "Drip",
    "RateLimits",
    "RateLimit",
    # what happened
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

del _aiohttp
