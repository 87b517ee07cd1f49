"""From the observed code to the store: buffer, flush thread, delivery, spool and exporters; without OpenTelemetry."""
