"""The process source: what is true of a bot's process, whatever it talks to. One file a subject."""

from .source import ProcessSource

__all__ = ["ProcessSource"]
