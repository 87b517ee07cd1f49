"""The panel of ``argus-otel top``, in one line."""

from rich.text import Text

from argus_otel.terminal.panels import Panel, View

from .catalogue import DURATION, WAITING


def _jobs(view: View) -> Text:
    ran = view.recent.total(DURATION) or 0.0
    rate = f"{ran / view.interval:.1f} jobs/s" if view.interval else f"{ran:.0f} jobs"
    return Text(f"executor  {rate}   {view.whole.total(WAITING) or 0:.0f} waiting")


PANELS = (Panel("executor", (DURATION, WAITING), _jobs, lines=1),)
