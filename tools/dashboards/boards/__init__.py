"""The dashboards, in the order of the questions: is it well, what do users feel, why."""

from __future__ import annotations

from .fleet import BOARD as FLEET
from .gateway import BOARD as GATEWAY
from .guilds import BOARD as GUILDS
from .interactions import BOARD as INTERACTIONS
from .traces import BOARD as TRACES

ALL = (FLEET, INTERACTIONS, GATEWAY, TRACES, GUILDS)
