"""The bridge: the only code that exports the neutral layer's instruments through OpenTelemetry."""
