"""Coercion on reception: what a site wants to be different from what its modalities send (PS3.4 B.4.1.3)."""
