"""Agent graphs of every kind of outcome, whose telemetry tests and draws their dashboards.

================  =============================================================================
module            has
================  =============================================================================
``ledger``        what nodes, models and tools write down of themselves: what metrics agree with
``models``        LangChain's stand-ins for models: one reports tokens, one does not
``graphs``        the graphs: retries, interrupts, loops without an end, lost keys, fan-out, an agent
``visits``        what visitors ask for; each kind of visit once is a round
``program``       the process that serves rounds until it is stopped
``receptionist``  the process, as a part of the lab
================  =============================================================================
"""
