"""All that the distro can emit. A source's catalogue is named here, and the bridge, the command line and the documents
have it.
"""

from __future__ import annotations

from .sources.discord.catalogue import CATALOGUE as DISCORD
from .telemetry import Catalogue
from .telemetry.catalogue import CATALOGUE as ARGUS

CATALOGUES: tuple[Catalogue, ...] = (
    DISCORD,
    ARGUS,
)
"""Every catalogue, in the order in which the documents tell of them."""
