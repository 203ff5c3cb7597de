"""The DICOM upper layer without I/O (PS3.8)."""
