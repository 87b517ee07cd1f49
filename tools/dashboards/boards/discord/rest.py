"""REST and rate limits: what the bots ask of Discord, how long it takes, what is turned down, and how near a ban is."""

from __future__ import annotations

from ...board import Board, Row
from ...panels import Column, heatmap, stat, table, timeseries
from ...queries import (
    counted,
    filled,
    increase,
    now,
    of,
    or_zero,
    per,
    percentiles,
    prom,
    quantile,
    quantile_in_range,
    rate,
    share,
)
from ...style import (
    BAD,
    FINE,
    NUMBER,
    REQUESTS_PER_SECOND,
    SECONDS,
    SHARE,
    WARNING,
    coloured,
    dashed,
    steps,
    values,
)
from .common import bots

_ATTEMPT = "http_client_request_duration_seconds"
_CALL = "discord_rest_duration_seconds"
_WAIT = "discord_rest_ratelimit_wait_seconds"
_LIMITED = "discord_rest_ratelimits_total"

# The metric is that of any HTTP client; other instrumentations give it no template.
_OURS = 'url_template!=""'
_INVALID_STATUS = 'http_response_status_code=~"401|403|429"'
_SHARED = 'discord_ratelimit_scope="shared"'
_FAILED = 'error_type!=""'
_ROUTE = "http_request_method, url_template"
_ROUTE_NAME = "{{http_request_method}} {{url_template}}"

# https://docs.discord.com/developers/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans
_BAN_AT = 10_000
_TOWARDS_A_BAN = values({status: (status, BAD) for status in ("401", "403", "429")})


def _invalid(by: str = "", window: str = "10m") -> str:
    """What Discord counts as invalid: 401, 403 and 429, but for the 429 of a limit that the bot shares with others."""
    by = f" by ({by})" if by else ""

    def total(selector: str) -> str:
        return f"sum{by} (increase({selector}[{window}]))"

    every = total(of(_ATTEMPT + "_count", _OURS))
    invalid = total(of(_ATTEMPT + "_count", _OURS, _INVALID_STATUS))
    shared = total(of(_LIMITED, _SHARED))
    return f"{or_zero(invalid, every)} - {or_zero(shared, every)}"


def _by_host(expression: str, window: str = "10m") -> str:
    """Sum an expression, which has ``job`` and ``instance``, by the host of each process.

    As the rule ``host:discord_invalid_requests:increase10m`` does: the host in ``instance`` if that is an address, else
    ``host.name``, else the bot's name.
    """
    named = f"last_over_time({of('argus_process_info')}[{window}])"
    for source, pattern in (("job", "(.*)"), ("host_name", "(.+)"), ("instance", "(.+):[0-9]+")):
        named = f'label_replace({named}, "host", "$1", "{source}", "{pattern}")'
    host = f"topk by (job, instance) (1, count by (job, instance, host) ({named}))"
    return f"sum by (host) (({expression}) * on (job, instance) group_left (host) ({host} > bool 0))"


_BUDGET = Row(
    "How near is a ban?",
    [
        stat(
            "Invalid requests, 10 min",
            """Responses with status 401, 403 and 429 in the last ten minutes, without the 429s of limits that others
            share. At 10,000 from one address Discord bans it, and every bot behind it. Above 1,000: find the route
            below and stop asking there. It is the sum of the chosen bots; if they have different addresses, choose
            one.""",
            prom(_invalid(), "invalid"),
            unit=NUMBER,
            decimals=0,
            thresholds=steps((1000, WARNING), (5000, BAD)),
        ),
        stat(
            "Budget used",
            """The same, as a share of the 10,000 that Discord allows in ten minutes.""",
            prom(f"({_invalid()}) / {_BAN_AT}", "used"),
            unit=SHARE,
            decimals=1,
            thresholds=steps((0.1, WARNING), (0.5, BAD)),
        ),
        stat(
            "Rate limited",
            """Responses with status 429 in the time range, of all limits. discord.py waits and tries again,
            so that they cost time and no calls; but see the scopes below.""",
            now(counted(_LIMITED), "429s"),
            unit=NUMBER,
            decimals=0,
            thresholds=steps((100, WARNING), (1000, BAD)),
            no_value="0",
        ),
        stat(
            "Calls that failed",
            """Share of the calls in the time range that failed in the end, after all of discord.py's retries. "What
            fails" has the errors.""",
            now(share(counted(f"{_CALL}_count", _FAILED), counted(f"{_CALL}_count")), "failed"),
            unit=SHARE,
            decimals=2,
            thresholds=steps((0.01, WARNING), (0.05, BAD)),
            no_value="no calls",
        ),
        stat(
            "Calls",
            """Whole calls of Discord's REST API, each second, retries not counted. Discord's global limit is 50 a
            second for each bot, but for answers to interactions, which have none.""",
            prom(rate(f"{_CALL}_count"), "calls"),
            unit=REQUESTS_PER_SECOND,
            thresholds=FINE,
        ),
        stat(
            "A call takes, p95",
            """From the call to its end, waits and retries included: what a handler waits. Far above "an attempt takes"
            below, the time goes into waiting for rate limits.""",
            prom(quantile(0.95, _CALL), "p95"),
            unit=SECONDS,
            thresholds=steps((1, WARNING), (5, BAD)),
            no_value="no calls",
        ),
        timeseries(
            "Invalid requests in ten minutes, by host",
            """The same over time, summed over the bots of each host, since Discord bans addresses. A slope without end
            is a loop that asks for what it may not have: most often a permission that a guild has removed. Stop it
            before the line reaches the limit; a ban takes up to an hour to go.""",
            prom(_by_host(_invalid("job, instance")), "{{host}}"),
            prom(f"{_BAN_AT} + 0 * {rate(f'{_CALL}_count')}", "Discord's limit"),
            unit=NUMBER,
            overrides=[dashed("Discord's limit", BAD)],
        ),
        timeseries(
            "Rate limits that were hit, by scope",
            """429s by whose limit was hit. "user": the bot asks too fast of one route; spread it out. "shared": others
            ask too, and it does not count against the bot. "global": more than 50 a second in all. "cloudflare": the
            address is banned; stop the bot until the ban has gone.""",
            prom(increase(_LIMITED, by="discord_ratelimit_scope"), "{{discord_ratelimit_scope}}"),
            unit=NUMBER,
            bars=True,
            stacked=True,
            calcs=("sum",),
            overrides=[coloured("cloudflare", BAD), coloured("global", WARNING)],
            no_value="none was hit",
        ),
    ],
)

_TIME = Row(
    "Where does the time of a call go?",
    [
        timeseries(
            "An attempt takes",
            """One request, from sending it to its whole response: Discord and the network. Where it rises on all
            routes, look at discordstatus.com, then at the host's network, and at "Loop lag" on "Runtime".""",
            *percentiles(_ATTEMPT, _OURS),
            unit=SECONDS,
            width=8,
            no_value="no calls",
        ),
        timeseries(
            "A call waits for rate limits",
            """What calls waited for rate limits, of those that waited at all: discord.py holds back what Discord would
            refuse. Seconds here are seconds that a user waits. "By route", below, shows where; spread the work out, or
            do less of it.""",
            *percentiles(_WAIT),
            unit=SECONDS,
            width=8,
            no_value="none waited",
        ),
        timeseries(
            "A call takes in all",
            """Attempts, waits and retries together, as the code that awaits it sees it. The difference to the panel on
            the left is waiting. An exemplar leads to a trace with that call in it.""",
            *percentiles(_CALL),
            unit=SECONDS,
            width=8,
            no_value="no calls",
        ),
        heatmap(
            "Attempts, all of them",
            """How many attempts took how long. Two bands are two kinds of routes; a band that moves up is Discord, or
            the network, getting slow.""",
            prom(rate(f"{_ATTEMPT}_bucket", _OURS, by="le"), "{{le}}", form="heatmap", exemplar=True),
        ),
        timeseries(
            "Share of the time that is waiting",
            """Seconds that all calls together spend on attempts and on rate limits, in each second. When waiting is
            the greater part, the bot is at a limit, and a faster host will not help.""",
            prom(rate(f"{_ATTEMPT}_sum", _OURS), "attempts"),
            prom(or_zero(rate(f"{_WAIT}_sum"), rate(f"{_CALL}_sum")), "waiting for rate limits"),
            unit=SECONDS,
            stacked=True,
            overrides=[coloured("waiting for rate limits", WARNING)],
        ),
    ],
)


_BY_ROUTE = Row(
    "Which routes?",
    [
        table(
            "By route",
            """Each route in the time range: calls, how many attempts each took, what an attempt, the wait and the
            whole call take (p95), and how often its limit was hit. More than 1.05 attempts for each call: it is tried
            again and again, for 429s or errors of Discord's.""",
            per(counted(f"{_CALL}_count", by=f"job, {_ROUTE}")),
            per(
                f"{counted(f'{_ATTEMPT}_count', _OURS, by=f'job, {_ROUTE}')}"
                f" / ({counted(f'{_CALL}_count', by=f'job, {_ROUTE}')} > 0)"
            ),
            per(quantile_in_range(0.95, _ATTEMPT, _OURS, by=f"job, {_ROUTE}")),
            per(quantile_in_range(0.95, _CALL, by=f"job, {_ROUTE}")),
            per(
                or_zero(
                    counted(f"{_CALL}_count", _FAILED, by=f"job, {_ROUTE}"),
                    counted(f"{_CALL}_count", by=f"job, {_ROUTE}"),
                )
            ),
            columns={
                "job": Column("Bot"),
                "http_request_method": Column("Method", width=90),
                "url_template": Column("Route"),
                "Value #A": Column("Calls", unit="locale", bar=True),
                "Value #B": Column(
                    "Attempts each", unit=NUMBER, thresholds=steps((1.05, WARNING), (1.5, BAD), below="text")
                ),
                "Value #C": Column("An attempt, p95", unit=SECONDS),
                "Value #D": Column("A call, p95", unit=SECONDS),
                "Value #E": Column("Failed", unit="locale", thresholds=steps((1, WARNING), below="text")),
            },
            sort="Calls",
            height=10,
            no_value="no calls",
        ),
        table(
            "Rate limits, by route",
            """Where limits were hit in the time range, and whose, and what calls of that route waited in all. The
            first is where it pays to ask less: cache, put several things into one message, or edit less often.""",
            per(counted(_LIMITED, by="job, url_template, discord_ratelimit_scope") + " > 0"),
            columns={
                "job": Column("Bot"),
                "url_template": Column("Route"),
                "discord_ratelimit_scope": Column("Whose limit"),
                "Value": Column("429s", unit="locale", bar=True),
            },
            sort="429s",
            width=12,
            no_value="none was hit",
        ),
        table(
            "Waits for rate limits, by route",
            """Calls in the time range that waited for a limit, before they were sent or after a 429; how long, and how
            much in all. discord.py waits even where no 429 comes, since it knows the limit: this is the whole price of
            rate limits.""",
            per(counted(f"{_WAIT}_count", by="job, url_template")),
            per(quantile_in_range(0.95, _WAIT, by="job, url_template")),
            per(counted(f"{_WAIT}_sum", by="job, url_template")),
            columns={
                "job": Column("Bot"),
                "url_template": Column("Route"),
                "Value #A": Column("Calls that waited", unit="locale"),
                "Value #B": Column("p95", unit=SECONDS),
                "Value #C": Column("In all", unit=SECONDS, bar=True),
            },
            sort="In all",
            width=12,
            no_value="none waited",
        ),
    ],
)

_FAILS = Row(
    "What fails?",
    [
        timeseries(
            "Responses, by status",
            """Attempts, each second, by the status of their response. 5xx are Discord's: discord.py tries again. 403:
            a permission is missing. 404 on callbacks: the interaction had expired, since it was answered too late.
            401: the token is wrong. No answer: the connection broke, or it took too long.""",
            prom(
                filled(
                    rate(f"{_ATTEMPT}_count", _OURS, by="http_response_status_code"),
                    "http_response_status_code",
                    "no answer",
                ),
                "{{http_response_status_code}}",
            ),
            unit=REQUESTS_PER_SECOND,
            stacked=True,
        ),
        timeseries(
            "Calls that failed in the end, by what was raised",
            """What the bot's code sees raised, each second, after all retries: Forbidden, NotFound, DiscordServerError
            and so on. Those of a command are in its traces as well.""",
            prom(rate(f"{_CALL}_count", _FAILED, by="error_type"), "{{error_type}}"),
            unit=REQUESTS_PER_SECOND,
            stacked=True,
            no_value="none failed",
        ),
        timeseries(
            "Refusals, by Discord's code",
            """Calls that Discord refused for good, by the code in its answer. 50013 and 50001: a permission is missing;
            50007: the user takes no direct messages; 10008: the message is gone; 10062: an answer came too late;
            40060: another process answered first; 50035: what was sent is not valid.""",
            prom(increase("discord_rest_errors_total", by="discord_error_code"), "{{discord_error_code}}"),
            unit=NUMBER,
            bars=True,
            stacked=True,
            calcs=("sum",),
            no_value="none refused",
        ),
        table(
            "Refused calls",
            """The same in the time range, by route. Begin with the most frequent: check the permission before the
            call.""",
            per(counted("discord_rest_errors_total", by="job, url_template, discord_error_code") + " > 0"),
            columns={
                "job": Column("Bot"),
                "url_template": Column("Route"),
                "discord_error_code": Column("Discord's code", width=130),
                "Value": Column("Times", unit="locale", bar=True),
            },
            sort="Times",
            no_value="none refused",
        ),
        table(
            "Failing attempts",
            """Attempts in the time range that got no good answer, by route and status, or by what was raised where no
            answer came (a connection that broke, a timeout). 401, 403 and 429 count towards a ban: begin with
            those.""",
            per(
                counted(
                    f"{_ATTEMPT}_count",
                    _OURS,
                    _FAILED,
                    by=f"job, {_ROUTE}, http_response_status_code, error_type, server_address",
                )
                + " > 0"
            ),
            columns={
                "job": Column("Bot"),
                "http_request_method": Column("Method", width=90),
                "url_template": Column("Route"),
                "server_address": Column("Host"),
                "http_response_status_code": Column("Status", width=90, mappings=_TOWARDS_A_BAN),
                "error_type": Column("Error"),
                "Value": Column("Times", unit="locale", bar=True),
            },
            sort="Times",
            no_value="none failed",
        ),
    ],
)

BOARD = Board(
    uid="argus-rest",
    title="Discord bot: REST and rate limits",
    description="What the bots ask of Discord, how long it takes, which limits they hit, and how near a ban is.",
    variables=bots(),
    rows=[_BUDGET, _TIME, _BY_ROUTE, _FAILS],
)
