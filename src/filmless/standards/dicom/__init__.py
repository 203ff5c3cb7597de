"""Data sets: encoding, dictionary, transfer syntaxes, SOP classes, frames, DICOM JSON (PS3.5, 3.6, 3.10, 3.18)."""
