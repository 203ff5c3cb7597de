"""Small DICOM objects made for tests; every value can be overridden by keyword."""

import io
import itertools
from pathlib import Path

from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import (
    UID,
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

ROOT = "1.2.826.0.1.3680043.10.999"
_numbers = itertools.count(1)


def new_uid() -> str:
    """A UID that no other object of this run has."""
    return f"{ROOT}.{next(_numbers)}"


def ct_image(**values: object) -> Dataset:
    """A CT image of 8 x 8 pixels with the attributes that every level asks for."""
    image = Dataset()
    image.SpecificCharacterSet = "ISO_IR 192"
    image.SOPClassUID = CTImageStorage
    image.SOPInstanceUID = new_uid()
    image.StudyInstanceUID = new_uid()
    image.SeriesInstanceUID = new_uid()
    image.PatientName = "Test^Anna"
    image.PatientID = "P1"
    image.PatientBirthDate = "19700102"
    image.PatientSex = "F"
    image.StudyDate = "20260102"
    image.StudyTime = "101112"
    image.AccessionNumber = "A1"
    image.StudyDescription = "Head"
    image.StudyID = "1"
    image.Modality = "CT"
    image.SeriesNumber = 1
    image.SeriesDescription = "Axial"
    image.InstanceNumber = 1
    image.Rows = image.Columns = 8
    image.SamplesPerPixel = 1
    image.PhotometricInterpretation = "MONOCHROME2"
    image.BitsAllocated = image.BitsStored = 16
    image.HighBit = 15
    image.PixelRepresentation = 0
    image.PixelData = bytes(range(128))
    for keyword, value in values.items():
        setattr(image, keyword, value)
    return image


def series(count: int, **values: object) -> list[Dataset]:
    """Images of one series of one study, numbered from 1."""
    common = {"StudyInstanceUID": new_uid(), "SeriesInstanceUID": new_uid(), **values}
    return [ct_image(InstanceNumber=number, **common) for number in range(1, count + 1)]


def data_set_bytes(image: Dataset, transfer_syntax_uid: str = ExplicitVRLittleEndian) -> bytes:
    """The data set alone, as it goes over the wire."""
    whole = part10_bytes(image, transfer_syntax_uid)
    return whole[head_length(whole) :]


def head_length(part10: bytes) -> int:
    """Bytes of preamble, DICM and group 0002 of a file made here."""
    return 128 + 4 + 12 + int.from_bytes(part10[140:144], "little")


def part10_bytes(image: Dataset, transfer_syntax_uid: str = ExplicitVRLittleEndian) -> bytes:
    """A whole Part 10 file."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = image.SOPClassUID
    meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
    meta.TransferSyntaxUID = UID(transfer_syntax_uid)
    target = io.BytesIO()
    syntax = meta.TransferSyntaxUID
    encoding = {"is_implicit_VR": syntax.is_implicit_VR, "is_little_endian": syntax.is_little_endian}
    file = FileDataset(target, dict(image), file_meta=meta, preamble=b"\0" * 128, **encoding)
    file.save_as(target, enforce_file_format=True)
    return target.getvalue()


def write_file(folder: Path, image: Dataset, transfer_syntax_uid: str = ExplicitVRLittleEndian) -> Path:
    """A Part 10 file below a folder, named by its instance."""
    path = folder / f"{image.SOPInstanceUID}.dcm"
    path.write_bytes(part10_bytes(image, transfer_syntax_uid))
    return path


NATIVE_SYNTAXES = (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
)
