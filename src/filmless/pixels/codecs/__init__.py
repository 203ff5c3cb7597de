"""One file per family of pixel encodings; ``pixels/decode.py`` has the table."""
