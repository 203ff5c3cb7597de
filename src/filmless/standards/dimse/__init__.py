"""DIMSE messages without I/O (PS3.7)."""
