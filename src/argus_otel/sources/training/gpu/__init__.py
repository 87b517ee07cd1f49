"""The GPUs of a process that trains: what the driver tells of them, and how much of their memory torch holds."""
