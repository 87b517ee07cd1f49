"""All that the distro itself emits. A source's catalogue is named here, and the bridge, the command line and the
documents have it.
"""

from __future__ import annotations

from .sources.discord.catalogue import CATALOGUE as DISCORD
from .sources.process.catalogue import CATALOGUE as PROCESS
from .telemetry import Catalogue
from .telemetry.catalogue import CATALOGUE as ARGUS

CATALOGUES: tuple[Catalogue, ...] = (
    DISCORD,
    PROCESS,
    ARGUS,
)
"""Every catalogue, in the order in which the documents tell of them."""
