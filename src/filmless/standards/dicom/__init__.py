"""The tables of DICOM, and what single values mean: dictionary, transfer syntaxes, SOP classes, UIDs, text (PS3.6)."""
