"""The demo of service checks: services with a ledger, an agent that probes them, and the ledger beside its metrics."""
