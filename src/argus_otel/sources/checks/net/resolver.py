"""Resolves the names of hosts as the system does, on threads of its own.

The system's resolver knows the hosts file, search domains and mDNS, which a DNS library does not. It blocks: so a
bounded number of threads asks it, and checks of the same name share one question.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Literal, TypeAlias

from argus_otel.sources.checks.errors import CheckError, ErrorType

from .addresses import Address

Family: TypeAlias = Literal["any", "ipv4", "ipv6"]

_FAMILIES = {"any": socket.AF_UNSPEC, "ipv4": socket.AF_INET, "ipv6": socket.AF_INET6}

THREADS = 32
"""How many names are looked up at the same time. A name server that does not answer holds each for some seconds."""


class Resolver:
    """Looks names up."""

    def __init__(self, threads: int = THREADS) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="argus-otel look-up")
        self._under_way: dict[tuple[str, Family], asyncio.Future[list[Address]]] = {}

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
        question = (host, family)
        asked = self._under_way.get(question)
        if asked is None:
            loop = asyncio.get_running_loop()
            asked = self._under_way[question] = loop.run_in_executor(self._pool, _ask, host, family)
            asked.add_done_callback(lambda answered: self._forget(question, answered))
        # Others may wait for the same answer: one that gives up must not cancel it.
        return await asyncio.shield(asked)

    def _forget(self, question: tuple[str, Family], answered: asyncio.Future[list[Address]]) -> None:
        self._under_way.pop(question, None)
        if not answered.cancelled():
            answered.exception()  # if all that waited gave up, asyncio would report it as never retrieved

    def close(self) -> None:
        """Look nothing up any more. Threads that still wait for an answer end by themselves."""
        self._pool.shutdown(wait=False, cancel_futures=True)


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
