"""A ClickHouse server for tests: its HTTP interface, over the engine that chdb embeds. Run as a process of its own.

It supports the features that clickhouse-connect and the Collector's exporter use: queries with
parameters and settings, inserts in any format, users and passwords, errors with their codes. Each request has a
connection of its own, because ``USE`` and ``SET`` apply to one.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import gzip
import json
import re
import signal
import sys
import tempfile
import threading
import zlib
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import chdb
import lz4.frame
import zstandard

from .native import framed, packed, unpacked

# What the HTTP interface keeps for itself; every other parameter is a setting of the query.
_TRANSPORT = {
    "query", "database", "default_format", "user", "password", "session_id", "session_timeout", "session_check", "role",
    "query_id", "quota_key", "buffer_size", "wait_end_of_query", "client_protocol_version", "compress", "decompress",
    "enable_http_compression", "send_progress_in_http_headers", "http_headers_progress_interval_ms",
}  # fmt: skip
# An embedded engine has no queue of inserts: they are in when they are answered.
_WITHOUT_MEANING = {"async_insert", "wait_for_async_insert", "async_insert_busy_timeout_ms"}

_INSERT = re.compile(
    rb"\A\s*(INSERT\s+INTO\s.*?)\s+FORMAT\s+(\w+)(?:[ \t;]*\r?\n|[ ;]|\s*\Z)", re.IGNORECASE | re.DOTALL
)
_FORMAT = re.compile(rb"\bFORMAT\s+(\w+)\s*;?\s*\Z", re.IGNORECASE)
_ANSWERS = re.compile(rb"(?i)\A(?:\s|\()*(?:SELECT|WITH|SHOW|DESC|DESCRIBE|EXISTS|EXPLAIN|CHECK|VALUES)\b")
_VERSION = re.compile(rb"\bversion\(\)", re.IGNORECASE)
_STATUS = {60: 404, 81: 404, 62: 400, 46: 404, 47: 400, 516: 403, 192: 403, 194: 401}


class RefusedError(Exception):
    """An error of ClickHouse's, with its code."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        found = re.search(r"Code: (\d+)", message)
        self.code = int(found.group(1)) if found else 1002


class Server(ThreadingHTTPServer):
    """The engine, and its users."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self, port: int, directory: str, user: str, password: str, version: str, grants: Sequence[str] = ()
    ) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.directory = directory + (_granted(Path(directory + ".users"), grants) if grants else "")
        self.login = (user, password)
        self.version = version.encode()
        self.scratch = Path(directory + ".scratch")
        self.scratch.mkdir(exist_ok=True)
        self.kept = chdb.connect(self.directory)  # the engine lives as long as one connection does
        self._ending = False
        self._at_work = 0
        self._changing = threading.Condition()

    @contextlib.contextmanager
    def connection(self) -> Iterator[Any]:
        opened = chdb.connect(self.directory)
        try:
            yield opened
        finally:
            opened.close()

    @contextlib.contextmanager
    def at_work(self) -> Iterator[bool]:
        """Surrounds a request; yields whether to answer it, which is false once the server is ending."""
        with self._changing:
            taken = not self._ending
            self._at_work += taken
        try:
            yield taken
        finally:
            with self._changing:
                self._at_work -= taken
                self._changing.notify_all()

    def end(self) -> None:
        """Finish the current requests and accept no more, as a server does when it is asked to end."""
        with self._changing:
            self._ending = True
            self._changing.wait_for(lambda: not self._at_work, 10)
        self.shutdown()


def _granted(directory: Path, grants: Sequence[str]) -> str:
    """Return the part of the engine's address by which its user has some rights, and no others."""
    directory.mkdir(exist_ok=True)
    users, config = directory / "users.xml", directory / "config.xml"
    queries = "".join(f"<query>{grant}</query>" for grant in grants)
    users.write_text(
        "<clickhouse><profiles><default/></profiles><quotas><default/></quotas><users><default><password/>"
        "<networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota>"
        f"<grants>{queries}</grants></default></users></clickhouse>"
    )
    config.write_text(f"<clickhouse><users_config>{users}</users_config></clickhouse>")
    return f"?config-file={config}"


class Handler(BaseHTTPRequestHandler):
    """One client's connection."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    server: Server

    def do_GET(self) -> None:
        with self.server.at_work() as taken:
            if taken:
                self._answer()
                self.wfile.flush()
            self.close_connection = self.close_connection or not taken

    do_POST = do_GET  # noqa: N815 - http.server's name

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self) -> None:
        address = urlsplit(self.path)
        body = self._body()
        if address.path == "/ping":
            self._send(200, b"Ok.\n")
            return
        parameters = dict(parse_qsl(address.query, keep_blank_values=True))
        try:
            self._log_in(parameters)
            if parameters.get("decompress") == "1":
                body = unpacked(body)
            data, form = self._run(parameters, body)
            if parameters.get("compress") == "1" and data:
                data = packed(data)
        except RefusedError as refused:
            # One line in the log of each refusal: a test that fails shows it.
            print(f"refused: {refused}", file=sys.stderr, flush=True)
            text = f"{refused}\n".encode()
            self._send(_STATUS.get(refused.code, 500), text, ("X-ClickHouse-Exception-Code", str(refused.code)))
        else:
            self._send(200, data, *([("X-ClickHouse-Format", form)] if form else []))

    def _log_in(self, parameters: dict[str, str]) -> None:
        user = self.headers.get("X-ClickHouse-User") or parameters.get("user") or "default"
        password = self.headers.get("X-ClickHouse-Key") or parameters.get("password") or ""
        scheme, _, basic = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "basic":
            user, _, password = base64.b64decode(basic).decode().partition(":")
        if (user, password) != self.server.login:
            raise RefusedError(
                f"Code: 516. DB::Exception: {user}: Authentication failed: password is incorrect, or there is no user "
                "with such name. (AUTHENTICATION_FAILED)"
            )

    def _run(self, parameters: dict[str, str], body: bytes) -> tuple[bytes, str]:
        """Return the result and its format; no format if the statement has no result."""
        url_query = parameters.get("query", "").encode()
        statement = url_query + b"\n" + body if url_query and body else url_query or body
        named = {name[6:]: value for name, value in parameters.items() if name.startswith("param_")}
        with self.server.connection() as connection:
            try:
                self._prepare(connection, parameters)
                insert = _INSERT.match(statement)
                if insert:
                    return self._insert(connection, insert, statement[insert.end() :])
                return self._ask(connection, statement, named, parameters)
            except (RuntimeError, chdb.ChdbError) as error:
                message = str(error)
                raise RefusedError(message[max(message.find("Code: "), 0) :]) from None

    def _prepare(self, connection: Any, parameters: dict[str, str]) -> None:
        database = parameters.get("database") or self.headers.get("X-ClickHouse-Database")
        if database:
            connection.query(f"USE `{database}`")
        for name, value in parameters.items():
            if name not in _TRANSPORT and name not in _WITHOUT_MEANING and not name.startswith("param_"):
                quoted = value.replace("\\", "\\\\").replace("'", "\\'")
                connection.query(f"SET {name} = '{quoted}'")

    def _insert(self, connection: Any, insert: re.Match[bytes], data: bytes) -> tuple[bytes, str]:
        if not data:
            return b"", ""
        # From a file: what is pushed in by chdb's send_insert does not reach the views on a table of the engine Null.
        with tempfile.NamedTemporaryFile(dir=self.server.scratch, suffix=".data") as file:
            file.write(data)
            file.flush()
            sql = f"{insert.group(1).decode()} FROM INFILE '{file.name}' FORMAT {insert.group(2).decode()}"
            self.rows_written = connection.query(sql, "TabSeparated").rows_read()
        return b"", ""

    def _ask(
        self, connection: Any, statement: bytes, named: dict[str, str], parameters: dict[str, str]
    ) -> tuple[bytes, str]:
        if self.server.version:
            statement = _VERSION.sub(b"'" + self.server.version + b"'", statement)
        inside = _FORMAT.search(statement)
        default = parameters.get("default_format") or self.headers.get("X-ClickHouse-Format") or "TabSeparated"
        form = inside.group(1).decode() if inside else default
        data = connection.query(statement.decode(), form, params=named).bytes() or b""
        if form == "Native":
            data = framed(data, int(parameters.get("client_protocol_version", "0")))
        return data, form if _ANSWERS.match(statement) else ""

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            chunks: list[bytes] = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                chunks.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            body = b"".join(chunks)
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        encoding = self.headers.get("Content-Encoding", "").lower()
        return _unpacked(body, encoding)

    def _send(self, status: int, body: bytes, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        self.send_header("X-ClickHouse-Timezone", "UTC")
        summary = {"written_rows": str(getattr(self, "rows_written", 0)), "read_rows": "0"}
        self.send_header("X-ClickHouse-Summary", json.dumps(summary))
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.rows_written = 0


def _unpacked(body: bytes, encoding: str) -> bytes:
    if encoding == "lz4":
        return _lz4(body)
    if encoding == "zstd":
        with zstandard.ZstdDecompressor().stream_reader(body, read_across_frames=True) as reader:
            return reader.read()
    if encoding == "gzip":
        return gzip.decompress(body)
    if encoding == "deflate":
        return zlib.decompress(body)
    assert not encoding, f"the front does not know {encoding}"
    return body


def _lz4(body: bytes) -> bytes:
    """Decompress all frames: ``lz4.frame.decompress`` silently stops after the first."""
    whole: list[bytes] = []
    while body:
        one = lz4.frame.LZ4FrameDecompressor()
        whole.append(one.decompress(body))
        assert one.eof, "half a frame"
        body = one.unused_data or b""
    return b"".join(whole)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--directory", required=True)
    parser.add_argument("--user", default="default")
    parser.add_argument("--password", default="")
    parser.add_argument("--version", default="", help="what version() answers, instead of the engine's own")
    parser.add_argument("--grant", action="append", default=[], help="what the user may do; by default everything")
    chosen = parser.parse_args()
    server = Server(chosen.port, chosen.directory, chosen.user, chosen.password, chosen.version, chosen.grant)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.end).start())
    server.serve_forever(poll_interval=0.05)
    server.server_close()
    server.kept.close()


if __name__ == "__main__":
    main()
