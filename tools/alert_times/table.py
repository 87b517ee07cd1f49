"""The results, in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

HEADINGS = {
    "cluster-killed": "A cluster is killed",
    "cluster-stopped": "A cluster ends by SIGTERM",
    "bot-killed": "The only process is killed",
    "bot-stopped": "The only process ends by SIGTERM",
}
"""By a bot's name."""


def lines(
    paths: Sequence[str],
    ended: Mapping[str, float],
    vanished: Mapping[tuple[str, str], float],
    fired: Mapping[tuple[str, str, str], float],
    told: Mapping[tuple[int, str, str], float],
) -> Iterator[str]:
    """Yield the table's lines: alerts by path and bot, with the minutes until they fired and until a message came.

    All times are in seconds since 1970.

    Parameters
    ----------
    paths:
        The rows.
    ended:
        When each bot's process ended.
    vanished:
        When a path no longer showed it, by path and bot.
    fired:
        When alerts fired, by path, bot and alert.
    told:
        When messages about alerts came, by the path's number, bot and alert.
    """
    yield "| | Its series are shown for | " + " | ".join(HEADINGS[job] for job in ended) + " |"
    yield "|---|---:|" + "---|" * len(ended)
    for number, path in enumerate(paths):
        cells = [
            _cell(
                {alert: at - end for (of, to, alert), at in fired.items() if (of, to) == (path, job)},
                {alert: at - end for (of, to, alert), at in told.items() if (of, to) == (number, job)},
            )
            for job, end in ended.items()
        ]
        shown = [vanished[path, job] - end for job, end in ended.items() if (path, job) in vanished]
        yield f"| {path} | {_span(shown)} | " + " | ".join(cells) + " |"


def _cell(fired: Mapping[str, float], told: Mapping[str, float]) -> str:
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
