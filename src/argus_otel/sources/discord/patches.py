"""Hooks in discord.py: what every source has for that, under the name that the hook files here know."""

from __future__ import annotations

from argus_otel.sources.patches import Function, Hooks, Patch, resolve

__all__ = ["Function", "Hooks", "Patch", "resolve"]
