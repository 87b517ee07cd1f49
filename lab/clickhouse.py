"""A ClickHouse server for clients: chdb's engine behind ``front.py``, in a process of its own."""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from .processes import Part, free_port

ROOT = Path(__file__).resolve().parents[1]


class ClickHouse(Part):
    """One server, whose directory and port stay the same over restarts.

    Parameters
    ----------
    directory:
        The directory of its data; for one process at a time.
    user, password:
        The only valid ones. (A real server's ``default`` has no password; tests check that one is sent.)
    version:
        The version that it reports; the engine's own if empty.
    grants:
        What the user may do, as ``GRANT`` statements without the user; everything if empty. The engine judges it. May
        be changed before a start.
    """

    host = "127.0.0.1"

    def __init__(
        self,
        directory: Path,
        user: str = "argus",
        password: str = "secret",
        version: str = "",
        grants: Sequence[str] = (),
    ) -> None:
        if find_spec("chdb") is None:
            pytest.skip("needs ClickHouse's engine: pip install chdb-core-lite (Linux and macOS)")
        super().__init__("ClickHouse", directory.with_name(directory.name + ".log"))
        self.directory = directory
        self.user = user
        self.password = password
        self.version = version
        self.grants = grants
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def dsn(self, database: str = "argus", *, user: str = "", password: str = "") -> str:
        """The value for ``ARGUS_HISTORY_STORE``, optionally with another user or password."""
        login = f"{user or self.user}:{urllib.parse.quote(password or self.password, safe='')}"
        return f"clickhouse://{login}@{self.host}:{self.port}/{database}"

    def start(self) -> ClickHouse:
        """Start it and wait until it answers; it keeps the data of earlier runs."""
        command = [sys.executable, "-m", "lab.front", "--port", str(self.port)]
        command += ["--directory", str(self.directory), "--user", self.user, "--password", self.password]
        if self.version:
            command += ["--version", self.version]
        for grant in self.grants:
            command += ["--grant", grant]
        self.launch(command, {**os.environ, "PYTHONPATH": str(ROOT)})
        self.wait_until(self.answers, "answers", 30)
        return self

    @classmethod
    @contextmanager
    def running_in(cls, directory: Path, **keywords: Any) -> Iterator[ClickHouse]:
        """Run a server until the block ends; the keywords are those of the class."""
        server = cls(directory, **keywords)
        try:
            yield server.start()
        finally:
            server.kill()

    def restart(self) -> None:
        self.stop()
        self.start()

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(self.url + "/ping", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def query(self, sql: str, database: str = "", **parameters: object) -> str:
        """Return the result as tab-separated text.

        Raises
        ------
        AssertionError
            ClickHouse refused it.
        """
        address = {f"param_{name}": str(value) for name, value in parameters.items()}
        if database:
            address["database"] = database
        request = urllib.request.Request(f"{self.url}/?{urllib.parse.urlencode(address)}", sql.encode())
        request.add_header("X-ClickHouse-User", self.user)
        request.add_header("X-ClickHouse-Key", self.password)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from None

    def rows(self, sql: str, database: str = "", **parameters: object) -> list[list[str]]:
        """Return the rows of the result, each value as text."""
        return [line.split("\t") for line in self.query(sql, database, **parameters).splitlines()]
