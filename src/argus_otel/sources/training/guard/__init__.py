"""The guard of training runs: rules on what they log, and what notices that one stands still."""
