"""Models in which data sets are written for the web: DICOM JSON (PS3.18 F) and the Native DICOM Model (PS3.19 A.1)."""
