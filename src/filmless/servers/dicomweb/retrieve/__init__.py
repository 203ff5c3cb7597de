"""WADO-RS: what leaves as it is stored or decoded: instances, metadata, bulk data (PS3.18 10.4)."""
