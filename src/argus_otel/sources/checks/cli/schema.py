"""``argus-otel checks schema``: prints the JSON Schema of a file of checks."""

from __future__ import annotations

import argparse
import json

from argus_otel.sources.checks.file.schema import schema

from . import given_file


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare no arguments."""


def run(arguments: argparse.Namespace) -> int:  # noqa: ARG001 - there are none
    """Print it; return 0."""
    print(json.dumps(schema(given_file.executors()), indent=2))
    return 0
