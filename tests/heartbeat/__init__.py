"""The calls of a monitor's URL."""
