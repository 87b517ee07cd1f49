"""Reads the logs of other tools, which need not be installed, and makes rows of history of them."""
