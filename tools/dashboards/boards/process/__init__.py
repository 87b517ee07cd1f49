"""The dashboards of a process: its event loop, its log and its resources."""
