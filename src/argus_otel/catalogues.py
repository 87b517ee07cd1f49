"""Everything that the distro and the installed sources emit: for documents, the command line and tests.

A process that observes something loads the catalogues of its active sources only; see :mod:`.runtime`.
"""

from __future__ import annotations

from functools import partial
from typing import cast

from .discovery import Problem, installed, load
from .telemetry import Catalogue
from .telemetry.catalogue import CATALOGUE as ARGUS
from .telemetry.guard import attempt


def _load(problems: list[Problem]) -> list[Catalogue]:
    found: list[Catalogue] = []
    for name, spec in installed().specs.items():
        failures: list[str] = []
        catalogue = cast("Catalogue | None", attempt(partial(load, spec.catalogue), failures.append))
        problems += [Problem(name, f"its catalogue {spec.catalogue} cannot be loaded: {reason}") for reason in failures]
        if catalogue is not None:
            found.append(catalogue)
    return found


_problems: list[Problem] = []
_of_sources = _load(_problems)

CATALOGUES: tuple[Catalogue, ...] = (*(each for each in _of_sources if not each.external), ARGUS)
"""Every catalogue of signals of ours, in the order in which the documents list them."""

EXTERNAL: tuple[Catalogue, ...] = tuple(each for each in _of_sources if each.external)
"""The catalogues of what OpenTelemetry's own instrumentations emit on behalf of a source."""

PROBLEMS: tuple[Problem, ...] = tuple(_problems)
"""The sources whose catalogue cannot be loaded."""
