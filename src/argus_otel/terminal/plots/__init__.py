"""Draws curves: in a terminal by characters, and as SVG."""
