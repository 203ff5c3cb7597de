"""What PS3 says, as pure functions and tables."""
