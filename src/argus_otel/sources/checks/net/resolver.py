"""Resolves the names of hosts as the system does, on threads of its own.

The system's resolver knows the hosts file, search domains and mDNS, which a DNS library does not. It blocks: so a
bounded number of threads asks it, and checks of the same name share one question. No thread can be freed before it has
an answer, or the system gives up, after up to a minute. So a look-up that takes longer than most gives its place to
another one and goes on beside it; and a name whose last look-up took seconds waits for other such names only.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal, TypeAlias

from argus_otel.sources.checks.errors import CheckError, ErrorType, NotJudgedError

from .addresses import Address

Family: TypeAlias = Literal["any", "ipv4", "ipv6"]

_FAMILIES = {"any": socket.AF_UNSPEC, "ipv4": socket.AF_INET, "ipv6": socket.AF_INET6}

THREADS = 32
"""How many names are looked up at the same time, those aside not counted; and how many that are known to be slow."""

ASIDE_AFTER = 0.1
"""After how many seconds a look-up goes on aside. Names that most machines know are answered sooner."""

MOST_ASIDE = 8
"""How many look-ups may go on aside, for each of :data:`THREADS`."""

SLOW = 2.0
"""After how many seconds of a look-up a name is slow, until a look-up of it takes less."""

_MOST_SLOW = 10_000
"""How many slow names are remembered: a redirect may lead to any name."""

_Question: TypeAlias = tuple[str, Family]


@dataclass(slots=True, eq=False)
class _LookUp:
    """One look-up, for all that wait for its answer.

    Attributes
    ----------
    begun:
        In seconds of the loop's clock; 0 while it waits for a thread.
    timer:
        Sets it aside.
    """

    question: _Question
    answer: asyncio.Future[list[Address]]
    begun: float = 0.0
    timer: asyncio.TimerHandle | None = None


class Resolver:
    """Looks names up, on one event loop at a time.

    Parameters
    ----------
    threads:
        See :data:`THREADS`.
    """

    def __init__(self, threads: int = THREADS) -> None:
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads * (1 + MOST_ASIDE), thread_name_prefix="argus-otel look-up")
        self._slow: dict[_Question, None] = {}
        self._use(None)

    async def look_up(self, host: str, family: Family) -> list[Address]:
        """Return the addresses of a host, in the system's order; at least one.

        Raises
        ------
        CheckError
            There is none (:attr:`ErrorType.DNS`).
        """
        literal = _literal(host)
        if literal is not None:
            if family != "any" and literal.version != int(family[-1]):
                raise CheckError(ErrorType.DNS, f"the address is no {family} address")
            return [literal]
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._use(loop)
        question = (host, family)
        asked = self._under_way.get(question)
        if asked is None:
            asked = self._under_way[question] = _LookUp(question, loop.create_future())
            (self._slow_waiting if question in self._slow else self._waiting).append(asked)
            self._begin_waiting(loop)
        # Others may wait for the same answer: one that gives up must not cancel it.
        return await asyncio.shield(asked.answer)

    def close(self) -> None:
        """Look nothing up any more. Threads that still wait for an answer end by themselves."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        for each in (*self._waiting, *self._slow_waiting):
            each.answer.cancel()
        self._waiting.clear()
        self._slow_waiting.clear()

    def _use(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Forget what another loop has asked, which may have ended before its answers."""
        self._loop = loop
        self._under_way: dict[_Question, _LookUp] = {}
        self._waiting: deque[_LookUp] = deque()
        self._slow_waiting: deque[_LookUp] = deque()
        self._prompt: set[_LookUp] = set()
        self._aside: set[_LookUp] = set()

    def _begin_waiting(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin as many look-ups as may be under way."""
        while self._waiting and len(self._prompt) < self._threads:
            each = self._waiting.popleft()
            self._prompt.add(each)
            self._begin(loop, each)
            each.timer = loop.call_later(ASIDE_AFTER, self._set_aside, loop, each)
        while self._slow_waiting and len(self._aside) < self._threads:
            each = self._slow_waiting.popleft()
            self._aside.add(each)
            self._begin(loop, each)

    def _begin(self, loop: asyncio.AbstractEventLoop, each: _LookUp) -> None:
        each.begun = loop.time()
        try:
            asked = loop.run_in_executor(self._pool, _ask, *each.question)
        except RuntimeError as error:  # the system allows no more threads
            asked = loop.create_future()
            asked.set_exception(NotJudgedError(ErrorType.DNS, f"the name cannot be looked up: {error}"))
        asked.add_done_callback(lambda answered: self._end(loop, each, answered))

    def _set_aside(self, loop: asyncio.AbstractEventLoop, each: _LookUp) -> None:
        """Give the place of a look-up to the next one, if there is a thread for it."""
        if len(self._aside) < self._threads * MOST_ASIDE:
            self._prompt.discard(each)
            self._aside.add(each)
            self._begin_waiting(loop)
        else:
            each.timer = loop.call_later(ASIDE_AFTER, self._set_aside, loop, each)

    def _end(self, loop: asyncio.AbstractEventLoop, each: _LookUp, answered: asyncio.Future[list[Address]]) -> None:
        """Pass an answer on to those that wait for it."""
        if each.timer is not None:
            each.timer.cancel()
        self._prompt.discard(each)
        self._aside.discard(each)
        self._under_way.pop(each.question, None)
        self._slow.pop(each.question, None)
        if loop.time() - each.begun >= SLOW and len(self._slow) < _MOST_SLOW:
            self._slow[each.question] = None
        if answered.cancelled():
            each.answer.cancel()
        elif (error := answered.exception()) is not None:
            each.answer.set_exception(error)
            each.answer.exception()  # if all that waited gave up, asyncio would report it as never retrieved
        else:
            each.answer.set_result(answered.result())
        self._begin_waiting(loop)


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


def _ask(host: str, family: Family) -> list[Address]:
    try:
        found = socket.getaddrinfo(host, None, _FAMILIES[family], socket.SOCK_STREAM)
    except socket.gaierror as error:
        reason = error.strerror or str(error)
        kind = ErrorType.DNS_TIMEOUT if error.errno == socket.EAI_AGAIN else ErrorType.DNS
        raise CheckError(kind, f"the name has no address: {reason}") from error
    except UnicodeError as error:
        raise CheckError(ErrorType.DNS, "the name is not one that DNS allows") from error
    addresses = dict.fromkeys(ipaddress.ip_address(str(address[0]).partition("%")[0]) for *_, address in found)
    if not addresses:
        raise CheckError(ErrorType.DNS, "the name has no address")
    return list(addresses)
