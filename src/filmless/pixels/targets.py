"""The transfer syntaxes in which frames can be compressed here (PS3.5 8.2, 10); imports no pixel library."""

from filmless.standards.dicom.transfer_syntaxes import (
    HTJ2K_LOSSLESS,
    HTJ2K_LOSSLESS_RPCL,
    JPEG_2000_LOSSLESS,
    JPEG_BASELINE,
    JPEG_LOSSLESS_SV1,
    JPEG_LS_LOSSLESS,
    RLE_LOSSLESS,
)

LOSSLESS = (
    HTJ2K_LOSSLESS,
    HTJ2K_LOSSLESS_RPCL,
    JPEG_LS_LOSSLESS,
    JPEG_2000_LOSSLESS,
    JPEG_LOSSLESS_SV1,
    RLE_LOSSLESS,
)
"""What is decoded from these is what was compressed, bit for bit; the one that is made fastest comes first."""

LOSSY = (JPEG_BASELINE,)
"""For single frames only, and only for who names it: an instance that has lost something is another instance."""
