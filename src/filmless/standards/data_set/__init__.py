"""Data sets as bytes: elements, sequences, frames, what is read in one pass, DICOM JSON (PS3.5, 3.10, 3.18 F)."""
