"""Doors out: send, find and echo at peers."""
