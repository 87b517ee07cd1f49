"""The ways of rows to where history lives, one file each."""
