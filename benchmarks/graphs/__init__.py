"""Measure agent graphs: what is added to a node, to an agent, to a run's end and to a start, and whether memory grows.

LangGraph is the real one; only the chat model is a fake one. Each graph is compared with itself, bare, in the same
round. The parts `faults` and `detections` time nothing: they say what is recorded of small programs, and whether that
is right. A peer that is not installed is skipped, and a line says so.
"""
