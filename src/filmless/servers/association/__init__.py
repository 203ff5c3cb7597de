"""Associations that peers open: accepted, negotiated, their messages served one after the other (PS3.7, PS3.8)."""
