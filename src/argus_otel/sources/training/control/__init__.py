"""Control of runs on their host: a directory in which each run tells of itself, and is told to stop.

No server, no port: a file that a run keeps under a lock, and one that it looks for each second.
"""
