"""Faults that watchers of graphs have had: each a small program, and a verdict on what was recorded of it.

A program runs in a process of its own for each watcher. The verdict is code, too: nothing in the table is written by
hand.
"""
