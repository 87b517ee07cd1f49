"""One row of history: what is stored of one thing that happened.

The columns are the contract between whoever records (the bot), whoever carries (this package, or a Collector, which
knows the same facts as attributes of a log record) and whoever stores and asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

INBOX = "history_inbox"
"""The table that rows are inserted into. It keeps nothing: views on it pass on what is not stored yet."""

ID_ATTRIBUTE = "argus.history.id"
"""The attribute that makes a log record one of history."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Parameters
    ----------
    name:
        As the tables and :class:`Row` have it.
    type:
        ClickHouse's.
    attribute:
        What the same fact is called on a log record; empty where it is not an attribute there.
    meaning:
        In a sentence.
    """

    name: str
    type: str
    attribute: str
    meaning: str


COLUMNS = (
    Column("time", "DateTime64(6, 'UTC')", "", "When it began; on a log record, its timestamp."),
    Column("event", "LowCardinality(String)", "event.name", "What happened."),
    Column("event_id", "UUID", ID_ATTRIBUTE, "The same however often it is sent."),
    Column("service", "LowCardinality(String)", "service.name", "The bot; on a log record, of its resource."),
    Column("cluster", "LowCardinality(String)", "discord.cluster.id", "Which process of it; of the resource."),
    Column("shard", "Int32", "discord.shard.id", "-1 where there is none, as in direct messages."),
    Column("guild_id", "UInt64", "discord.guild.id", "0 where there is none."),
    Column("channel_id", "UInt64", "discord.channel.id", "0 where there is none."),
    Column("user", "String", "discord.user.id", "Keyed hash or id, as ARGUS_HISTORY_USERS says; empty where off."),
    Column("command", "LowCardinality(String)", "discord.command.name", "The command's or component's name."),
    Column("type", "LowCardinality(String)", "discord.command.type", "slash, user, message or prefix; of commands."),
    Column("outcome", "LowCardinality(String)", "discord.outcome", "ok, rejected or error; empty for what has none."),
    Column("error", "LowCardinality(String)", "error.type", "The exception's class; empty where there was none."),
    Column("duration", "Float64", "argus.history.duration", "In seconds; 0 for what has none."),
    Column("attributes", "Map(LowCardinality(String), String)", "", "Every other attribute of it, as text."),
)
"""In the order in which rows are inserted."""

COMMAND = "discord.command"
COMPONENT = "discord.component"
MODAL = "discord.modal"
AUTOCOMPLETE = "discord.autocomplete"
GUILD_JOIN = "discord.guild.join"
GUILD_LEAVE = "discord.guild.leave"
"""The distro's events. Every other one is the bot's own."""


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that happened.

    Attributes
    ----------
    time:
        In microseconds since 1970, UTC. The others are as :data:`COLUMNS` say.
    """

    time: int
    event: str
    event_id: str
    service: str
    cluster: str = ""
    shard: int = -1
    guild_id: int = 0
    channel_id: int = 0
    user: str = ""
    command: str = ""
    type: str = ""
    outcome: str = ""
    error: str = ""
    duration: float = 0.0
    attributes: Mapping[str, str] = field(default_factory=dict[str, str])
