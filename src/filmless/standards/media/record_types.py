"""Directory records: which type stands for which SOP class, and the keys of each (PS3.3 F.3.2.2, F.5)."""

from filmless.standards.dicom.sop_classes import SOP_CLASSES

PATIENT_KEYS = (0x00100010, 0x00100020)
STUDY_KEYS = (0x00080020, 0x00080030, 0x00080050, 0x00081030, 0x0020000D, 0x00200010)
SERIES_KEYS = (0x00080060, 0x0020000E, 0x00200011)

_NUMBER = 0x00200013
_CONTENT_DATE, _CONTENT_TIME = 0x00080023, 0x00080033
_MOMENT = (_CONTENT_DATE, _CONTENT_TIME, _NUMBER)
_CONTENT = (_NUMBER, 0x00700080, 0x00700081, 0x00700084)  # Content Label, Description, Creator's Name
_CONCEPT_NAME = 0x0040A043

KEYS: dict[str, tuple[int, ...]] = {
    "IMAGE": (0x00080008, _NUMBER, 0x00280008, 0x00280010, 0x00280011),
    "RT DOSE": (_NUMBER, 0x3004000A),
    "RT STRUCTURE SET": (_NUMBER, 0x30060002, 0x30060008, 0x30060009),
    "RT PLAN": (_NUMBER, 0x300A0002, 0x300A0006, 0x300A0007),
    "RT TREAT RECORD": (_NUMBER, 0x30080250, 0x30080251),
    "RADIOTHERAPY": (*_CONTENT, 0x30100085),
    "PRESENTATION": (*_CONTENT, 0x00700082, 0x00700083),
    "WAVEFORM": _MOMENT,
    "SR DOCUMENT": (*_MOMENT, 0x0040A030, _CONCEPT_NAME, 0x0040A491, 0x0040A493),
    "KEY OBJECT DOC": (*_MOMENT, _CONCEPT_NAME),
    "SPECTROSCOPY": (0x00080008, *_MOMENT, 0x00280008, 0x00280010, 0x00280011, 0x00289001, 0x00289002),
    "RAW DATA": _MOMENT,
    "REGISTRATION": (_CONTENT_DATE, _CONTENT_TIME, *_CONTENT),
    "FIDUCIAL": (_CONTENT_DATE, _CONTENT_TIME, *_CONTENT),
    "ENCAP DOC": (*_MOMENT, 0x00420010, 0x00420012, _CONCEPT_NAME),
    "VALUE MAP": (_CONTENT_DATE, _CONTENT_TIME, *_CONTENT),
    "STEREOMETRIC": (_NUMBER,),
    "MEASUREMENT": _MOMENT,
    "SURFACE": (_CONTENT_DATE, _CONTENT_TIME, *_CONTENT),
    "SURFACE SCAN": (_CONTENT_DATE, _CONTENT_TIME),
    "TRACT": (_CONTENT_DATE, _CONTENT_TIME, *_CONTENT),
    "ASSESSMENT": (_NUMBER, 0x00700080, 0x00700081, 0x00700084),
    "ANNOTATION": (_CONTENT_DATE, _CONTENT_TIME, *_CONTENT),
    "PLAN": (),
}
"""The keys of a record beside its file: what is not in the instance is written empty, but for ``OPTIONAL_KEYS``."""

OPTIONAL_KEYS = frozenset((0x00080008, 0x00280008, 0x00280010, 0x00280011, 0x00289001, 0x00289002, 0x0040A043))

_STORAGE = "1.2.840.10008.5.1.4.1.1."
_OF_CLASS = {
    "4.2": "SPECTROSCOPY",
    "66": "RAW DATA",
    "66.1": "REGISTRATION",
    "66.3": "REGISTRATION",
    "66.2": "FIDUCIAL",
    "66.5": "SURFACE",
    "66.6": "TRACT",
    "67": "VALUE MAP",
    "68.1": "SURFACE SCAN",
    "68.2": "SURFACE SCAN",
    "77.1.5.3": "STEREOMETRIC",
    "88.59": "KEY OBJECT DOC",
    "90.1": "ASSESSMENT",
    "91.1": "ANNOTATION",
    "481.2": "RT DOSE",
    "481.3": "RT STRUCTURE SET",
    "481.5": "RT PLAN",
    "481.8": "RT PLAN",
    "481.4": "RT TREAT RECORD",
    "481.6": "RT TREAT RECORD",
    "481.7": "RT TREAT RECORD",
    "481.9": "RT TREAT RECORD",
}
_OF_FAMILY = (  # by the beginning of what follows
    ("9.", "WAVEFORM"),
    ("11.", "PRESENTATION"),
    ("78.", "MEASUREMENT"),
    ("79.", "SR DOCUMENT"),
    ("80.", "MEASUREMENT"),
    ("88.", "SR DOCUMENT"),
    ("104.", "ENCAP DOC"),
    ("200.", "RAW DATA"),
)


def record_type(sop_class_uid: str) -> str:
    """The type of the record of an instance; what is not known is told as an image."""
    ending = sop_class_uid.removeprefix(_STORAGE)
    if ending == sop_class_uid:
        return "IMAGE"
    if ending in _OF_CLASS:
        return _OF_CLASS[ending]
    for beginning, kind in _OF_FAMILY:
        if ending.startswith(beginning):
            return kind
    known = SOP_CLASSES.get(sop_class_uid)
    is_radiotherapy = ending.startswith("481.") and known is not None and "Image" not in known.name
    return "RADIOTHERAPY" if is_radiotherapy else "IMAGE"
