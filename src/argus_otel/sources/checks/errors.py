"""Why a check can fail: the closed set of values that ``error.type`` has."""

from __future__ import annotations

from enum import Enum


class ErrorType(Enum):
    """The kinds of failure."""

    DNS = "dns"
    DNS_TIMEOUT = "dns_timeout"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    CONNECT_TIMEOUT = "connect_timeout"
    TLS = "tls"
    CERTIFICATE_EXPIRED = "certificate_expired"
    CERTIFICATE_NAME = "certificate_name"
    CERTIFICATE_UNTRUSTED = "certificate_untrusted"
    RESET = "reset"
    PROTOCOL = "protocol"
    """The peer does not speak the protocol that the check is for."""
    TIMEOUT = "timeout"
    """The deadline passed after the connection was open."""
    STATUS = "status"
    REDIRECT = "redirect"
    SIZE = "size"
    BODY = "body"
    JSON = "json"
    HEADER = "header"
    ANSWER = "answer"
    """A DNS server, a banner or a health service answered something else than the file expects."""
    SLOW = "slow"
    BLOCKED = "blocked"
    """The address, the scheme or the command is not allowed, so nothing was sent."""
    MISSING = "missing"
    """A heartbeat did not come in time."""
    COMMAND = "command"
    EXECUTOR = "executor"
    """The executor itself failed, or would not end."""
    OTHER = "_OTHER"


class CheckError(Exception):
    """An attempt failed. An executor raises it.

    Parameters
    ----------
    error_type:
        Which kind of failure.
    detail:
        One sentence for people, without secrets and without anything that the service sent.
    """

    def __init__(self, error_type: ErrorType, detail: str) -> None:
        super().__init__(detail)
        self.error_type = error_type
        self.detail = detail


class NotJudgedError(CheckError):
    """The agent itself may not, or cannot, do what the check needs, so that nothing is known of the service.

    The outcome of the attempt is unknown, which is no reason to call the service down.
    """
