"""Sends a mail, and fetches it, by the standard library. Its functions block."""

from __future__ import annotations

import imaplib
import smtplib
import ssl
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage

from argus_otel.sources.checks.errors import CheckError, ErrorType
from argus_otel.sources.checks.kinds.options import HostPort

_LOOK_EVERY = 0.2


@dataclass(frozen=True, slots=True)
class Account:
    """Where a mail is sent, and where it arrives."""

    smtp: HostPort
    imap: HostPort
    user: str
    password: str
    recipient: str
    encrypted: bool


def send(account: Account, message: EmailMessage, deadline: float) -> None:
    """Hand a mail to the server.

    Parameters
    ----------
    deadline:
        When to give up, by :func:`time.monotonic`, in seconds.

    Raises
    ------
    CheckError
        The server does not take it.
    """
    try:
        with _failures(), smtplib.SMTP(account.smtp.host, account.smtp.port, timeout=_left(deadline)) as server:
            if account.encrypted:
                server.starttls(context=ssl.create_default_context())
            server.login(account.user, account.password)
            server.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        codes = ", ".join(str(code) for code, _ in error.recipients.values())
        raise CheckError(ErrorType.ANSWER, f"SMTP refuses the recipient with {codes}") from error
    except smtplib.SMTPResponseException as error:  # whose text is the server's
        raise CheckError(ErrorType.ANSWER, f"SMTP answers {error.smtp_code}") from error
    except smtplib.SMTPException as error:
        raise CheckError(ErrorType.PROTOCOL, f"SMTP fails: {type(error).__name__}") from error


def fetch(account: Account, message_id: str, deadline: float) -> None:
    """Wait until a mail has arrived, and delete it.

    Raises
    ------
    CheckError
        It has not arrived in time, or the server cannot be used.
    """
    try:
        with _failures(), imaplib.IMAP4(account.imap.host, account.imap.port, _left(deadline)) as server:
            if account.encrypted:
                server.starttls(ssl.create_default_context())
            server.login(account.user, account.password)
            server.select("INBOX")
            while not (found := server.search(None, "HEADER", "Message-ID", f'"{message_id}"')[1][0]):
                if time.monotonic() > deadline:
                    raise CheckError(ErrorType.MISSING, "the mail was sent, and has not arrived")
                time.sleep(_LOOK_EVERY)
                server.noop()
            for number in found.split():
                server.store(number.decode(), "+FLAGS", "\\Deleted")
            server.expunge()
    except imaplib.IMAP4.error as error:  # whose text is the server's
        raise CheckError(ErrorType.ANSWER, "IMAP refuses the login or a command") from error


@contextmanager
def _failures() -> Generator[None, None, None]:
    """Say what an error of the connection means."""
    try:
        yield
    except smtplib.SMTPException:  # an OSError, too
        raise
    except ConnectionRefusedError as error:
        raise CheckError(ErrorType.REFUSED, "nothing listens there") from error
    except ssl.SSLCertVerificationError as error:
        raise CheckError(ErrorType.CERTIFICATE_UNTRUSTED, error.verify_message) from error
    except TimeoutError as error:
        raise CheckError(ErrorType.TIMEOUT, "the server does not answer in time") from error
    except OSError as error:
        raise CheckError(
            ErrorType.RESET, f"the connection is lost: {error.strerror or type(error).__name__}"
        ) from error


def _left(deadline: float) -> float:
    return max(deadline - time.monotonic(), 0.1)
