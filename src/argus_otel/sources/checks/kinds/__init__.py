"""The executors, one file for each type of check."""
