"""The rows of what is kept: recorded, read, checked."""
