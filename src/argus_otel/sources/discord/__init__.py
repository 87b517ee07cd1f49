"""The Discord source: what discord.py does, told in the neutral layer's nouns. One hook file a subject."""

from .source import DiscordSource

__all__ = ["DiscordSource"]
