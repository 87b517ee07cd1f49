"""Asks all paths which alerts fire, until nothing more is to come, and takes the messages that Alertmanager sends."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from lab.prometheus import Prometheus

from .paths import MetricsPath

_EVERY = 2.0

Key = tuple[str, str, str]
"""A path, a bot and an alert, by their names."""


class Webhook:
    """Discord's webhook on loopback.

    Attributes
    ----------
    url:
        Its address, behind which a path's number is put.
    told:
        When the first message about a bot's alert came: by the path's number, bot and alert.
    """

    def __init__(self) -> None:
        self.told: dict[tuple[int, str, str], float] = {}
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                webhook.take(int(self.path.rpartition("/")[2]), body["embeds"][0]["title"])
                self.send_response(204)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/api/webhooks"

    def take(self, number: int, title: str) -> None:
        """Note a message, whose title is "🔥 Alert · bot"."""
        _, alert, _, job = title.split(" ", 3)
        self.told.setdefault((number, job, alert), time.time())

    @classmethod
    @contextmanager
    def serving(cls) -> Generator[Webhook]:
        """A webhook that serves until the block ends."""
        webhook = cls()
        threading.Thread(target=webhook._server.serve_forever, daemon=True).start()
        try:
            yield webhook
        finally:
            webhook._server.shutdown()
            webhook._server.server_close()


class Watch:
    """What has been seen of all paths.

    Parameters
    ----------
    paths, jobs:
        What is looked at.

    Attributes
    ----------
    fired:
        When an alert was first seen to fire.
    vanished:
        When a path no longer showed the process that ended, by path and bot.
    """

    def __init__(self, paths: Sequence[MetricsPath], jobs: Sequence[str]) -> None:
        self._paths = paths
        self._jobs = jobs
        self._processes = {path.name: _processes(path.store) for path in paths}
        self._known = {key for path in paths for key, _ in self._alerts(path)}
        self.fired: dict[Key, float] = {}
        self.vanished: dict[tuple[str, str], float] = {}

    def until_all_is_told(self, most: float) -> bool:
        """Look until every bot has an alert on every path, and none is about to come.

        Parameters
        ----------
        most:
            Seconds after which it gives up.

        Returns
        -------
        bool
            Whether it did not give up.
        """
        deadline = time.monotonic() + most
        while time.monotonic() < deadline:
            pending = self._look()
            wanted = {(path.name, job) for path in self._paths for job in self._jobs}
            if not pending and wanted <= {(path, job) for path, job, _ in self.fired}:
                return True
            time.sleep(_EVERY)
        return False

    def _look(self) -> bool:
        """Note what is new; return whether an alert is pending, or may be."""
        pending = [self._look_at(path) for path in self._paths]
        return any(pending)

    def _look_at(self, path: MetricsPath) -> bool:
        """Note what is new on a path; return whether an alert is pending, or may be."""
        try:
            found = [(key, state) for key, state in self._alerts(path) if key not in self._known]
            now = _processes(path.store)
        except OSError:  # a loaded machine answers late
            return True
        for key, state in found:
            if state == "firing":
                self.fired.setdefault(key, time.time())
        for job in self._jobs:
            if now.get(job, 0) < self._processes[path.name][job]:
                self.vanished.setdefault((path.name, job), time.time())
        return any(state == "pending" for _, state in found)

    def _alerts(self, path: MetricsPath) -> list[tuple[Key, str]]:
        """Return the bots' alerts and their states."""
        found = path.ruler.ask("alerts")["alerts"]
        return [
            ((path.name, one["labels"]["job"], one["labels"].get("alertname") or one["name"]), one["state"])
            for one in found
            if one["labels"].get("job") in self._jobs
        ]


def _processes(store: Prometheus) -> dict[str, int]:
    """Return how many processes of each bot a path shows."""
    counted = "count by (job) (count by (job, instance) (argus_process_info))"
    return {found["job"]: int(value) for found, value in store.query(counted)}
