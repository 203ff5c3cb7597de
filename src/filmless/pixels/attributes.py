"""The attributes that shape a picture, read from a header without ever failing on one of them.

Our own scan finds them, for a tenth of what pydicom's reader takes; pydicom then makes values of those asked for.
"""

import math
import struct
from collections.abc import Iterator
from functools import lru_cache

from pydicom import config
from pydicom.charset import convert_encodings, default_encoding
from pydicom.dataelem import DataElement, RawDataElement, convert_raw_data_element
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag, Tag

from filmless.pixels.errors import CannotRender, Reason
from filmless.pixels.pixel_module import PixelModule, pixel_module
from filmless.standards.data_set.fault import Fault
from filmless.standards.data_set.scanner import SPECIFIC_CHARACTER_SET, Scan, scan
from filmless.standards.dicom.transfer_syntaxes import (
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)

NUMBERS = (
    "SamplesPerPixel",
    "PlanarConfiguration",
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
)
DESCRIPTION = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyDescription",
    "SeriesDescription",
    "SeriesNumber",
    "InstanceNumber",
    "KVP",
    "XRayTubeCurrent",
    "Exposure",
    "RepetitionTime",
    "EchoTime",
    "SliceThickness",
)
"""What annotations say."""
WANTED = (
    *NUMBERS,
    *DESCRIPTION,
    "SpecificCharacterSet",
    "SOPClassUID",
    "Modality",
    "NumberOfFrames",
    "PhotometricInterpretation",
    "PixelAspectRatio",
    "PixelSpacing",
    "ImagerPixelSpacing",
    "NominalScannedPixelSpacing",
    "PixelPaddingValue",
    "PixelPaddingRangeLimit",
    "FloatPixelPaddingValue",
    "FloatPixelPaddingRangeLimit",
    "DoubleFloatPixelPaddingValue",
    "DoubleFloatPixelPaddingRangeLimit",
    "RescaleIntercept",
    "RescaleSlope",
    "ModalityLUTSequence",
    "WindowCenter",
    "WindowWidth",
    "VOILUTFunction",
    "VOILUTSequence",
    "PresentationLUTShape",
    "ICCProfile",
    "OpticalPathSequence",
    "FrameTime",
    "FrameTimeVector",
    "RecommendedDisplayFrameRate",
    "CineRate",
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
    *(f"{colour}PaletteColorLookupTableDescriptor" for colour in ("Red", "Green", "Blue")),
    *(f"{colour}PaletteColorLookupTableData" for colour in ("Red", "Green", "Blue")),
    *(f"Segmented{colour}PaletteColorLookupTableData" for colour in ("Red", "Green", "Blue")),
)
PLACED = (
    "SOPInstanceUID",
    "FrameOfReferenceUID",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "GridFrameOffsetVector",
    "DoseGridScaling",
    "SegmentationType",
    "SegmentSequence",
    "MaximumFractionalValue",
    "TotalPixelMatrixColumns",
    "TotalPixelMatrixRows",
)
"""Where pixels lie, and what they measure."""
PRESENTED = (
    "ReferencedSeriesSequence",
    "PresentationLUTSequence",
    "SoftcopyVOILUTSequence",
    "PaletteColorLookupTableUID",
    "DisplayedAreaSelectionSequence",
    "ImageRotation",
    "ImageHorizontalFlip",
    "GraphicAnnotationSequence",
    "GraphicLayerSequence",
    "MaskSubtractionSequence",
    "ShutterShape",
    "ShutterLeftVerticalEdge",
    "ShutterRightVerticalEdge",
    "ShutterUpperHorizontalEdge",
    "ShutterLowerHorizontalEdge",
    "CenterOfCircularShutter",
    "RadiusOfCircularShutter",
    "VerticesOfThePolygonalShutter",
    "ShutterPresentationValue",
    "ShutterPresentationColorCIELabValue",
    "ShutterOverlayGroup",
    "BlendingSequence",
    "RelativeOpacity",
)
"""How it is to be presented, by the object or by a presentation state."""
LISTED = (
    "StructureSetLabel",
    "StructureSetROISequence",
    "ROIContourSequence",
    "RTROIObservationsSequence",
    "RTPlanLabel",
    "RTPlanName",
    "FractionGroupSequence",
    "BeamSequence",
    "IonBeamSequence",
)
"""What radiotherapy objects hold that have no picture."""
OVERLAY_GROUPS = range(0x6000, 0x6020, 2)
OVERLAY_ELEMENTS = {
    "rows": 0x0010,
    "columns": 0x0011,
    "frames": 0x0015,
    "type": 0x0040,
    "origin": 0x0050,
    "first_frame": 0x0051,
    "bit_position": 0x0102,
    "layer": 0x1001,  # Overlay Activation Layer, of presentation states
    "data": 0x3000,
}
WANTED_TAGS = frozenset(
    (
        *(int(Tag(keyword)) for keyword in (*WANTED, *PLACED, *PRESENTED, *LISTED)),
        *(group << 16 | element for group in OVERLAY_GROUPS for element in OVERLAY_ELEMENTS.values()),
    )
)
_SHORTS = {"US": "H", "SS": "h"}
KEPT_BYTES = 1 << 20  # of a header that is remembered: frame after frame of one object is asked for


def read_attributes(data_set: bytes, implicit: bool, little_endian: bool) -> Dataset:
    """The wanted attributes of a data set, or of its beginning; raises CannotRender if it cannot be walked."""
    return (_remembered if len(data_set) <= KEPT_BYTES else _read)(data_set, implicit, little_endian)


def _read(data_set: bytes, implicit: bool, little_endian: bool) -> Dataset:
    explicit = EXPLICIT_VR_LITTLE_ENDIAN if little_endian else EXPLICIT_VR_BIG_ENDIAN
    found = scan(data_set, IMPLICIT_VR_LITTLE_ENDIAN if implicit else explicit, WANTED_TAGS)
    if isinstance(found, Fault):
        raise CannotRender(Reason.DAMAGED, f"header: {found.reason}")
    return _dataset(found)


_remembered = lru_cache(4)(_read)


def _dataset(found: Scan) -> Dataset:
    """What was found as pydicom reads it: each value is understood when it is asked for."""
    config.settings.reading_validation_mode = config.IGNORE
    implicit, little_endian = not found.explicit_vr, found.little_endian
    raw: dict[BaseTag, DataElement | RawDataElement] = {
        BaseTag(tag): RawDataElement(
            BaseTag(tag), None if implicit else found.vrs[tag], len(value), value, 0, implicit, little_endian
        )
        for values_ in (found.values, found.sequences)
        for tag, value in values_.items()
    }
    dataset = Dataset(raw)
    dataset.set_original_encoding(implicit, little_endian, _encodings(raw.get(BaseTag(SPECIFIC_CHARACTER_SET))))
    return dataset


def _encodings(character_set: DataElement | RawDataElement | None) -> str | list[str]:
    if not isinstance(character_set, RawDataElement):
        return default_encoding
    try:
        return convert_encodings(convert_raw_data_element(character_set).value)
    except Exception:  # noqa: BLE001 - annotations are then in the letters of ASCII
        return default_encoding


@lru_cache(1024)
def _tag(keyword: str | int) -> BaseTag:
    return Tag(keyword)


def values(dataset: Dataset | None, keyword: str | int) -> list[object]:
    """The values of an attribute, by keyword or tag; empty where it is absent, empty or cannot be read."""
    if dataset is None or (tag := _tag(keyword)) not in dataset.keys():  # noqa: SIM118 - ``in`` makes a Tag each time
        return []
    try:
        value = dataset[tag].value
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - a value that does not fit its VR counts as absent
        return []
    if value is None or value == "":
        return []
    if isinstance(value, (str, bytes)) or not hasattr(value, "__iter__"):
        return [value]
    return list(value)


def numbers(dataset: Dataset | None, keyword: str | int) -> list[float]:
    """The finite numbers of an attribute in order; empty if any of its values is none."""
    found = _raw_numbers(dataset, keyword)
    if found is None:
        try:
            found = [float(value) for value in values(dataset, keyword)]  # type: ignore[arg-type]  # refused: no number
        except (TypeError, ValueError, OverflowError):
            return []
    return found if all(math.isfinite(number) for number in found) else []


def _raw_numbers(dataset: Dataset | None, keyword: str | int) -> list[float] | None:
    """The numbers as they lie, for a third of what pydicom's values cost; None where pydicom has to look at them."""
    if dataset is None or (tag := _tag(keyword)) not in dataset.keys():  # noqa: SIM118
        return []
    raw: object = dataset.get_item(tag)
    if not isinstance(raw, RawDataElement) or not raw.value:
        return None
    if raw.VR == "DS":
        try:
            return [float(each) for each in raw.value.split(b"\\")]
        except ValueError:
            return None
    if raw.VR not in _SHORTS or len(raw.value) % 2:
        return None
    order = "<" if raw.is_little_endian else ">"
    return list(map(float, struct.unpack(f"{order}{len(raw.value) // 2}{_SHORTS[raw.VR]}", raw.value)))


def number(dataset: Dataset | None, keyword: str | int) -> float | None:
    """The first number of an attribute."""
    return next(iter(numbers(dataset, keyword)), None)


def text(dataset: Dataset | None, keyword: str | int) -> str:
    """The first value of an attribute as text."""
    return str(next(iter(values(dataset, keyword)), "")).strip(" \0")


def items(dataset: Dataset | None, keyword: str) -> list[Dataset]:
    """The items of a sequence."""
    return [item for item in values(dataset, keyword) if isinstance(item, Dataset)]


def frame_holders(dataset: Dataset, frame: int, group: str) -> Iterator[Dataset]:
    """Where attributes of a functional group may stand for a frame (from 0): its own item, the shared, the top.

    PS3.3 C.7.6.16.1.
    """
    per_frame = items(dataset, "PerFrameFunctionalGroupsSequence")
    for holder in (per_frame[frame : frame + 1], items(dataset, "SharedFunctionalGroupsSequence")[:1]):
        for item in holder:
            yield from items(item, group)[:1]
    yield dataset


def read_pixel_module(dataset: Dataset, floating: bool) -> PixelModule:
    """The checked Image Pixel module of a header."""
    found = {keyword: number(dataset, keyword) for keyword in NUMBERS}
    whole = {keyword: None if value is None else int(value) for keyword, value in found.items()}
    return pixel_module(whole, text(dataset, "PhotometricInterpretation") or "MONOCHROME2", floating)


def pixel_aspect(dataset: Dataset, frame: int) -> float:
    """Height of a pixel over its width (PS3.3 C.7.6.3.1.7, 10.7.1.3); 1 where unknown or absurd."""
    measures = next(iter(frame_holders(dataset, frame, "PixelMeasuresSequence")))
    candidates = (
        numbers(measures, "PixelSpacing"),
        numbers(dataset, "ImagerPixelSpacing"),
        numbers(dataset, "NominalScannedPixelSpacing"),
        numbers(dataset, "PixelAspectRatio"),
    )
    for pair in candidates:
        if len(pair) >= 2 and pair[0] > 0 and pair[1] > 0:
            ratio = pair[0] / pair[1]
            return ratio if 0.1 <= ratio <= 10 else 1.0
    return 1.0
