"""The contract for the system source; :mod:`.test_contract_system` runs it in a process of its own."""

from __future__ import annotations

import gc

from argus_otel.testing import SourceContract, observe


def test_what_the_process_uses_is_measured() -> None:
    """Before the contract: the instrumentation stays with the first provider."""
    with observe("system") as observed:
        assert observed.value("process.memory.virtual") > 1 << 20
    assert "process.memory.virtual" not in observed.points()


class TestContract(SourceContract):
    source = "system"

    def exercise(self) -> object:
        return isinstance(gc.collect(), int)
