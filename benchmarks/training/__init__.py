"""Measure training runs: what a logged step costs the loop that logs it, beside others; what a framework's hooks cost
at a step that logs nothing; how long a run takes to start and to end; and what history stores.

Others run in an environment of their own, and so do the frameworks. If one is not made, a line says how to make it.
"""
