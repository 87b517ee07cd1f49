"""The bridge: the only code that turns the neutral layer's nouns into OpenTelemetry."""
