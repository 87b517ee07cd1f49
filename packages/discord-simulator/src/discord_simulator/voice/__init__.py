"""Discord's voice servers, except for mixing audio."""
