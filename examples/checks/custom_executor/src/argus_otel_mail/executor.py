"""The type ``mail``: a mail that is sent by SMTP arrives by IMAP."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import make_msgid
from typing import ClassVar

from argus_otel.sources.checks.conditions import Condition
from argus_otel.sources.checks.errors import ErrorType
from argus_otel.sources.checks.executor import Executor, ExecutorContext, Probe
from argus_otel.sources.checks.file.condition_types import DURATION, ComparisonType, shown_seconds
from argus_otel.sources.checks.file.field_types import Choice, FieldType, Record, Text, duration, option
from argus_otel.sources.checks.kinds.options import HostPort, HostPortType

from . import mailbox
from .mailbox import Account

_THREADS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class MailOptions:
    """The options of a mail check."""

    smtp: HostPort = option(HostPortType("mail.example:587", 587), "Who takes the mail.")
    imap: HostPort = option(HostPortType("mail.example:143", 143), "Where it arrives.")
    user: str = option(Text("a name"), "The user of both.")
    password: str = option(Text(), "Its password.", secret=True)
    recipient: str = option(Text("an address"), "Where it goes; by default to the user.", default="")
    security: str = option(
        Choice("starttls", "none"),
        "Whether both servers are asked for TLS before the password is sent.",
        default="starttls",
    )

    def account(self) -> Account:
        """Return them as the mailbox takes them."""
        recipient = self.recipient or self.user
        return Account(self.smtp, self.imap, self.user, self.password, recipient, self.security == "starttls")


class MailExecutor(Executor[MailOptions]):
    """Sends a mail, and waits for it."""

    type = "mail"
    title = "a mail from SMTP to IMAP"
    options = Record(MailOptions)
    subjects: ClassVar[Mapping[str, FieldType[tuple[Condition, ...]]]] = {
        "duration": DURATION,
        "delivery": ComparisonType("delivery", ErrorType.SLOW, duration(), shown_seconds, "< 30s"),
    }

    def __init__(self, context: ExecutorContext) -> None:
        super().__init__(context)
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="argus-otel-mail")

    def host(self, options: MailOptions) -> str:
        """Return the host that the mail is sent to."""
        return options.smtp.host

    async def run(self, probe: Probe[MailOptions]) -> Mapping[str, object]:
        """Send a mail, and wait for it; the fact is delivery, in seconds."""
        account = probe.options.account()
        deadline = time.monotonic() + probe.timeout
        message = EmailMessage()
        message["From"] = message["To"] = account.recipient
        message["Subject"] = f"Check {probe.check} of argus-otel"
        message["Message-ID"] = make_msgid(domain="argus-otel.invalid")
        for name, value in probe.headers.items():  # the trace that this attempt is in
            message[name] = value
        message.set_content("This mail will be deleted as soon as it arrives.")
        probe.phases.begin("send")
        await self._on_a_thread(lambda: mailbox.send(account, message, deadline))
        sent = time.monotonic()
        probe.phases.begin("transfer")
        await self._on_a_thread(lambda: mailbox.fetch(account, message["Message-ID"], deadline))
        probe.phases.end()
        return {"delivery": time.monotonic() - sent}

    async def close(self) -> None:
        """Start no thread any more; those that run end with their deadlines."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _on_a_thread(self, function: Callable[[], None]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._pool, function)
