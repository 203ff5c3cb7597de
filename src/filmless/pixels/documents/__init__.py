"""Documents as people read them: structured reports and key images (PS3.3 C.17)."""
