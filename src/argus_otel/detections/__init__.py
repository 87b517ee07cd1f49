"""Finds what is wrong with runs of agent graphs, and what caused it, from bounded facts. Knows no library of graphs.

A source makes facts (:mod:`.facts`) while a graph runs: names, types, lengths and digests, never values. Rules
(:mod:`.rule`) are data with one pure function each. :func:`.detect.findings_of` applies them, and :mod:`.root_cause`
walks back from a symptom to the node that caused it.
"""
