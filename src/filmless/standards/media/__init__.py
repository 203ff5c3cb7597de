"""Media: File-sets and their directories (PS3.10, PS3.3 F)."""
