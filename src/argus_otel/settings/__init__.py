"""One settings object, resolved once: keyword arguments, then ``ARGUS_*``, then ``OTEL_*``, then defaults.

A setting is described in one place, its :class:`Setting` in a :class:`Table`. The values, their types, the keywords of
:func:`argus_otel.instrument`, the documentation, ``argus-otel doctor`` and the redaction are all derived from it.

No other module reads the environment for a setting. (The OTLP exporters of OpenTelemetry read their own
``OTEL_EXPORTER_OTLP_*`` variables, as they do everywhere; only those that decide *whether* to export are read here.)
"""

from __future__ import annotations

from .distro import DEFAULT_HOST, HEARTBEAT_PLACEHOLDERS, PARENT_SERVICE, Settings, all_settings
from .history_rules import DEFAULT_STORE as DEFAULT_HISTORY_STORE
from .ports import DEFAULT_PORT, DEFAULT_PORTS, Ports
from .setting import Origin, Setting, Table

__all__ = [
    "DEFAULT_HISTORY_STORE",
    "DEFAULT_HOST",
    "DEFAULT_PORT",
    "HEARTBEAT_PLACEHOLDERS",
    "DEFAULT_PORTS",
    "PARENT_SERVICE",
    "Ports",
    "Origin",
    "Setting",
    "Settings",
    "Table",
    "all_settings",
]
