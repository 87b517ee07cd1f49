"""The one line at the start: what is observed, where it is exported, and what does not work."""

from __future__ import annotations

from collections.abc import Sequence

from .telemetry import Health, State
from .version import __version__


def announcement(health: Health, observed: Sequence[str], endpoint: str | None, *, heartbeat: bool) -> str:
    """Return the line.

    Parameters
    ----------
    observed:
        A phrase for each active source, such as ``42 hooks in discord.py 2.7.1``.
    endpoint:
        The endpoint's URL, or ``None`` if it is not served.
    heartbeat:
        Whether a monitor is called.
    """
    exported = [
        name.removeprefix("exporter:") + (f" ({part.detail})" if part.detail else "")
        for name, part in health.parts("exporter:").items()
        if part.state is State.OK and not name.endswith(" prometheus")
    ]
    if endpoint is not None:
        exported.insert(0, f"endpoint {endpoint}")
    if heartbeat:
        exported.append("heartbeat")
    line = f"argus-otel {__version__}: {', '.join(observed) or 'nothing is observed'}"
    line += f"; {', '.join(exported) or 'nothing is exported'}"
    failed = [
        name
        for name, part in health.parts().items()
        if part.state is State.FAILED or (part.state is State.ABSENT and not part.expected)
    ]
    if failed:
        line += f"; not working: {', '.join(failed)} (argus-otel doctor says why)"
    return line
