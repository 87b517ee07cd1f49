"""Measure service checks: what a probe costs, how true its duration is, and whether 10,000 of them run in time.

The service that is probed is a process of its own, and so is each prober. The measured one has a core for itself; the
service, and everything that only measures, has another.
"""
