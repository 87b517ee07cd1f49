"""The commands of ``argus-otel graphs``. This file describes them, and imports none."""

from __future__ import annotations

from argus_otel.terminal.commands import Command


def _query(name: str, summary: str, description: str, *examples: str, missing: str = "") -> tuple[str, Command]:
    ends = f" Exit code 0; 1: the store cannot be read{missing}; 2: the command was used in a wrong way."
    words = tuple(f"graphs {name} {example}".rstrip() for example in examples)
    return name, Command(f"{__name__}.{name}", summary, description + ends, words)


_NO_RUN = ", or there is no such run"

COMMANDS: dict[str, Command] = dict(
    (
        _query(
            "runs",
            "list runs, the latest first",
            "Lists runs of graphs with outcome, duration, steps, calls of models and tools, tokens, and the number of "
            "findings above info. JSON and CSV have the whole id, thread, trace and more.",
            "",
            "support --outcome error --since 7d",
            "--found --format json",
        ),
        _query(
            "show",
            "show a run as a tree of its nodes",
            "Shows a run with each node below the one whose graph it is in: outcome, duration, what it wrote, where it "
            "led, its tools, what rules have found there (!), and how it was evaluated (*). RUN is the id of a run, or "
            "its first letters.",
            "5f0c7c52",
            missing=_NO_RUN,
        ),
        _query(
            "why",
            "name the node that caused what is wrong with a run",
            "Names, for each finding of a run, the node that caused it, what it did, the nodes from there to where it "
            "shows, and from what that follows: declared, observed or inferred.",
            "5f0c7c52",
            missing=_NO_RUN,
        ),
        _query(
            "findings",
            "list what rules have found, the latest first",
            "Lists findings with their causes; or the nodes that caused them, those that caused most first.",
            "support --severity error --since 30d",
            "--rule key_missing",
            "support --by-cause",
        ),
        _query(
            "evaluations",
            "list what validators, judges and the program said of nodes",
            "Lists evaluations, the latest first; or how often each node was evaluated, with the mean of its scores, "
            "and how many had which label.",
            "support --since 7d",
            "--name helpfulness --format json",
            "support --by-node",
        ),
        _query(
            "nodes",
            "show how long nodes take, and how often they fail",
            "Shows each node of each graph: runs, failures, visits in a run, percentiles of its duration.",
            "support --since 7d",
        ),
        _query(
            "diff",
            "tell in what two runs of a graph differ",
            "Compares two runs: outcome, visits of nodes, keys with their classes and lengths, routes, durations.",
            "5f0c7c52 8d1e44aa",
            missing=_NO_RUN,
        ),
        _query(
            "baseline",
            "tell in what the last runs differ from healthy ones before them",
            "Compares the last runs of a graph with healthy ones before them: keys that are no longer written, new "
            "classes and errors, routes whose share has moved, tokens and durations. A healthy run ended well, and no "
            "rule found an error in it. `argus-otel graphs rules baseline_key` and so on explain the rules. For CI: "
            "run the program there with ARGUS_HISTORY and a store that keeps its runs, then this command with --fail, "
            "and with --recent as many runs as CI has made; of fewer than ten, rules on tokens and durations tell "
            "nothing.",
            "support",
            "support --recent 50 --earlier 500",
            "support --recent 20 --service ci --fail",
            missing=", there are too few runs to compare, or, with --fail, a rule of the severity warn or error has "
            "found a difference",
        ),
        _query(
            "rules",
            "explain the rules that look for what is wrong with runs",
            "Explains each rule: when it finds something, what that means, and what to do. Needs no store.",
            "",
            "key_missing baseline_route",
            "--import shop.detectors",
        ),
        _query(
            "report",
            "write a report about a run, as Markdown or HTML",
            "Writes a report about a run to the standard output. --template takes one of your own: a file with the "
            "words ${title}, ${summary}, ${tree}, ${findings} and ${nodes}, whose texts are escaped.",
            "5f0c7c52 > report.md",
            "5f0c7c52 --format html > report.html",
            "5f0c7c52 --template ours.html > report.html",
            missing=_NO_RUN,
        ),
    )
)
