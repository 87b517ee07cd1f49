"""Everything that the distro and the installed sources emit: for documents, the command line and tests.

A process that observes something loads the catalogues of its active sources only; see :mod:`.runtime`.
"""

from __future__ import annotations

from typing import cast

from .discovery import installed, load
from .telemetry import Catalogue
from .telemetry.catalogue import CATALOGUE as ARGUS

_OF_SOURCES = [cast("Catalogue", load(spec.catalogue)) for spec in installed().specs.values()]

CATALOGUES: tuple[Catalogue, ...] = (*(each for each in _OF_SOURCES if not each.external), ARGUS)
"""Every catalogue of signals of ours, in the order in which the documents list them."""

EXTERNAL: tuple[Catalogue, ...] = tuple(each for each in _OF_SOURCES if each.external)
"""The catalogues of what OpenTelemetry's own instrumentations emit on behalf of a source."""
