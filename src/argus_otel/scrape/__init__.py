"""Reads what an endpoint serves: the page in Prometheus' text format, and `/status`. Imports no source."""
