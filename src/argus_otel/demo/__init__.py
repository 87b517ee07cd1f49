"""The demo: a simulated Discord, an ordinary bot under load, and the ledger held against the metrics."""
