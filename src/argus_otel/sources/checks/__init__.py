"""Service checks."""
