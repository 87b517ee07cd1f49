"""The commands of ``argus-otel checks``. This file describes them, and imports none."""

from __future__ import annotations

from argus_otel.terminal.commands import Command

_USED = "the command was used in a wrong way."


def _command(
    name: str, summary: str, description: str, *examples: str, two: str = "the file is wrong, or "
) -> tuple[str, Command]:
    """Describe a command.

    Parameters
    ----------
    two:
        What exit code 2 means besides a wrong use.
    """
    words = tuple(f"checks {name} {example}".rstrip() for example in examples)
    return name, Command(f"{__name__}.{name}", summary, f"{description} 2: {two}{_USED}", words, extra="checks")


def _query(name: str, summary: str, description: str, *examples: str) -> tuple[str, Command]:
    ends = " Exit code 0; 1: the store cannot be read; 2: " + _USED
    words = tuple(f"checks {name} {example}".rstrip() for example in examples)
    return name, Command(f"{__name__}.queries.{name}", summary, description + ends, words)


COMMANDS: dict[str, Command] = dict(
    (
        _command(
            "run",
            "run the checks of a file, in a process of their own",
            "Runs the checks of a file until it is stopped, observed as any other program: metrics and health on "
            "127.0.0.1:9464, and OTLP where OTEL_EXPORTER_OTLP_ENDPOINT says. A file that changes is read again within "
            "seconds, or at SIGHUP; one with mistakes is not used. With --state, statuses outlive a restart, and of "
            "several processes with the same directory one runs the checks. Exit code",
            "checks.yaml",
            "checks.yaml --state /var/lib/argus-otel --location fra1",
            "checks.yaml --shard 2/5",
            two="the file is wrong, states cannot be kept, or ",
        ),
        _command(
            "status",
            "show what a running agent says of its checks",
            "Asks an agent, or a bot that runs checks, for what is not up, and why. Exit code 0: all are up; 1: one is "
            "not;",
            "",
            "--url http://agent:9464 --token env:ARGUS_ENDPOINT_TOKEN",
            two="it cannot be asked, or runs no checks, or ",
        ),
        _command(
            "once",
            "run each check once, and report: for a terminal and for CI",
            "Runs each check once, with its retries, many at the same time, and reports. Nothing is confirmed, muted "
            "or remembered. Heartbeats are left out: only an agent, which takes calls, can judge them. Exit code 0: "
            "all are good; 1: one failed, or could not be judged; 3: there are warnings only;",
            "checks.yaml",
            "checks.yaml shop 'db-*'",
            "checks.yaml --format junit > report.xml",
            "checks.yaml --format tap --location ci --timeout 2s",
        ),
        _command(
            "validate",
            "tell everything that is wrong with a file",
            "Reads files of checks, and tells all problems with line and column. Exit code 0: there are none;",
            "checks.yaml",
            "checks.yaml --no-secrets --format github",
        ),
        _command(
            "list",
            "list the checks of a file",
            "Lists the checks of a file, all or those of a service, a type or labels. Exit code 0; 1: there are none;",
            "checks.yaml",
            "checks.yaml --label team=shop --format json",
        ),
        _command(
            "explain",
            "tell all about one check: slots, settings, conditions, maintenance",
            "Tells when a check runs next, each setting and where it comes from, its conditions, the checks that it "
            "depends on, and the maintenance ahead. Secrets are not shown. Exit code 0;",
            "checks.yaml shop",
        ),
        _command(
            "add",
            "add a check to a file",
            "Adds a check at the end of a file, which is made if it is not there. The whole file is validated before "
            "it is written; what changes is shown. Exit code 0;",
            "checks.yaml shop http https://shop.example/health --interval 1m",
            "checks.yaml shop http https://shop.example/health --expect status=200 --warn 'duration=< 800ms'",
            "checks.yaml shop http https://shop.example --set http.redirects=2 --parent gateway --dry-run",
        ),
        _command(
            "edit",
            "change a check of a file, by options or in an editor",
            "Changes one check, by options or, without any, in the editor that VISUAL or EDITOR names. Comments, order "
            "and quotes stay, and every line of other checks. The whole file is validated before it is written; what "
            "changes is shown. Exit code 0;",
            "checks.yaml shop --set interval=1m --set 'expect.duration=< 2s'",
            "checks.yaml shop --unset warn --dry-run",
            "checks.yaml shop",
        ),
        _command(
            "remove",
            "remove a check from a file",
            "Removes a check, with the comments right above it. A check that others name as their parent, and an "
            "anchor, is removed with --force only. What changes is shown. Exit code 0;",
            "checks.yaml shop",
            "checks.yaml gateway --force --dry-run",
        ),
        _command(
            "mute",
            "let checks go on measuring without alerts, for some time",
            "Mutes a check, or all that a pattern matches. They are measured and judged as ever; their changes say "
            "that they are muted, and objectives leave the time out. A running agent takes it over within seconds. "
            "Exit code 0;",
            "'db-*' --for 2h --reason 'new disks' --state /var/lib/argus-otel",
            two="the directory cannot be used, or ",
        ),
        _command(
            "unmute",
            "end a mute before its time",
            "Ends a mute that `argus-otel checks mute` has set. Exit code 0; 1: there is none;",
            "'db-*' --state /var/lib/argus-otel",
            two="the directory cannot be used, or ",
        ),
        _command(
            "rules",
            "print Prometheus rules for objectives (slo:)",
            "Prints recording rules of error budgets, and alerts on how fast they are used up: 14.4 and 6 times as "
            "fast as allowed (critical), 3 times and once (warning), as Google's SRE workbook has them for 30 days. "
            "Without a file, those for objectives over 30 days: argus-otel has them in "
            "prometheus/rules/checks-slo.yaml. With one, those for the other windows of its objectives, which are as "
            "much longer or shorter. The rules are the same for all checks, and change with windows only. Muted time "
            "is left out. Exit code 0; 1: no check of the file has an objective;",
            "checks.yaml > checks-slo-others.yaml",
        ),
        _command(
            "schema",
            "print the JSON Schema of a file of checks, for editors",
            "Prints the JSON Schema (2020-12) of a file of checks, with every type of check that is installed. Write "
            "it beside the file, and let the file begin with `# yaml-language-server: $schema=checks.schema.json`: "
            "editors with the YAML language server complete and check it then. Exit code 0;",
            "> checks.schema.json",
            two="",
        ),
        _command(
            "ping",
            "beat a heartbeat check of an agent",
            "Tells an agent that a job is done, begins (--start) or failed (--fail), and tries again while the agent "
            "cannot be reached. Exit code 0: the agent has accepted it; 1: it has not;",
            "http://agent:9464/heartbeat/nightly --token env:NIGHTLY",
            "http://agent:9464/heartbeat/nightly --start --token file:/run/secrets/nightly",
            "http://agent:9464/heartbeat/nightly --fail --token env:NIGHTLY",
            two="",
        ),
        _query(
            "uptime",
            "tell from history how long checks were up",
            "Tells of each check: availability, the share of the time in which it was up at one location at least; "
            "uptime, the share of its slots in which it succeeded at one location at least; reachability, the share of "
            "all its runs that succeeded. A change counts from the first of the runs that confirmed it. Muted time, "
            "and time in which no agent ran, count neither way.",
            "--since 30d",
            "shop 'db-*' --since 2026-11-01 --until 2026-12-01 --by-day --format csv",
        ),
        _query(
            "reachability",
            "count from history the runs of checks by outcome",
            "Counts the runs of each check by outcome, those that were muted apart, with percentiles of how long they "
            "took. Counts by hour and day are kept for years.",
            "--since 7d --by-location",
            "shop --since 30d --by-day",
        ),
        _query(
            "incidents",
            "list from history when checks were down",
            "Lists when checks were down at one location at least, why, and where. One that was muted throughout is "
            "left out.",
            "--since 30d",
            "--since 30d --by-check",
        ),
        _query(
            "timeline",
            "draw from history the states of checks",
            "Draws the states of each check over a range of time, a block for each part of it: the worst state that it "
            "had then.",
            "shop --since 7d",
            "'db-*' --since 24h --by-location --parts 24",
        ),
        _query(
            "budget",
            "tell from history what is left of error budgets",
            "Tells how long checks may be down by their objectives, how long they were, and how fast the budget was "
            "spent in the last hours: at 1, it lasts exactly as long as the window.",
            "shop --availability 99.9% --window 30d",
            "--file checks.yaml",
        ),
        _query(
            "slowest",
            "tell from history how long checks take, and which phase",
            "Tells how long the runs of each check took, and of each phase the 95th percentile; medians of phases are "
            "in JSON and CSV. Single runs are read, which are kept for 90 days by default.",
            "--since 24h",
        ),
    )
)
