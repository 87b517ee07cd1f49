"""A query on history as a command: its common options, and running it."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from argus_otel.history.store.errors import StoreError

from .store_options import LoadProgress, add_store, chosen_store, failed, ingest_spooled, positive, waiting

if TYPE_CHECKING:
    from argus_otel.history.store.query import Queries

Q = TypeVar("Q", bound="Queries")


def add_query_options(
    parser: argparse.ArgumentParser,
    *,
    limit: int = 0,
    limited: str = "the maximum number of rows",
    since: bool = True,
    service: bool = True,
) -> None:
    """Declare the options of every query.

    Parameters
    ----------
    limit:
        The default of ``--limit``; 0 for a query that returns everything.
    limited:
        What it limits, for the help text.
    since, service:
        Whether it has these options.
    """
    when = "a date (2026-03-01), an hour (2026-03-01T18:00), or an age (30d, 4w, 12h); UTC"
    parser.set_defaults(since=None)
    if since:
        parser.add_argument("--since", metavar="WHEN", help=f"the beginning of the range: {when}")
    end = "the end of the range, which is excluded"
    parser.add_argument("--until", metavar="WHEN", help=end if since else f"{end}: {when}")
    if service:
        every = "only this service; by default all in the store"
        parser.add_argument("--service", metavar="NAME", default="", help=every)
    if limit:
        parser.add_argument("--limit", metavar="N", type=positive, default=limit, help=f"{limited} (%(default)s)")
    parser.add_argument("--format", choices=("table", "json", "csv"), default="table", help="the format (%(default)s)")
    add_store(parser)


def add_store_alone(parser: argparse.ArgumentParser, *forms: str) -> None:
    """Declare ``--format``, of which the first is the default, and the store: for a query without a range."""
    parser.set_defaults(since=None, until=None, service="")
    if forms:
        parser.add_argument("--format", choices=forms, default=forms[0], help="the format (%(default)s)")
    add_store(parser)


def time_span(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the keywords ``since``, ``until`` and ``service`` of a query."""
    return {"since": arguments.since, "until": arguments.until, "service": arguments.service}


def parse_bounds(arguments: argparse.Namespace) -> None:
    """Replace the texts of ``--since`` and ``--until`` by moments; safe to repeat.

    Raises
    ------
    StoreError
        A text is no moment.
    """
    from argus_otel.history.store.time_range import parse_moment

    for bound in ("since", "until"):
        given = getattr(arguments, bound)
        if isinstance(given, str):
            setattr(arguments, bound, parse_moment(given, f"--{bound}"))


def run_query(
    command: str,
    queries: Callable[[], type[Q]],
    query: Callable[[Q, argparse.Namespace], Any],
    arguments: argparse.Namespace,
    *,
    hidden: Sequence[str] = (),
    show: Callable[[Any, str], int] | None = None,
) -> int:
    """Run a query and print its results; return 0, 1 if the store is at fault, and 2 for wrong usage.

    Parameters
    ----------
    command:
        The command's words, for messages.
    queries:
        Returns the class of the source's queries; called when the arguments are understood.
    query:
        Returns the results: a sequence of dataclasses.
    hidden:
        The columns that a table omits.
    show:
        Prints results, in place of :func:`.records.show`, in the format given.
    """
    from . import records

    try:
        address = chosen_store(arguments)
        ingest_spooled(arguments, address, command)
        parse_bounds(arguments)
        progress = LoadProgress("querying", 0)
        with waiting(progress), queries().open(address, progress) as history:
            results = query(history, arguments)
    except StoreError as error:
        return failed(command, error)
    if show is not None:
        return show(results, arguments.format)
    return records.show(results, arguments.format, hidden)


class SourceQueries(Generic[Q]):
    """Runs the queries of one source, as its commands.

    Parameters
    ----------
    source:
        Its name: the first word of each command.
    queries:
        As for :func:`run_query`.
    """

    def __init__(self, source: str, queries: Callable[[], type[Q]]) -> None:
        self._source = source
        self._queries = queries

    def __call__(
        self,
        command: str,
        query: Callable[[Q, argparse.Namespace], Any],
        arguments: argparse.Namespace,
        *,
        hidden: Sequence[str] = (),
        show: Callable[[Any, str], int] | None = None,
    ) -> int:
        """Run one, see :func:`run_query`; the command is named by its words after the first."""
        return run_query(f"{self._source} {command}", self._queries, query, arguments, hidden=hidden, show=show)
