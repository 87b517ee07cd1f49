"""Service checks of every kind of outcome, whose telemetry tests and draws their dashboards.

============  =================================================================================
module        has
============  =================================================================================
``services``  the services on loopback: good, slow, failing, alternating, hanging, with TLS; DNS
``agent``     the program that runs the checks, and subscribes to their changes
``lookout``   the agent's process, its file of checks, and the job that calls in
============  =================================================================================
"""
