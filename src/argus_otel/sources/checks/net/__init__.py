"""Connections whose every phase is timed: the name, the address, TLS."""
