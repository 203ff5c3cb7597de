"""Data sets changed without being copied: what is written anew, and which bytes stay as they are."""
