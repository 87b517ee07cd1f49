"""The file of checks: read, checked, described by a JSON Schema, and edited."""
