"""Which services the demo has: how each behaves, how it is checked, and what the check has to make of each deed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from . import behaviours as b

GOOD = "good"
"""The verdict on a run that succeeded, with a warning or without; any other verdict is an ``error.type``."""

Behaviour = Callable[[b.Request], str]
"""What a service does on a request; returns its deed."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """The certificate that a service presents.

    Attributes
    ----------
    lifetime:
        How long it is still valid.
    trusted:
        Whether it is of the authority that the check trusts.
    """

    lifetime: timedelta
    trusted: bool = True


@dataclass(frozen=True, slots=True)
class Part:
    """A service, and its check, which has the same name.

    Attributes
    ----------
    name:
        The check's name.
    story:
        What the service does, for people.
    behaviour:
        What it does.
    verdicts:
        For each of its deeds, what an attempt comes to.
    settings:
        What the check has besides its URL, as YAML in one line.
    options:
        What its ``http:`` has besides, in the same form.
    certificate:
        ``None`` without TLS.
    status:
        Its status while its runs are good.
    retries:
        How many more attempts a run has.
    measured:
        Whether the verdict depends on a duration. If the agent itself was too slow in a run, it does not judge that,
        and the ledger cannot tell the status.
    """

    name: str
    story: str
    behaviour: Behaviour
    verdicts: Mapping[str, str]
    settings: str = ""
    options: str = ""
    certificate: Certificate | None = None
    status: str = "up"
    retries: int = 0
    measured: bool = False


_LONG = timedelta(days=90)

CAST = (
    Part(
        "shop",
        "answers at once",
        b.answer,
        {b.ANSWERED: GOOD},
        'expect: {status: 200, json: {"$.queue": "< 500"}}',
    ),
    Part(
        "search",
        "answers after 0.4 s",
        b.answer_late,
        {b.ANSWERED_LATE: GOOD},
        'warn: {duration: "< 250ms"}',
        status="degraded",
        measured=True,
    ),
    Part("basket", "answers four, refuses four", b.flap, {b.ANSWERED: GOOD, b.UNAVAILABLE: "status"}),
    Part("login", "refuses first, then answers", b.stumble, {b.ANSWERED: GOOD, b.UNAVAILABLE: "status"}, retries=1),
    Part("archive", "never answers", b.hang, {b.SILENT: "timeout"}, "timeout: 2500ms"),
    Part(
        "prices",
        "answers a wrong value",
        b.answer_wrong,
        {b.WRONG: "json"},
        'expect: {json: {"$.queue": "< 500"}}',
    ),
    Part("reports", "breaks off in its answer", b.break_off, {b.BROKE_OFF: "reset"}),
    Part("printer", "does not speak HTTP", b.speak_otherwise, {b.NOT_HTTP: "protocol"}),
    Part("old-shop", "sends to a metadata service", b.redirect, {b.REDIRECTED: "blocked"}, options="redirects: 2"),
    Part(
        "bank",
        "TLS, its certificate soon expires",
        b.answer,
        {b.ANSWERED: GOOD},
        'warn: {certificate: "> 14d"}',
        certificate=Certificate(timedelta(days=10)),
        status="degraded",
    ),
    Part(
        "vault",
        "TLS, its certificate has expired",
        b.answer,
        {b.HANDSHAKE_REFUSED: "certificate_expired"},
        certificate=Certificate(timedelta(days=-1)),
    ),
    Part(
        "clone",
        "TLS, its authority is a stranger",
        b.answer,
        {b.HANDSHAKE_REFUSED: "certificate_untrusted"},
        certificate=Certificate(_LONG, trusted=False),
    ),
)
"""The services."""

CONFIRM = 2
"""How many runs in a row change a status."""
