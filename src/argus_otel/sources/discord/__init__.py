"""Observes discord.py bots, and its forks in part. This file is the specification, and imports nothing else."""

from __future__ import annotations

from argus_otel.sources.spec import SourceSpec

SPEC = SourceSpec(
    "discord",
    api=1,
    title="discord.py",
    factory="argus_otel.sources.discord.source:DiscordSource",
    catalogue="argus_otel.sources.discord.catalogue:CATALOGUE",
    libraries=("discord.py>=2.4.0a0,<3", "py-cord>=2.6.0a0,<3", "nextcord>=2.6.0a0,<4", "disnake>=2.9.0a0,<3"),
    imports=("discord", "nextcord", "disnake"),
    activates="first_use",
    prefixes=("discord",),
    settings="argus_otel.sources.discord.settings:DiscordSettings",
    resource="argus_otel.sources.discord.resource:attributes",
    references="argus_otel.sources.discord.references:REFERENCES",
    history="argus_otel.sources.discord.history:MODEL",
    commands="argus_otel.sources.discord.cli:COMMANDS",
    panels="argus_otel.sources.discord.panels:PANELS",
    doctor="argus_otel.sources.discord.cli.doctor:CHECKS",
    assets="argus_otel:shipped",
)
