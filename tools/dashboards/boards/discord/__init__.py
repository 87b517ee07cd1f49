"""The dashboards of Discord bots."""
