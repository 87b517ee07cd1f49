"""What `argus-otel top` and the endpoint's page show of the executor."""

from argus_otel.panels import Cell, Content, Fact, Facts, Panel, View, number, rate

from .catalogue import DURATION, WAITING


def _jobs(view: View) -> Content:
    ran = view.recent.whole(DURATION).count
    jobs = Fact("jobs", Cell(rate(ran, view.interval)))
    waiting = Fact("waiting", Cell(number(view.whole.total(WAITING))))
    return (Facts((jobs, waiting)),)


PANELS = (Panel("executor", (DURATION, WAITING), _jobs, lines=1),)
