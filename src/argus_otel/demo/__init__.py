"""The demos: something that counts what it does, a program that argus-otel observes, and both counts side by side.

The demo of Discord, in this folder, has a simulated Discord and an ordinary bot under load. That of service checks, in
:mod:`~argus_otel.demo.checks`, has services on loopback and an agent that probes them. That of agent graphs, in
:mod:`~argus_otel.demo.graphs`, has models on loopback and a support agent that asks them.
"""
