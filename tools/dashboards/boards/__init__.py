"""The dashboards, in the order of the questions: is it well, what do users feel, why."""

from __future__ import annotations

from .fleet import BOARD as FLEET

ALL = (FLEET,)
