"""Measures which alert tells of a process that has ended for good, and after how long: ``python -m tools.alert_times``.

Bots of four shards end, by SIGKILL and by SIGTERM, as one of two clusters and as the only process. All paths from a bot
to an alert run side by side, with the rules, the Collector's configuration and Alertmanager's as they ship: scrapes and
exports every 15 s, an evaluation every minute.

==========  ======================================================================
module      has
==========  ======================================================================
``bots``    the bots, their processes, and how each ends
``paths``   the paths from them to an alert: a store of metrics, and what runs rules
``past``    an hour of the same series before the start, which the rules look back at
``watch``   asks all of them what fires, until nothing more is to come
``table``   the results, in Markdown
==========  ======================================================================
"""
