"""The dashboards, in the order of the questions: is it well, what do users feel, why."""

from __future__ import annotations

from .distro import BOARD as DISTRO
from .fleet import BOARD as FLEET
from .gateway import BOARD as GATEWAY
from .guilds import BOARD as GUILDS
from .interactions import BOARD as INTERACTIONS
from .rest import BOARD as REST
from .runtime import BOARD as RUNTIME
from .traces import BOARD as TRACES

ALL = (FLEET, INTERACTIONS, GATEWAY, REST, RUNTIME, TRACES, GUILDS, DISTRO)
