"""Filmless and an open peer, the same work in turn, the ratio repeat by repeat."""
