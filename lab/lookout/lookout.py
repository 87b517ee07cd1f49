"""The agent's process, the file of checks that it runs, and a job that calls in."""

from __future__ import annotations

import json
import threading
import urllib.request
from pathlib import Path

from lab.observed import ObservedProgram
from lab.processes import free_port

from .services import Services

SERVICE = "lookout"
INSTANCE = f"{SERVICE}-0"
LOCATION = "fra1"
_TOKEN = "a-token-of-the-lab"  # noqa: S105 - guards nothing


class Lookout(ObservedProgram):
    """An agent that checks the services, a bot, and whether a job calls in.

    Parameters
    ----------
    bot:
        The port of a bot's endpoint.
    variables:
        More of its environment.
    """

    def __init__(self, directory: Path, services: Services, bot: int, **variables: str) -> None:
        self._file = directory / "checks.yaml"
        self._text = json.dumps(_checks(services, bot, free_port()))
        self._file.write_text(self._text, encoding="utf-8")
        self._stopped = threading.Event()
        self._job = threading.Thread(target=self._work, name="job")
        more = {
            "ARGUS_CHECKS_FILE": str(self._file),
            "ARGUS_CHECKS_STATE": str(directory / "lookout"),
            "ARGUS_TRACE_RATES": "checks.check=1",
            **variables,
        }
        super().__init__("the agent of checks", Path(__file__).with_name("agent.py"), directory, SERVICE, **more)

    def start(self) -> None:
        """Start the agent and the job."""
        super().start()
        self._job.start()

    def kill(self) -> None:
        """Kill the agent, and end the job."""
        self._stopped.set()
        if self._job.ident is not None:
            self._job.join(20)
        super().kill()

    def _work(self) -> None:
        """Call in each second; now and then, replace the file by a wrong one for a moment."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/heartbeat/nightly", b"", {"authorization": f"Bearer {_TOKEN}"}
        )
        turn = 0
        while not self._stopped.wait(1.0):
            try:
                urllib.request.urlopen(request, timeout=5).close()
            except OSError:  # not yet started
                continue
            turn += 1
            if turn % 12 in (4, 9):
                self._write("checks: {wrong: {http: 5}}" if turn % 12 == 4 else self._text)

    def _write(self, text: str) -> None:
        beside = self._file.with_suffix(".new")
        beside.write_text(text, encoding="utf-8")
        beside.replace(self._file)


def _checks(services: Services, bot: int, closed: int) -> dict[str, object]:
    plain, secure = f"http://127.0.0.1:{services.http}", f"https://localhost:{services.https}"
    return {
        "location": LOCATION,
        "defaults": {
            "interval": "2s", "timeout": "500ms", "retries": 1, "confirm": {"down": 1, "up": 1, "every": "1s"}
        },
        # Always, since one window is open until the next one is.
        "maintenance": [{"name": "new disks", "checks": ["disk"], "cron": "* * * * *", "for": "2m"}],
        "checks": {
            "shop": {
                "http": f"{plain}/good",
                "service": "shop",
                "labels": {"team": "web"},
                "slo": {"availability": "99.9%", "latency": {"under": "400ms", "share": "99%"}},
            },
            "search": {
                "http": f"{plain}/slow",
                "service": "shop",
                "warn": {"duration": "< 100ms"},
                "slo": {"availability": "99%", "latency": {"under": "180ms", "share": "80%"}},
            },
            "cart": {"http": f"{plain}/alternates", "service": "shop", "slo": {"availability": "40%"}},
            "mail": {"http": f"{plain}/bad", "service": "mail", "slo": {"availability": "50%"}},
            "import": {"http": f"{plain}/hangs", "timeout": "900ms", "interval": "1s"},
            "account": {
                "http": {"url": f"{secure}/alternates", "ca": str(services.authority), "family": "ipv4"},
                "service": "account",
                "expect": {"certificate": "> 1d", "json": {"$.queue.depth": "< 5"}},
                "slo": {"availability": "30%", "latency": {"under": "300ms", "share": "20%"}, "window": "7d"},
            },
            "host": {"tcp": f"127.0.0.1:{closed}", "retries": 0},
            "database": {"tcp": f"127.0.0.1:{closed}", "parents": ["host"], "retries": 0},
            "name": {"dns": {"name": "shop.example", "server": f"127.0.0.1:{services.dns}"}},
            "nightly": {"heartbeat": {"every": "2s", "grace": "2s", "token": _TOKEN}},
            "weekly": {"heartbeat": {"every": "1s", "grace": "1s", "token": _TOKEN}},
            "jukebox": {"bot": {"url": f"http://127.0.0.1:{bot}"}},
            "disk": {"command": ["true"], "slo": {"availability": "99%"}},
        },
    }  # fmt: skip
