"""A busy bot with the real parts behind it, whose telemetry dashboards are tested on and drawn from.

=========  ======================================================================================
module     has
=========  ======================================================================================
``bot``    the bot, which does everything that a bot can do
``cogs``   its extensions
``crowd``  its users, and the faults of the simulated Discord
``world``  the bot's processes, the Collector, two Prometheus servers, ClickHouse; months of history
=========  ======================================================================================
"""
