"""How an object is presented beside its pixel values: overlays, shutters, presentation states (PS3.3 C.9 to C.11)."""
