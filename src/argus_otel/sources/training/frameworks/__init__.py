"""The hooks in the frameworks, one file for each. None of them imports its framework: it is placed at its import."""
