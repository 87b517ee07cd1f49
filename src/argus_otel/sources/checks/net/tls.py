"""TLS of checks: one context for each distinct setting, and what a certificate tells."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from argus_otel.sources.checks.errors import CheckError, ErrorType

_VERIFICATION = {
    10: ErrorType.CERTIFICATE_EXPIRED,  # X509_V_ERR_CERT_HAS_EXPIRED
    9: ErrorType.CERTIFICATE_EXPIRED,  # X509_V_ERR_CERT_NOT_YET_VALID
    62: ErrorType.CERTIFICATE_NAME,  # X509_V_ERR_HOSTNAME_MISMATCH
    64: ErrorType.CERTIFICATE_NAME,  # X509_V_ERR_IP_ADDRESS_MISMATCH
}


@dataclass(frozen=True, slots=True)
class TlsOptions:
    """How a server's certificate is verified.

    Attributes
    ----------
    ca:
        The path of a file with certificates that are trusted instead of the system's.
    verify:
        Whether an untrusted or expired certificate, or one of another name, is a failure.
    certificate, key:
        The paths of what this side presents; empty for nothing.
    """

    ca: str = ""
    verify: bool = True
    certificate: str = ""
    key: str = ""


@lru_cache(maxsize=256)
def context(options: TlsOptions, alpn: tuple[str, ...] = ()) -> ssl.SSLContext:
    """Return the context for some options; the same one each time, since making one reads all trusted certificates.

    Raises
    ------
    OSError
        A file cannot be read, or holds no certificate or key.
    """
    made = ssl.create_default_context(cafile=options.ca or None)
    if not options.verify:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    if options.certificate:
        made.load_cert_chain(options.certificate, options.key or None)
    if alpn:
        made.set_alpn_protocols(list(alpn))
    return made


def failure(error: ssl.SSLError) -> CheckError:
    """Return what a failed handshake means."""
    if isinstance(error, ssl.SSLCertVerificationError):
        kind = _VERIFICATION.get(error.verify_code, ErrorType.CERTIFICATE_UNTRUSTED)
        return CheckError(kind, f"the certificate is refused: {error.verify_message}")
    return CheckError(ErrorType.TLS, f"no TLS: {(error.reason or 'the handshake failed').replace('_', ' ').lower()}")


def earliest_expiry(chain: Iterable[bytes]) -> float | None:
    """Return when the first of some certificates expires, in seconds since 1970; ``None`` if none can be read.

    Parameters
    ----------
    chain:
        Each in DER. One that cannot be read is left out: OpenSSL takes some that are not as the standard asks.
    """
    expiries = [expiry for each in chain if (expiry := _expiry(each)) is not None]
    return min(expiries, default=None)


def _expiry(certificate: bytes) -> float | None:
    from cryptography import x509

    try:
        return x509.load_der_x509_certificate(certificate).not_valid_after_utc.timestamp()
    except (ValueError, x509.InvalidVersion):
        return None


def chain_of(connection: ssl.SSLObject) -> list[bytes]:
    """Return the certificates that the server has sent, its own first, in DER."""
    # Public since Python 3.13; before, the method of the object beneath, which returns certificates.
    unverified = getattr(connection, "get_unverified_chain", None)
    if unverified is not None:
        return list(unverified())
    beneath = getattr(getattr(connection, "_sslobj", None), "get_unverified_chain", None)
    if beneath is not None:
        return [ssl.PEM_cert_to_DER_cert(each.public_bytes()) for each in beneath() or ()]
    own = connection.getpeercert(binary_form=True)
    return [own] if own else []
