"""An hour of the same series before the start, which the rules look back at: BotGone asks who was there an hour ago."""

from __future__ import annotations

import subprocess
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

from lab.prometheus import Prometheus, installed
from lab.victoriametrics import VictoriaMetrics

_SERIES = ("argus_process_info", "discord_shard_up", "discord_shard_count")
_MISSING = "job:discord_shards_missing:count"
_EVERY = 60
_MINUTES = 70


def give_past(store: Prometheus, jobs: Sequence[str], before: float) -> None:
    """Write the series that a server has now into the time before, as if the bots had run then.

    Parameters
    ----------
    jobs:
        The bots' names.
    before:
        When their first samples came, in seconds since 1970.
    """
    now = [(found, value) for name in _SERIES for found, value in store.query(name)]
    # A cluster's first samples, before the bot has its shards, do not name it, and some stores show them for minutes.
    now = [one for one in now if not any(one[0].items() < other[0].items() for other in now)]
    now += [({"__name__": _MISSING, "job": job}, 0.0) for job in jobs]  # which a rule records
    times = range(int(before) - _MINUTES * 60, int(before) - _EVERY, _EVERY)
    if isinstance(store, VictoriaMetrics):
        # Series keep the labels that they have: the relabelling of what is sent is for OTLP.
        body = "".join(_lines(now, times, 1000)).encode()
        urllib.request.urlopen(f"{store.url}/api/v1/import/prometheus", body, timeout=30).close()  # noqa: S310 - ours, and http
    else:
        _write_blocks(store, "".join([*_lines(now, times, 1), "# EOF\n"]))


def _lines(series: Sequence[tuple[dict[str, str], float]], times: range, unit: int) -> Iterator[str]:
    for labels, value in series:
        listed = ",".join(f'{name}="{text}"' for name, text in labels.items() if name != "__name__")
        yield from (f"{labels['__name__']}{{{listed}}} {value:g} {at * unit}\n" for at in times)


def _write_blocks(server: Prometheus, text: str) -> None:
    """Add blocks to a Prometheus, which reads them when it starts."""
    file = Path(server.directory, "past.txt")
    file.write_text(text, encoding="utf-8")
    server.stop()
    command = [installed("promtool"), "tsdb", "create-blocks-from", "openmetrics", str(file)]
    subprocess.run([*command, str(server.directory / "data")], check=True, capture_output=True, timeout=60)
    server.start()
