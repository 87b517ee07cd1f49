"""Adds the use of the machine to ``argus-otel top``."""
