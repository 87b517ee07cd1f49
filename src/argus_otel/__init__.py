"""OpenTelemetry for discord.py bots."""
