"""Gateway and shards: connections, latency, events, the reasons why connections end; and voice."""

from __future__ import annotations

from ...board import Board, Row
from ...panels import Column, heatmap, stat, state_timeline, table, timeseries
from ...queries import counted, increase, now, of, per, percentiles, prom, quantile, rate, total
from ...style import (
    BAD,
    FINE,
    GOOD,
    NEUTRAL,
    NUMBER,
    PER_SECOND,
    SECONDS,
    WARNING,
    coloured,
    steps,
    values,
)
from .common import IN_SHARD, bots, shards, shards_up

_OF_SHARD = "job, instance, discord_shard_id"
_SHARD_NAME = "{{job}} shard {{discord_shard_id}}"
_HEARTBEAT = "discord_gateway_heartbeat_duration_seconds"
_SEND_WAIT = "discord_gateway_ratelimit_wait_seconds"
_CONNECT = "discord_voice_connect_duration_seconds"

# https://docs.discord.com/developers/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes
_GATEWAY_CODES = values(
    {
        "1000": ("1000, closed in good order", "text"),
        "1001": ("1001, going away", "text"),
        "1006": ("1006, broken off without a word", WARNING),
        "4000": ("4000, unknown error, or the bot reconnects", "text"),
        "4004": ("4004, the token is wrong", BAD),
        "4008": ("4008, too many messages to the gateway", BAD),
        "4009": ("4009, session timed out", WARNING),
        "4010": ("4010, no such shard", BAD),
        "4011": ("4011, more shards are needed", BAD),
        "4013": ("4013, no such intents", BAD),
        "4014": ("4014, an intent is not allowed", BAD),
    }
)

_CONNECTED = Row(
    "Are the shards connected?",
    [
        stat(
            "Shards up",
            """Gateway sessions that are up. Fewer than there are for longer than a deploy takes: see below which, and
            "Why connections end" for the code.""",
            prom(shards_up(IN_SHARD), "up"),
            unit=NUMBER,
            thresholds=steps((1, GOOD), below=BAD),
        ),
        stat(
            "Shards down",
            """Gateway sessions that are not up now; guilds on them get no answer. discord.py reconnects by itself. One
            that stays down for minutes: its process's log, then a restart of it.""",
            prom(f"{shards(IN_SHARD)} - {shards_up(IN_SHARD)}", "down"),
            unit=NUMBER,
            thresholds=steps((1, BAD)),
        ),
        stat(
            "Slowest heartbeat",
            """The longest that a shard's last heartbeat took to be acknowledged. Above 1 s on one shard: its process
            is busy or its network is slow. On all: Discord, see discordstatus.com.""",
            prom(f"max({of('discord_gateway_latency_seconds', IN_SHARD)})", "the slowest"),
            unit=SECONDS,
            thresholds=steps((0.5, WARNING), (1, BAD)),
        ),
        stat(
            "Connections ended",
            """Gateway connections that ended in the time range, for whatever reason. A few a day for each shard are
            ordinary: Discord asks to reconnect. Many in minutes are a storm, and each one may cost an identify.""",
            now(counted("discord_gateway_disconnects_total", IN_SHARD), "ended"),
            unit=NUMBER,
            thresholds=steps((10, WARNING), (100, BAD)),
            no_value="0",
        ),
        stat(
            "Sessions begun, 24 h",
            """Sessions begun anew (identify) in the last day. Discord allows 1,000 a day for most bots, and then
            resets the token. What has no reason to be here are restarts in a loop, and sessions that could not be
            resumed.""",
            now(
                counted(
                    "discord_gateway_sessions_total",
                    IN_SHARD,
                    'discord_session_type="identify"',
                    window="1d",
                    seconds="86400",
                ),
                "identifies",
            ),
            unit=NUMBER,
            thresholds=steps((500, WARNING), (900, BAD)),
            no_value="0",
        ),
        stat(
            "Events",
            """Events from the gateway, each second. Nothing, while shards are up: the sessions are dead and do not
            know it yet, or an intent was removed.""",
            prom(rate("discord_shard_events_total", IN_SHARD), "events"),
            unit=PER_SECOND,
            thresholds=FINE,
        ),
        state_timeline(
            "Shards, up and down",
            """When each shard's session was up. One short gap on each shard in turn is a deploy, or Discord moving
            them to another of its hosts. The same gap on all shards of a process is that process or its host. Gaps
            that come again and again on one shard: a guild on it whose events kill the connection, or block the
            loop.""",
            prom(
                f"max by ({_OF_SHARD}) ({of('discord_shard_up', IN_SHARD)})",
                _SHARD_NAME + " {{instance}}",
            ),
            mappings=values({"0": ("down", BAD), "1": ("up", GOOD)}),
        ),
    ],
)

_DISTANCE = Row(
    "How long is the latency to Discord?",
    [
        timeseries(
            "Latency, by shard",
            """Time between each shard's last heartbeat and its acknowledgement. A shard that stands out sits in a busy
            process, or behind a slow gateway of Discord's; all of them rising together is the network, or Discord.""",
            prom(f"max by ({_OF_SHARD}) ({of('discord_gateway_latency_seconds', IN_SHARD)})", _SHARD_NAME),
            unit=SECONDS,
        ),
        timeseries(
            "Heartbeats, percentiles",
            """Every heartbeat of all shards, and not the last of each only. p99 far above p50: some heartbeats wait
            for an event loop that is blocked ("Runtime"). At some 40 s Discord takes the connection for dead.""",
            *percentiles(_HEARTBEAT, exemplars=False),
            unit=SECONDS,
            width=6,
        ),
        heatmap(
            "Heartbeats, all of them",
            """How many heartbeats took how long, over all shards. What is ordinary is one narrow band.""",
            prom(rate(f"{_HEARTBEAT}_bucket", by="le"), "{{le}}", form="heatmap"),
            width=6,
        ),
    ],
)

_EVENTS = Row(
    "What comes in, and what goes out?",
    [
        timeseries(
            "Events, by type",
            """The fifteen types of events that come most, each second. PRESENCE_UPDATE or TYPING_START far ahead of
            all others: if the bot does not need them, leave out the intent, and save the processor's time.""",
            prom(
                f"topk(15, {rate('discord_gateway_events_total', by='discord_event_type')})", "{{discord_event_type}}"
            ),
            unit=PER_SECOND,
            stacked=True,
            height=9,
        ),
        timeseries(
            "Events, by shard",
            """Events of each shard. One at 0 while it is up hears nothing: its session is dead, and closing the
            process ends it soonest. One far above the others has a very large guild.""",
            prom(rate("discord_shard_events_total", IN_SHARD, by=_OF_SHARD), _SHARD_NAME),
            unit=PER_SECOND,
            height=9,
        ),
        timeseries(
            "Waits for the send limit",
            """How long messages to the gateway (presence, member chunks, voice) waited, since a connection may send
            120 in 60 s. Only those that waited count. Any for long: change the presence less often, or ask for fewer
            member chunks.""",
            *percentiles(_SEND_WAIT, shares=(0.5, 0.99), exemplars=False),
            unit=SECONDS,
            no_value="none waited",
        ),
        timeseries(
            "Shards at their send limit",
            """Shards that have used up their limit of messages to the gateway just now. It passes by itself; where it
            does not, see to the left.""",
            prom(f"sum by (job) ({of('discord_shard_ratelimited', IN_SHARD)})", "{{job}}"),
            unit=NUMBER,
        ),
    ],
)

_ENDS = Row(
    "Why do connections end, and how do they come back?",
    [
        timeseries(
            "Connections ended, by code",
            """When gateway connections ended, by the code they were closed with (1006 where none came: the network).
            See the table for what to do.""",
            prom(
                increase("discord_gateway_disconnects_total", IN_SHARD, by="discord_close_code"),
                "{{discord_close_code}}",
            ),
            unit=NUMBER,
            bars=True,
            stacked=True,
            calcs=("sum",),
            width=8,
            no_value="none ended",
        ),
        timeseries(
            "Sessions begun and resumed",
            """Each reconnection resumes its session, and loses nothing, or begins a new one, which fetches all guilds
            again and counts against 1,000 a day. Many identifies without a deploy: connections are interrupted for too
            long to be resumed.""",
            prom(
                increase("discord_gateway_sessions_total", IN_SHARD, by="discord_session_type"),
                "{{discord_session_type}}",
            ),
            unit=NUMBER,
            bars=True,
            stacked=True,
            calcs=("sum",),
            width=8,
            overrides=[coloured("resume", GOOD), coloured("identify", NEUTRAL)],
        ),
        timeseries(
            "Guilds unavailable",
            """Guilds that Discord cannot serve now, by bot. A block that comes and goes at once is an outage of
            Discord's: wait, for a restart makes it longer.""",
            prom(total("discord_guild_unavailable", by="job"), "{{job}}"),
            unit=NUMBER,
            width=8,
        ),
        table(
            "Why connections end",
            """Connections that ended in the time range, by code and shard. 4004: set the right token. 4013 and 4014:
            allow the intent in Discord's developer portal. 4011: more shards. 4008: see "Waits for the send limit".
            1006 on many shards at once: the network, or a loop that was blocked for so long that Discord gave up.""",
            per(
                counted("discord_gateway_disconnects_total", IN_SHARD, by="job, discord_shard_id, discord_close_code")
                + " > 0"
            ),
            columns={
                "job": Column("Bot"),
                "discord_shard_id": Column("Shard"),
                "discord_close_code": Column("Code", mappings=_GATEWAY_CODES),
                "Value": Column("Times", unit="locale", bar=True),
            },
            sort="Times",
            no_value="none ended",
        ),
    ],
)

_VOICE = Row(
    "Voice",
    [
        stat(
            "Voice connections",
            """Voice connections that are up. One that reconnects is not; a fall to 0 at once is the host's network.""",
            prom(total("discord_voice_connections"), "connections"),
            unit=NUMBER,
            thresholds=FINE,
        ),
        timeseries(
            "Voice latency",
            """Time between a voice heartbeat and its acknowledgement, where it is longest. Above 0.3 s listeners hear
            gaps: choose a region for the channel that is nearer, or a host that is.""",
            prom(f"max by (job) (max_over_time({of('discord_voice_latency_seconds')}[$__rate_interval]))", "{{job}}"),
            unit=SECONDS,
            width=5,
            calcs=(),
            no_value="not in voice",
        ),
        timeseries(
            "Voice packets",
            """Packets sent, each second; a connection that plays sends 50. Late ones came more than 40 ms after their
            time: the source or the encoder does not keep up, or the process has too little CPU, and it stutters.
            Lavalink's packets are not seen.""",
            prom(rate("discord_voice_packets_total", by="job"), "{{job}}"),
            prom(rate("discord_voice_packets_late_total", by="job"), "{{job}}: late"),
            unit="pps",
            width=5,
            calcs=(),
        ),
        timeseries(
            "Time to join, p95",
            """From asking to join a voice channel until the bot can speak, by how that ended; an error is what was
            raised. Above 5 s: Discord's voice is slow, or UDP is blocked by a firewall, which ends in
            TimeoutError.""",
            prom(quantile(0.95, _CONNECT, by="error_type"), "joined {{error_type}}", exemplar=True),
            unit=SECONDS,
            width=5,
            calcs=(),
            no_value="none joined",
        ),
        timeseries(
            "Voice connections ended, by code",
            """1000: the bot left. 4014: it was moved or put out. 4006, 4009 and 4015 are Discord's, and discord.py
            comes back from them by itself. 1006: the network.""",
            prom(increase("discord_voice_disconnects_total", by="discord_close_code"), "{{discord_close_code}}"),
            unit=NUMBER,
            bars=True,
            stacked=True,
            width=5,
            calcs=(),
            no_value="none ended",
        ),
    ],
)

BOARD = Board(
    uid="argus-gateway",
    title="Discord bot: gateway and shards",
    description="Are the shards connected, how long is the latency, which events arrive, why do connections end..",
    variables=bots(shard=True),
    rows=[_CONNECTED, _DISTANCE, _EVENTS, _ENDS, _VOICE],
)
