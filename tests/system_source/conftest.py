"""Programs in processes of their own, as the tests of the bridge run them."""

from tests.otel.conftest import environment, program

__all__ = ["environment", "program"]
