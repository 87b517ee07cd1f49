"""Helps authors of sources test them: a source on the real SDK, and the contract that every source must pass.

Needs pytest: ``pip install 'argus-otel[testing]'``. ::

    from argus_otel.testing import SourceContract

    class TestContract(SourceContract):
        source = "queue"
        modules = ("queue",)

        def exercise(self):
            ...  # use the observed library in every way, and return the results that the program gets
"""

from __future__ import annotations

from .contract import SourceContract
from .observation import Observation, observe
from .waiting import until, until_async

__all__ = ["Observation", "SourceContract", "observe", "until", "until_async"]
