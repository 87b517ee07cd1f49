"""Everything that the distro and the installed sources emit: for documents, the command line and tests.

A process that observes something loads the catalogues of its active sources only; see :mod:`.runtime`.
"""

from __future__ import annotations

from .discovery import Problem, load_each
from .telemetry import Catalogue
from .telemetry.catalogue import CATALOGUE as ARGUS

_loaded = list(load_each("catalogue"))
_of_sources: list[Catalogue] = [catalogue for _, catalogue, reason in _loaded if reason is None]

CATALOGUES: tuple[Catalogue, ...] = (*(each for each in _of_sources if not each.external), ARGUS)
"""Every catalogue, in the order in which the documentation lists them."""

EXTERNAL: tuple[Catalogue, ...] = tuple(each for each in _of_sources if each.external)
"""The catalogues of what OpenTelemetry's own instrumentations emit on behalf of a source."""

PROBLEMS: tuple[Problem, ...] = tuple(
    Problem(spec.name, f"its catalogue {spec.catalogue} cannot be loaded: {reason}")
    for spec, _, reason in _loaded
    if reason is not None
)
"""The sources whose catalogue cannot be loaded."""
