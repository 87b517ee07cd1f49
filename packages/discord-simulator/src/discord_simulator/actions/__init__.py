"""The simulator's methods that make users, moderators and Discord itself act, by subject."""
