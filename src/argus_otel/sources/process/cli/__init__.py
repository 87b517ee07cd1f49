"""Adds the process itself to ``argus-otel top``."""
