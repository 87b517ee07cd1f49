"""Voice: what Discord's voice servers do, short of mixing audio."""
