"""A loopback Discord, REST API v10, gateway and voice, to hold a bot or its telemetry against.

Start with :class:`Simulator` (or :class:`BackgroundSimulator`), point the bot at it with :func:`redirect`, make users
act with the simulator's methods, and read what really happened in its :class:`Ledger`.
"""

from __future__ import annotations

from discord_simulator.background import BackgroundSimulator
from discord_simulator.errors import NotConnectedError, SimulatorError, UnknownComponentError
from discord_simulator.faults import (
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
from discord_simulator.handles import Acknowledgement, InteractionHandle, MessageHandle
from discord_simulator.ledger import (
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
from discord_simulator.load import DEFAULT_MIX, Load, LoadReport, Operation
from discord_simulator.messages import Component, Message
from discord_simulator.ratelimits import RateLimit, RateLimits
from discord_simulator.redirect import Redirect, hurry, redirect
from discord_simulator.server import DEFAULT_TOKEN, Simulator
from discord_simulator.summary import Summary
from discord_simulator.voice.ledger import (
    SpeakingEntry,
    VoiceCloseEntry,
    VoiceHeartbeatEntry,
    VoiceLedger,
    VoiceSessionEntry,
)
from discord_simulator.world import Channel, Guild, Member, Role, User, World

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
