"""Metadata of series: bundles that are sent as they are kept, and how they are made."""
