"""Calls a monitor's URL each minute, only while the program works: the monitor alerts when the calls stop.

For programs that no Prometheus can reach. Uptime Kuma calls this a push monitor, others a heartbeat or a cron check.
"""

from __future__ import annotations

from .heartbeat import Heartbeat

__all__ = ["Heartbeat"]
