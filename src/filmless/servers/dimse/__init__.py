"""The DICOM network door: one file per service."""
