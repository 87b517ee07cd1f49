"""``python -m tools.page_pictures`` photographs the endpoint's page, of a busy bot, into docs/pictures/.

It needs Chromium or Chrome on the PATH (Debian: ``apt-get install chromium``).
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from pathlib import Path

from discord_simulator import BackgroundSimulator
from lab.collector import kept_environment
from lab.jukebox.crowd import Crowd
from lab.processes import Part, free_port, wait_until

ROOT = Path(__file__).resolve().parents[1]
DIRECTORY = ROOT / "docs" / "pictures"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")

# An hour of the page's, in two minutes: its lines would be empty otherwise.
_BOT = """
import sys
from argus_otel.endpoint import endpoint
from argus_otel.endpoint.page import snapshots
endpoint._PAGE_FROM = 1.0
snapshots.APART, snapshots.FINE, snapshots.COARSE = 4.0, 20.0, 8.0
from argus_otel.cli import main
sys.exit(main(["run", sys.argv[1]]))
"""


class Picture:
    """One screenshot.

    Parameters
    ----------
    name:
        Of the file, without its ending.
    width, height:
        Of the window, in pixels.
    dark:
        Whether the browser prefers dark colours.
    """

    def __init__(self, name: str, width: int, height: int, *, dark: bool = False) -> None:
        self.name = name
        self.width = width
        self.height = height
        self.dark = dark


PICTURES = (
    Picture("page-light", 1100, 2330),
    Picture("page-dark", 1100, 1270, dark=True),
    Picture("page-phone", 390, 1560),
)


class Bot(Part):
    """The jukebox in one process, with an endpoint."""

    def __init__(self, directory: Path, simulator: BackgroundSimulator) -> None:
        super().__init__("the bot", directory / "bot.log")
        self.port = free_port()
        self._variables = {
            "JUKEBOX_SHARDS": "0,1",
            "JUKEBOX_SHARD_COUNT": "2",
            "DISCORD_TOKEN": simulator.token,
            "DISCORD_SIMULATOR_URL": simulator.url,
            "ARGUS_ENDPOINT_PORT": str(self.port),
            "OTEL_SERVICE_NAME": "jukebox",
        }

    def start(self) -> None:
        """Start it."""
        bot = ROOT / "lab" / "jukebox" / "bot.py"
        self.launch(
            [sys.executable, "-c", _BOT, str(bot)],
            {**kept_environment(), **self._variables, "PATH": os.environ["PATH"]},
        )


def browser() -> str:
    """Return the path of a browser.

    Raises
    ------
    SystemExit
        None is installed.
    """
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        sys.exit(f"no browser is installed (one of {', '.join(BROWSERS)}): apt-get install chromium")
    return found


def options(profile: Path) -> list[str]:
    """Return the options with which a browser needs neither a screen nor a sandbox, and leaves nothing behind."""
    # A container has no namespaces to make a sandbox of, and the page is our own.
    return ["--headless=new", "--no-sandbox", f"--user-data-dir={profile}"]


def photograph(chromium: str, url: str, picture: Picture, into: Path) -> Path:
    """Take a screenshot of ``url``, and return its file."""
    file = into / f"{picture.name}.png"
    with tempfile.TemporaryDirectory() as profile:
        command = [
            chromium,
            *options(Path(profile)),
            "--hide-scrollbars",
            "--force-device-scale-factor=1.5",
            f"--window-size={picture.width},{picture.height}",
            f"--screenshot={file}",
            *(["--blink-settings=preferredColorScheme=0"] if picture.dark else []),
            url,
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
    return file


@contextmanager
def busy_bot(seconds: float) -> Iterator[str]:
    """Run a busy bot for ``seconds``, and yield the URL of its endpoint while it is busy."""
    with (
        tempfile.TemporaryDirectory() as folder,
        BackgroundSimulator(
            shards=2, guilds=12, heartbeat_interval=1.0, heartbeat_ack_delay=0.06, voice_heartbeat_interval=1.0
        ) as simulator,
    ):
        bot = Bot(Path(folder), simulator)
        bot.start()
        try:
            simulator.run(simulator.ready, 2, 60.0)
            crowd = Crowd(simulator, rate=12, period=60, pause=20)
            acting = threading.Thread(target=_act, args=(simulator, crowd))
            acting.start()
            try:
                time.sleep(seconds)
                wait_until(lambda: bot.running, "the bot runs")
                yield f"http://127.0.0.1:{bot.port}/"
            finally:
                crowd.stop()
                acting.join(5)
        finally:
            bot.kill()


def _act(simulator: BackgroundSimulator, crowd: Crowd) -> None:
    with suppress(CancelledError):  # the simulator ends before the crowd's last action
        simulator.run(crowd.act)


def main() -> None:
    """Take them all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120, help="for how long the bot is busy before")
    parser.add_argument("--into", type=Path, default=DIRECTORY, help="the directory of the pictures")
    chosen = parser.parse_args()
    chosen.into.mkdir(parents=True, exist_ok=True)
    chromium = browser()
    with busy_bot(chosen.seconds) as url:
        for picture in PICTURES:
            print(photograph(chromium, f"{url}?refresh=off", picture, chosen.into))


if __name__ == "__main__":
    main()
