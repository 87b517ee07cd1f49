"""Everything that the distro and the installed sources emit: for documents, the command line and tests.

A process that observes something loads the catalogues of its active sources only; see :mod:`.runtime`.
"""

from __future__ import annotations

from typing import cast

from .discovery import installed, load
from .telemetry import Catalogue
from .telemetry.catalogue import CATALOGUE as ARGUS

CATALOGUES: tuple[Catalogue, ...] = (
    *(cast("Catalogue", load(spec.catalogue)) for spec in installed().specs.values()),
    ARGUS,
)
"""Every catalogue, in the order in which the documents list them."""
