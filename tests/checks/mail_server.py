"""A mail server on loopback: SMTP and IMAP, as far as the standard library's clients speak them, over one mailbox."""

from __future__ import annotations

import base64
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from socketserver import StreamRequestHandler, ThreadingTCPServer


class Mailbox:
    """What has arrived, and what was deleted.

    Attributes
    ----------
    user, password:
        Who may log in, on both servers.
    delivers:
        Whether what SMTP takes arrives.
    logins:
        Over what each login came: ``TLS`` or ``plain``.
    """

    def __init__(self, user: str, password: str) -> None:
        self.user, self.password = user, password
        self.delivers = True
        self.logins: list[str] = []
        self.taken: list[bytes] = []
        self.arrived: dict[int, bytes] = {}
        self.deleted: set[int] = set()

    def take(self, message: bytes) -> None:
        self.taken.append(message)
        if self.delivers:
            self.arrived[len(self.taken)] = message

    def with_id(self, message_id: str) -> list[int]:
        return [number for number, each in self.arrived.items() if message_from_bytes(each)["Message-ID"] == message_id]

    def expunge(self) -> None:
        for number in self.deleted:
            self.arrived.pop(number, None)


class _Server(ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    mailbox: Mailbox
    context: ssl.SSLContext | None

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that refuses the certificate is no error of the test."""


class _Handler(StreamRequestHandler):
    server: _Server
    over = "plain"

    def say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())

    def secure(self) -> None:
        assert self.server.context is not None
        self.connection = self.server.context.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
        self.over = "TLS"

    def log_in(self, user: str, password: str) -> bool:
        self.server.mailbox.logins.append(self.over)
        return (user, password) == (self.server.mailbox.user, self.server.mailbox.password)


class _Smtp(_Handler):
    def handle(self) -> None:
        self.say("220 mail.test")
        while line := self.rfile.readline().decode().strip():
            verb, _, rest = line.partition(" ")
            if verb.upper() == "EHLO":
                self.say("250-mail.test", "250-STARTTLS", "250 AUTH PLAIN")
            elif verb.upper() == "STARTTLS":
                self.say("220 go on")
                self.secure()
            elif verb.upper() == "AUTH":
                _, user, password = base64.b64decode(rest.split()[1]).decode().split("\0")
                self.say("235 welcome" if self.log_in(user, password) else f"535 {password} is not the password")
            elif verb.upper() == "DATA":
                self.say("354 go on")
                lines = iter(self.rfile.readline, b".\r\n")
                self.server.mailbox.take(b"".join(lines))
                self.say("250 taken")
            elif verb.upper() == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")


class _Imap(_Handler):
    def handle(self) -> None:
        self.say("* OK ready")
        while line := self.rfile.readline().decode().strip():
            tag, verb, *words = line.split(" ")
            told, result = self.answer(verb.upper(), [word.strip('"') for word in words])
            self.say(*(f"* {each}" for each in told), f"{tag} {result}")
            if verb.upper() == "STARTTLS":
                self.secure()
            if verb.upper() == "LOGOUT":
                return

    def answer(self, verb: str, words: list[str]) -> tuple[list[str], str]:
        mailbox = self.server.mailbox
        if verb == "CAPABILITY":
            return ["CAPABILITY IMAP4rev1 STARTTLS"], "OK done"
        if verb == "LOGIN":
            return [], "OK welcome" if self.log_in(*words) else f"NO {words[1]} is not the password"
        if verb == "SELECT":
            return [f"{len(mailbox.arrived)} EXISTS"], "OK [READ-WRITE] done"
        if verb == "SEARCH":
            return [" ".join(["SEARCH", *map(str, mailbox.with_id(words[-1]))])], "OK done"
        if verb == "STORE":
            mailbox.deleted.add(int(words[0]))
        if verb == "EXPUNGE":
            mailbox.expunge()
        if verb == "LOGOUT":
            return ["BYE"], "OK bye"
        return [], "OK done"


@contextmanager
def mail_server(mailbox: Mailbox, context: ssl.SSLContext | None = None) -> Iterator[tuple[int, int]]:
    """Run both servers; yield the ports of SMTP and of IMAP. With a context, clients may ask for TLS."""
    servers = [_Server(("127.0.0.1", 0), handler) for handler in (_Smtp, _Imap)]
    for server in servers:
        server.mailbox, server.context = mailbox, context
        threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield servers[0].server_address[1], servers[1].server_address[1]
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()
