"""Runs programs in processes of their own, as the tests of the bridge do."""

from tests.otel.conftest import environment, program

__all__ = ["environment", "program"]
