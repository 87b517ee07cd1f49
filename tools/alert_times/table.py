"""The results, in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .paths import MetricsPath
from .watch import Watch, Webhook

HEADINGS = {
    "cluster-killed": "A cluster is killed",
    "cluster-stopped": "A cluster ends by SIGTERM",
    "bot-killed": "The only process is killed",
    "bot-stopped": "The only process ends by SIGTERM",
}
"""By a bot's name."""


def lines(paths: Sequence[MetricsPath], ended: dict[str, float], watch: Watch, webhook: Webhook) -> Iterator[str]:
    """Yield the table's lines: alerts by path and bot, with the minutes until they fired and until a message came.

    Parameters
    ----------
    ended:
        When each bot's process ended, in seconds since 1970.
    """
    yield "| | Its series are shown for | " + " | ".join(HEADINGS[job] for job in ended) + " |"
    yield "|---|---:|" + "---|" * len(ended)
    for number, path in enumerate(paths):
        cells: list[str] = []
        for job, end in ended.items():
            fired = {alert: at - end for (name, of, alert), at in watch.fired.items() if (name, of) == (path.name, job)}
            told = {alert: at - end for (of, to, alert), at in webhook.told.items() if (of, to) == (number, job)}
            cells.append(_cell(fired, told))
        shown = [
            watch.vanished[path.name, job] - end for job, end in ended.items() if (path.name, job) in watch.vanished
        ]
        yield f"| {path.name} | {_span(shown)} | " + " | ".join(cells) + " |"


def _cell(fired: dict[str, float], told: dict[str, float]) -> str:
    if not fired:
        return "**none**"
    return ", ".join(
        f"{alert} {_minutes(after)}" + (f" (message {_minutes(told[alert])})" if alert in told else "")
        for alert, after in sorted(fired.items(), key=lambda one: one[1])
    )


def _span(seconds: Sequence[float]) -> str:
    return f"{min(seconds):.0f} to {max(seconds):.0f} s" if seconds else "for ever"


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
