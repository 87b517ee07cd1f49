"""A bot starts in all surroundings in which Python itself starts."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from discord_simulator import BackgroundSimulator

from .conftest import BOT, EVERY_WAY, RUN, Receiver, Start, exports_at_the_end, until

TELLING = Path(__file__).with_name("telling_bot.py")
IMPORTS = "import discord; print('imported', discord.__name__)\n"

on_posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such surroundings")


def clean_environment() -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ARGUS_", "OTEL_"))}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    return environment | {"ARGUS_ENDPOINT_PORT": "0"}


def ran(
    command: list[str], *, cwd: Path | None = None, before: Callable[[], object] | None = None, **streams: int
) -> subprocess.CompletedProcess[str]:
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
    return subprocess.run(
        command,
        **streams,
        text=True,
        cwd=cwd,
        env=clean_environment(),
        preexec_fn=before,
        timeout=60,
        check=False,
    )


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "bot.py"
    path.write_text(IMPORTS)
    return path


@on_posix
@pytest.mark.parametrize("command", EVERY_WAY)
def test_a_bot_starts_where_standard_error_is_on_a_full_disk(command: list[str], script: Path) -> None:
    with Path("/dev/full").open("w") as full:
        ended = ran([*command, str(script)], stderr=full.fileno())
    assert ended.stdout == "imported discord\n"
    assert ended.returncode == 0


@on_posix
@pytest.mark.parametrize("command", EVERY_WAY)
def test_standard_output_is_the_bots_alone_where_standard_error_is_closed(command: list[str], script: Path) -> None:
    ended = ran([*command, str(script)], before=lambda: os.close(2))
    assert ended.stdout == "imported discord\n"
    assert ended.returncode == 0


@on_posix
def test_a_bot_starts_in_a_directory_that_was_deleted(script: Path, tmp_path: Path) -> None:
    deleted = tmp_path / "deleted"
    deleted.mkdir()
    ended = ran([*RUN, str(script)], cwd=deleted, before=deleted.rmdir)
    assert ended.stdout == "imported discord\n"
    assert ended.returncode == 0


@on_posix
def test_a_program_that_is_not_in_a_deleted_directory_is_reported(tmp_path: Path) -> None:
    deleted = tmp_path / "deleted"
    deleted.mkdir()
    for words in (["bot.py"], ["-m", "no_such_bot"]):
        ended = ran([*RUN, *words], cwd=deleted, before=deleted.rmdir if deleted.exists() else None)
        assert ended.returncode == 2, ended.stderr
        assert words[-1] in ended.stderr
        assert "Traceback" not in ended.stderr
        deleted.mkdir()


@on_posix
@exports_at_the_end
def test_a_service_whose_name_is_no_utf_8_is_exported_all_the_same(
    simulator: BackgroundSimulator, start: Start, receiver: Receiver
) -> None:
    settings = {
        "OTEL_SERVICE_NAME": "juke\udcffbox",
        "OTEL_RESOURCE_ATTRIBUTES": "team=mus\udcfeic",
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
    }
    bot = start(RUN, str(TELLING), settings=settings)
    simulator.run(simulator.run(simulator.say, "!ping").reply)
    assert 'service_name="' in until(lambda: bot.get("/metrics"))
    assert "OTEL_SERVICE_NAME is" in bot.output
    assert "UTF-8" in bot.output
    assert bot.end() == 0
    assert receiver.received.metrics
    assert receiver.received.spans
    assert {resource["team"] for resource in receiver.received.resources} == {"mus?ic"}


@on_posix
def test_a_script_whose_name_is_no_utf_8_is_scraped(start: Start) -> None:
    copy = BOT.with_name("_bot\udcff.py")
    copy.write_bytes(BOT.read_bytes())
    try:
        bot = start(RUN, str(copy))
        assert 'service_name="_bot?"' in bot.get("/metrics")
        assert bot.end() == 0
    finally:
        copy.unlink()


def test_our_warnings_are_seen_after_the_bot_has_configured_logging(start: Start, tmp_path: Path) -> None:
    """``dictConfig`` disables the loggers that exist, unless it is told not to."""
    script = tmp_path / "configured_bot.py"
    script.write_text(
        "import logging.config, runpy\n"
        "handlers = {'shown': {'class': 'logging.StreamHandler'}}\n"
        "logging.config.dictConfig({'version': 1, 'handlers': handlers, 'root': {'handlers': ['shown']}})\n"
        f"runpy.run_path({str(BOT)!r}, run_name='__main__')\n",
        encoding="utf-8",
    )
    settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_METRIC_EXPORT_INTERVAL": "300"}
    settings |= {"OTEL_EXPORTER_OTLP_TIMEOUT": "1", "ARGUS_SHUTDOWN_TIMEOUT": "1"}
    bot = start(RUN, str(script), settings=settings)
    until(lambda: "exporter:metrics otlp_proto_grpc failed" in bot.output, 15)
