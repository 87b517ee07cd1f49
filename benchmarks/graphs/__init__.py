"""Measure agent graphs: what is added to a node, to an agent, to a run's end and to a start, and whether memory grows.

LangGraph is the real one; only the chat model is a fake one. Each graph is compared with itself, bare, in the same
round. A peer that is not installed is skipped, and a line says so.
"""
