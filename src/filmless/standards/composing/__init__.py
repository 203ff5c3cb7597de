"""Instances put together from metadata and bulk data (PS3.18 10.5, 8.6.1)."""
