"""Doors in: bytes between sockets and the standards."""
