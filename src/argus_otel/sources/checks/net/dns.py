"""One question to one name server: a fresh port and a fresh id, by UDP, and by TCP if the answer is truncated.

A DNS check has to ask each time. A resolver that remembers answers, as c-ares does, would measure its memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype

from argus_otel.sources.checks.errors import CheckError, ErrorType

from .addresses import Address

_NEVER = 3600.0  # the agent ends an attempt in time


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked.

    Attributes
    ----------
    name, type:
        Such as ``shop.example`` and ``A``.
    transport:
        ``udp``, with TCP where the answer is truncated, or ``tcp``.
    recursion:
        Whether the server is asked to ask others.
    """

    name: str
    type: str
    transport: str = "udp"
    recursion: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered.

    Attributes
    ----------
    rcode:
        Such as ``NOERROR``.
    records:
        The records of the type that was asked for, as text.
    ttl:
        The smallest of theirs, in seconds; ``None`` without records.
    authenticated:
        Whether the server says that it has verified the answer by DNSSEC.
    """

    rcode: str
    records: tuple[str, ...]
    ttl: int | None
    authenticated: bool


async def ask(server: Address, port: int, question: Question) -> Answer:
    """Ask a name server.

    Raises
    ------
    CheckError
        It does not answer, or answers something else.
    """
    wanted = dns.rdatatype.from_text(question.type)
    query = dns.message.make_query(question.name, wanted, want_dnssec=False)
    if not question.recursion:
        query.flags &= ~dns.flags.RD
    query.flags |= dns.flags.AD
    try:
        if question.transport == "tcp":
            response = await dns.asyncquery.tcp(query, str(server), _NEVER, port)
        else:
            response, _ = await dns.asyncquery.udp_with_fallback(query, str(server), _NEVER, port)
    except ConnectionRefusedError as error:
        raise CheckError(ErrorType.REFUSED, "no name server listens there: connection refused") from error
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or "the connection ended"
        raise CheckError(ErrorType.UNREACHABLE, f"the name server cannot be asked: {reason}") from error
    except dns.exception.DNSException as error:
        raise CheckError(
            ErrorType.PROTOCOL, f"the answer is not one of DNS, or to another question: {type(error).__name__}"
        ) from error
    except (ValueError, UnicodeError) as error:  # of bytes that look like a record and are none
        raise CheckError(ErrorType.PROTOCOL, "the answer cannot be read") from error
    found = [rrset for rrset in response.answer if rrset.rdtype == wanted]
    records = tuple(sorted(str(each) for rrset in found for each in cast("Iterable[object]", rrset)))
    ttl = min((rrset.ttl for rrset in found), default=None)
    rcode = dns.rcode.to_text(response.rcode())
    return Answer(rcode, records, ttl, bool(response.flags & dns.flags.AD))
