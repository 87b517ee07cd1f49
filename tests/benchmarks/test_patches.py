"""Patches in discord.py are found, applied and reverted."""

from __future__ import annotations

import discord
import pytest

from benchmarks.patches import Patches


def test_changes_are_undone_and_made_again() -> None:
    before = discord.Client.dispatch

    def change() -> None:
        discord.Client.dispatch = lambda *_: None  # type: ignore[method-assign]
        discord.Client.added = True  # type: ignore[attr-defined]

    patches = Patches(change)
    after = discord.Client.dispatch
    for _ in range(2):
        patches.take_out()
        assert discord.Client.dispatch is before
        assert not hasattr(discord.Client, "added")
        patches.put_in()
        assert discord.Client.dispatch is after
        assert discord.Client.added  # type: ignore[attr-defined]
    patches.take_out()


def test_what_changes_nothing_is_told_of() -> None:
    with pytest.raises(RuntimeError, match="nothing of discord"):
        Patches(lambda: None)
