"""The page in a real browser: its policy allows its own style, and the browser has nothing to refuse."""

from __future__ import annotations

import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import pytest

from argus_otel.sources.discord.panels import PANELS as BOT
from argus_otel.telemetry import Telemetry
from tools.page_pictures import BROWSERS, Picture, options, photograph

from .conftest import Serve
from .test_page import HOSTILE, live

BROWSER = next(filter(None, map(shutil.which, BROWSERS)), "")

pytestmark = pytest.mark.skipif(not BROWSER, reason="no browser is installed: apt-get install chromium")


@pytest.fixture
def url(serve: Serve) -> str:
    telemetry = Telemetry()
    live(telemetry)
    return f"{serve(telemetry=telemetry, panels=lambda: (BOT,), status=lambda: {'service': HOSTILE}).url}/"


def first_pixel(file: Path) -> str:
    """The colour at the top left of a PNG: it has no neighbours, so no filter has changed it."""
    data = file.read_bytes()
    assert data.startswith(b"\x89PNG")
    packed, at = b"", 8
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        if data[at + 4 : at + 8] == b"IDAT":
            packed += data[at + 8 : at + 8 + length]
        at += length + 12
    return f"#{zlib.decompress(packed)[1:4].hex()}"


@pytest.mark.parametrize(("dark", "ground"), [(False, "#f6f7f9"), (True, "#12161c")])
def test_light_and_dark(url: str, tmp_path: Path, dark: bool, ground: str) -> None:
    file = photograph(BROWSER, url, Picture("page", 800, 600, dark=dark), tmp_path)
    assert first_pixel(file) == ground


def test_the_browser_refuses_nothing_and_runs_nothing(url: str, tmp_path: Path) -> None:
    command = [BROWSER, *options(tmp_path), "--enable-logging=stderr", "--log-level=0", "--dump-dom", url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert "CONSOLE" not in done.stderr
    assert ">play</th>" in done.stdout
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in done.stdout
