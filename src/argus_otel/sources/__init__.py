"""Sources: what is observed. Each knows its subject and the neutral layer, and no other source."""
