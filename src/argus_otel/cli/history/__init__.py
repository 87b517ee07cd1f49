"""``argus-otel history``: asks what happened to guilds, and deletes what is to be forgotten."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from argus_otel.cli.stores import add_store, chosen, failed, waiting
from argus_otel.history.errors import StoreError
from argus_otel.settings import Settings

from .asking import QUESTIONS, Question

if TYPE_CHECKING:
    from argus_otel.history.address import Address
    from argus_otel.history.answers import Forgotten
    from argus_otel.history.store import Store

_SNOWFLAKES = range(1, 2**64)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    questions = parser.add_subparsers(dest="question", metavar="question", required=True, prog="argus-otel history")
    for name, question in QUESTIONS.items():
        asked = questions.add_parser(
            name,
            allow_abbrev=False,
            help=question.summary,
            description=question.description,
            epilog=_examples(question.examples),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        question.add(asked)
        _add_common(asked, question)
    forget = questions.add_parser(
        "forget",
        allow_abbrev=False,
        help="delete what is stored of one guild or one user",
        description="Deletes what is stored of one guild, or of one user, from history, rollups, traces and logs.\n"
        "A user is looked for by the id, and by its keyed hash where ARGUS_HISTORY_USER_KEY is set.",
        epilog=_examples(("forget --guild 81384788765712384", "forget --user 80351110224678912 --yes")),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whose = forget.add_mutually_exclusive_group(required=True)
    whose.add_argument("--guild", metavar="ID", type=snowflake, help="the guild's id")
    whose.add_argument("--user", metavar="ID", type=snowflake, help="the user's id")
    forget.add_argument("--yes", action="store_true", help="do not ask whether that is meant")
    add_store(forget)


def snowflake(text: str) -> int:
    """Return an id of Discord's."""
    if not text.isascii() or not text.isdigit() or int(text) not in _SNOWFLAKES:
        raise argparse.ArgumentTypeError(f"{text!r} is not an id, such as 81384788765712384")
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    """Ask, or forget; return 0, 1 where the store is at fault or the answer was no, and 2 for wrong usage."""
    try:
        if arguments.question == "forget":
            return _forget(arguments)
        return _ask(QUESTIONS[arguments.question], arguments)
    except StoreError as error:
        return failed(f"history {arguments.question}", error)


def _ask(question: Question, arguments: argparse.Namespace) -> int:
    from argus_otel.history.periods import moment
    from argus_otel.history.questions import History

    where = chosen(arguments)
    if arguments.store is None:
        _take_in_what_waits(where)
    for bound in ("since", "until"):
        text = getattr(arguments, bound)
        setattr(arguments, bound, None if text is None else moment(text, f"--{bound}"))
    with waiting("asking"), History.open(where) as history:
        answers = question.ask(history, arguments)
    from .printing import show

    return show(answers, arguments.format, question.hidden(arguments))


def _take_in_what_waits(where: Address) -> None:
    """Let answers about an embedded store be up to the minute: what its bot has not taken in yet waits beside it."""
    settings = Settings.resolve()
    spool = Path(settings.history_spool)
    if not where.embedded or settings.history == "otlp" or not spool.is_dir():
        return
    from argus_otel.history.intake import take_in
    from argus_otel.history.spool import SpoolError

    try:
        with waiting("taking in what waits"):
            problem = take_in(where, spool).problem
    except SpoolError as error:
        problem = str(error)
    if problem:
        print(f"argus-otel history: what waits in {spool} is not in the answer: {problem}", file=sys.stderr)


def _forget(arguments: argparse.Namespace) -> int:
    from argus_otel.history.questions import History

    what, number = ("guild", arguments.guild) if arguments.guild else ("user", arguments.user)
    where = chosen(arguments)
    if not arguments.yes and not _meant(f"everything that {where} has of the {what} {number}", str(number)):
        return 1
    key = Settings.resolve().history_user_key
    with History.open(where) as history, waiting(f"deleting what there is of the {what} {number}"):
        found = _forgotten(history.store, arguments, key)
    for part in found:
        counted = " (counted anew, or without users)" if what == "user" and part.data in ("hourly", "daily") else ""
        print(f"{part.data:<8} {part.rows:>10,} rows{counted}")
    if what == "user" and not key:
        print("ARGUS_HISTORY_USER_KEY is not set: a keyed hash of the user was not looked for.", file=sys.stderr)
    return 0


def _forgotten(store: Store, arguments: argparse.Namespace, key: str | None) -> list[Forgotten]:
    from argus_otel.history.forget import forget_guild, forget_user

    if arguments.guild:
        return forget_guild(store, arguments.guild)
    return forget_user(store, arguments.user, key)


def _meant(what: str, word: str) -> bool:
    if not sys.stdin.isatty():
        print(f"argus-otel history forget: deletes {what}; add --yes if that is meant", file=sys.stderr)
        return False
    print(f"This deletes {what}. It cannot be undone.")
    if input(f"Type {word} to go on: ").strip() == word:
        return True
    print("Nothing was deleted.")
    return False


def _add_common(parser: argparse.ArgumentParser, question: Question) -> None:
    when = "a date (2026-03-01), an hour (2026-03-01T18:00), or an age (30d, 4w, 12h); UTC"
    parser.add_argument("--since", metavar="WHEN", help=f"from then on: {when}")
    parser.add_argument("--until", metavar="WHEN", help="up to then, and without it")
    parser.add_argument("--service", metavar="NAME", default="", help="only this bot; by default all in the store")
    if question.limit:
        parser.add_argument(
            "--limit", metavar="N", type=positive, default=question.limit, help=f"{question.limited} (%(default)s)"
        )
    parser.add_argument("--format", choices=("table", "json", "csv"), default="table", help="(%(default)s)")
    add_store(parser)


def positive(text: str) -> int:
    """Return a whole number above 0."""
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 10**9:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _examples(examples: tuple[str, ...]) -> str:
    return "\n".join(("examples:", *(f"  argus-otel history {example}" for example in examples)))
