"""What argus-otel costs, measured as ratios in one run, each with an A/A control."""
