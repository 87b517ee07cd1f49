"""The dashboards of service checks: all checks, and one check."""
