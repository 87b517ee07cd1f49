"""Extensions of the jukebox: one that loads, and one that does not."""
