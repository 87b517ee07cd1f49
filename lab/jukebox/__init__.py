"""A busy bot with the real components behind it, whose telemetry tests and draws the dashboards.

=========  ======================================================================================
module     has
=========  ======================================================================================
``bot``    the bot, which uses every feature of discord.py
``cogs``   its extensions
``crowd``  its users, and the faults of the simulated Discord
``world``  the bot's processes, the Collector, two Prometheus servers, ClickHouse; months of history
=========  ======================================================================================
"""
