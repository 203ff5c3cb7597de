"""Data sets written by pydicom in every native encoding, as they go over the wire."""

import zlib

from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian


def encoded(data_set: Dataset, transfer_syntax_uid: str) -> bytes:
    """The bytes of a data set in a native transfer syntax."""
    target = DicomBytesIO()
    target.is_little_endian = transfer_syntax_uid != ExplicitVRBigEndian
    target.is_implicit_VR = transfer_syntax_uid == ImplicitVRLittleEndian
    write_dataset(target, data_set)
    written: bytes = target.getvalue()
    if transfer_syntax_uid != DeflatedExplicitVRLittleEndian:
        return written
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(written) + packer.flush()
