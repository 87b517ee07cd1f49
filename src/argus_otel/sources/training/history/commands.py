"""Commands to agents, their answers, and the agents: the statements of both sides. Each needs rights on one table only.

Neither side checks the schema: an agent's user has no right to read its record.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from argus_otel.history.store.address import Address, parse
from argus_otel.history.store.client import Store, connect
from argus_otel.history.store.errors import StoreError
from argus_otel.sources.training.agent.commands import Issued, Request, Result, microseconds, milliseconds

_ID: dict[str, Any] = {"unit": "id"}

_ANSWER_TIMEOUT = 20.0
"""How long a statement on these small tables may take, in seconds. A server that hangs is asked again."""

FIRST_ID = "00000000-0000-0000-0000-000000000000"

_PENDING = """
select toString(id), toString(kind), host, run_id, recipe, arguments, expires, signature, issued_at, issued_by,
    now64(3, 'UTC')
from training_commands
where host in {hosts:Array(String)} and issued_at > now64(6) - interval 25 hour
    and (issued_at, id) > (fromUnixTimestamp64Micro({since:Int64}, 'UTC'), {after:UUID})
order by issued_at, id
limit {limit:UInt32}
"""

_ACKNOWLEDGE = """
insert into training_command_acks (id, host, agent, result, reason, run_id, step)
select {id:UUID}, {host:String}, {agent:String}, {result:String}, {reason:String}, {run_id:String},
    if({step:Int64} < 0, NULL, {step:Int64})
"""

_HEARD = """
insert into training_agents (agent, host, started, version, runs, recipes, signs)
select {agent:String}, {host:String}, fromUnixTimestamp64Milli({started:Int64}, 'UTC'), {version:String}, {runs:UInt32},
    {recipes:Array(String)}, {signs:UInt8}
"""

_MAY = (
    "select 1 from training_commands limit 0",
    "insert into training_command_acks (id, result) select generateUUIDv4(), 'done' where 0",
    "insert into training_agents (agent) select '' where 0",
)

_ISSUE = """
insert into training_commands (id, kind, host, run_id, recipe, arguments, expires, signature)
select {id:UUID}, {kind:String}, {host:String}, {run_id:String}, {recipe:String},
    mapFromArrays({names:Array(String)}, {values:Array(String)}), fromUnixTimestamp64Milli({expires:Int64}, 'UTC'),
    {signature:String}
"""

_ANSWERS = """
select agent, toString(result), reason, run_id, step
from training_command_acks
where id = {id:UUID}
order by result, stored
"""

_AGENTS = """
select agent, argMax(host, heard), max(heard) as last, argMax(started, heard), argMax(version, heard),
    argMax(runs, heard), argMax(recipes, heard), argMax(signs, heard), dateDiff('second', last, now64(6, 'UTC'))
from training_agents
group by agent
order by agent
"""

_HOSTS = """
select run_id, argMaxIf(host, time, host != '')
from training_runs
where startsWith(lower(run_id), lower({prefix:String}))
group by run_id
order by run_id
limit 100
"""


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer of an agent to a command."""

    agent: str
    result: Result
    reason: str
    run_id: str
    step: int | None


@dataclass(frozen=True, slots=True)
class KnownAgent:
    """An agent, as it was heard last.

    Attributes
    ----------
    agent:
        ``USER@HOST``.
    silent:
        For how long it was not heard, in seconds.
    started:
        When its process started.
    runs:
        How many runs went on there.
    recipes:
        The names of its recipes.
    signed:
        Whether it acts on signed commands only.
    """

    agent: str
    host: str = field(metadata=_ID)
    heard: datetime
    silent: float = field(metadata={"unit": "duration"})
    started: datetime
    version: str
    runs: int
    recipes: tuple[str, ...]
    signed: bool


def open_commands(address: Address | str) -> Commands:
    """Open a server.

    Raises
    ------
    StoreError
        It does not answer; or the address is none of a server: an embedded store is open in one process.
    """
    address = parse(address) if isinstance(address, str) else address
    if address.embedded or address.files is not None:
        raise NoServerError(
            f"{address} is no server; agents and those who ask them meet on one: clickhouse://user:password@host"
        )
    return Commands(connect(address, timeout=5.0, answer_timeout=_ANSWER_TIMEOUT))


class NoServerError(StoreError, ValueError):
    """The store is none that several hosts can use."""


class Commands:
    """Both sides' statements on one server. Made by :func:`open_commands`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def close(self) -> None:
        """Close the connection."""
        self._store.close()

    # -- for an agent

    def pending(self, hosts: Sequence[str], since: datetime, after: str = FIRST_ID, limit: int = 500) -> list[Issued]:
        """Return what was asked of an agent by any of its names within a day, the oldest first.

        Parameters
        ----------
        since, after:
            Only what was issued later; or at this moment, with an id after this one.
        """
        bound = {"hosts": list(hosts), "since": microseconds(since), "after": after, "limit": limit}
        return [_issued(row) for row in self._store.query(_PENDING, bound)]

    def now(self) -> datetime:
        """Return the server's time."""
        [[now]] = self._store.query("select now64(3, 'UTC')")
        return _utc(now)

    def acknowledge(
        self, command: str, agent: str, host: str, result: Result, reason: str, run_id: str, step: int | None
    ) -> None:
        """Answer a command."""
        self._store.command(
            _ACKNOWLEDGE,
            {
                "id": command,
                "host": host,
                "agent": agent,
                "result": result.value,
                "reason": reason,
                "run_id": run_id,
                "step": -1 if step is None else step,
            },
        )

    def heard(
        self,
        agent: str,
        host: str,
        *,
        started: datetime,
        version: str,
        runs: int,
        recipes: Sequence[str],
        signed: bool,
    ) -> None:
        """Tell that an agent is there."""
        self._store.command(
            _HEARD,
            {
                "agent": agent,
                "host": host,
                "started": milliseconds(started),
                "version": version,
                "runs": runs,
                "recipes": list(recipes),
                "signs": int(signed),
            },
        )

    def check_rights_of_agent(self) -> None:
        """Raise a :class:`StoreError` if the tables are missing, or if the user may not do what an agent does."""
        for statement in _MAY:
            self._store.command(statement)

    # -- for people

    def issue(self, request: Request, signature: str) -> None:
        """Ask an agent."""
        self._store.command(
            _ISSUE,
            {
                "id": request.id,
                "kind": request.kind,
                "host": request.host,
                "run_id": request.run_id,
                "recipe": request.recipe,
                "names": list(request.arguments),
                "values": list(request.arguments.values()),
                "expires": milliseconds(request.expires),
                "signature": signature,
            },
        )

    def answers(self, command: str) -> list[Answered]:
        """Return the answers to a command: an acceptance before what is final."""
        return [
            Answered(agent, Result(result), reason, run_id, step)
            for agent, result, reason, run_id, step in self._store.query(_ANSWERS, {"id": command})
        ]

    def agents(self) -> list[KnownAgent]:
        """Return the agents of the last seven days."""
        return [
            KnownAgent(agent, host, _utc(heard), float(silent), _utc(started), version, runs, tuple(recipes), signed)
            for agent, host, heard, started, version, runs, recipes, signed, silent in self._store.query(_AGENTS)
        ]

    def hosts_of(self, prefix: str) -> list[tuple[str, str]]:
        """Return runs whose ids begin with a text, and the host on which each ran last."""
        return [(run, host) for run, host in self._store.query(_HOSTS, {"prefix": prefix})]


@contextmanager
def commands_in(address: Address | str) -> Generator[Commands]:
    """Open a server until the block ends; see :func:`open_commands`."""
    opened = open_commands(address)
    try:
        yield opened
    finally:
        opened.close()


def _issued(row: tuple[Any, ...]) -> Issued:
    command, kind, host, run_id, recipe, arguments, expires, signature, issued_at, issued_by, now = row
    request = Request(command, kind, host, run_id, recipe, dict(arguments), _utc(expires))
    return Issued(request, signature, _utc(issued_at), issued_by, _utc(now))


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=timezone.utc) if moment.tzinfo is None else moment
