"""What the commands of ``argus-otel`` and those of sources share on a terminal. Imports no source."""
