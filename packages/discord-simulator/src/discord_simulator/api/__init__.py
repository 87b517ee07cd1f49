"""The REST API, version 10: one module for each group of routes."""
