"""Rendered resources: pictures of what is stored (PS3.18 10.4.1.1.3)."""
