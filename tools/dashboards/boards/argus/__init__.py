"""The dashboards of argus-otel itself."""
