"""Tests of a source, for its author: the source on the real SDK, and the contract that every source has to pass.

Needs pytest: ``pip install 'argus-otel[testing]'``. ::

    from argus_otel.testing import SourceContract

    class TestContract(SourceContract):
        source = "queue"
        modules = ("queue",)

        def exercise(self):
            ...  # use what is observed, in every way; return what the program sees of it
"""

from __future__ import annotations

from .contract import SourceContract
from .observation import Observation, observe
from .waiting import until

__all__ = ["Observation", "SourceContract", "observe", "until"]
