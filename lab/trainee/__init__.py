"""Training runs of every kind of outcome, whose telemetry tests and draws their dashboards.

===========  ==============================================================================
module       has
===========  ==============================================================================
``lessons``  the loops: a long one, and short ones that end in each way
``program``  the process that trains until it is stopped
``trainee``  the process, as a part of the lab
===========  ==============================================================================
"""
