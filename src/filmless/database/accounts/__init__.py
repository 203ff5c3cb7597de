"""People at the door: accounts, sessions, tokens."""
