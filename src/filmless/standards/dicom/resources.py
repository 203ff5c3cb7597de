"""Addresses of DICOMweb resources below the root of a service (PS3.18 Table 9.1-1 and 10.1.1)."""


def instance_path(study_uid: str, series_uid: str, instance_uid: str) -> str:
    """Where an instance is."""
    return f"/studies/{study_uid}/series/{series_uid}/instances/{instance_uid}"
