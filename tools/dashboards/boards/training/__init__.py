"""The dashboards of training runs: how they go now, each run with its curves, runs compared, and GPUs."""
