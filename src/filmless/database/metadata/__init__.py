"""Metadata bundles of series as rows, and the studies that wait for theirs."""
