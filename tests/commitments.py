"""Lists of instances to be kept safe, as peers send them."""

import io
from collections.abc import Iterable

from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.sequence import Sequence
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, ImplicitVRLittleEndian


def asked(transaction_uid: str, instance_uids: Iterable[str], sop_class_uid: str = CTImageStorage) -> Dataset:
    """The Action Information of a request."""
    items = []
    for uid in instance_uids:
        item = Dataset()
        item.ReferencedSOPClassUID = sop_class_uid
        item.ReferencedSOPInstanceUID = uid
        items.append(item)
    found = Dataset()
    found.TransactionUID = transaction_uid
    found.ReferencedSOPSequence = Sequence(items)
    return found


def encoded(data_set: Dataset, transfer_syntax_uid: str = ExplicitVRLittleEndian) -> bytes:
    """The bytes of a data set."""
    target = DicomBytesIO()
    target.is_little_endian, target.is_implicit_VR = True, transfer_syntax_uid == ImplicitVRLittleEndian
    write_dataset(target, data_set)
    assert isinstance(target, io.BytesIO | DicomBytesIO)
    return target.getvalue()
