"""All that the distro can emit. A source's catalogue is named here, and the bridge, the command line and the documents
have it.
"""

from __future__ import annotations

from .otel.system_metrics import CATALOGUE as SYSTEM
from .sources.discord.catalogue import CATALOGUE as DISCORD
from .sources.process.catalogue import CATALOGUE as PROCESS
from .telemetry import Catalogue
from .telemetry.catalogue import CATALOGUE as ARGUS

CATALOGUES: tuple[Catalogue, ...] = (
    DISCORD,
    PROCESS,
    ARGUS,
)
"""What sources record and the bridge turns into OpenTelemetry, in the order in which the documents tell of them."""

ALL_CATALOGUES: tuple[Catalogue, ...] = (*CATALOGUES, SYSTEM)
"""These, and what OpenTelemetry's own instrumentation adds where the ``system`` extra is installed."""
