"""Objects that are shown together with others, or as more than the grey of one frame; imports no pixel library."""

from collections.abc import Mapping
from enum import StrEnum

from filmless.standards.dicom.sop_classes import SOP_CLASSES


class Kind(StrEnum):
    """How an object becomes a picture."""

    PRESENTATION_STATE = "presentation state"  # the image that it refers to, as it says
    BLENDING = "blending"  # two images that it refers to, the one in colours over the other
    SEGMENTATION = "segmentation"  # segments in their colours, over their source
    DOSE = "dose"  # a wash of colour, over its source
    PARAMETRIC_MAP = "parametric map"  # real values in a palette
    SLIDE = "slide"  # tiles side by side
    STRUCTURE_SET = "structure set"  # a list of its regions of interest
    PLAN = "plan"  # a list of its beams
    WAVEFORM = "waveform"  # curves on grid paper
    REPORT = "report"  # the beginning of its text
    PDF = "PDF"  # its first page
    CLINICAL_DOCUMENT = "clinical document"  # the beginning of its text
    MODEL = "model"  # facts of its surface


_STORAGE = "1.2.840.10008.5.1.4.1.1."
KINDS: Mapping[str, Kind] = {
    _STORAGE + "11.1": Kind.PRESENTATION_STATE,  # grey scale softcopy
    _STORAGE + "11.2": Kind.PRESENTATION_STATE,  # colour softcopy
    _STORAGE + "11.3": Kind.PRESENTATION_STATE,  # pseudo-colour softcopy
    _STORAGE + "11.4": Kind.BLENDING,
    _STORAGE + "11.5": Kind.PRESENTATION_STATE,  # XA/XRF grey scale softcopy
    _STORAGE + "66.4": Kind.SEGMENTATION,
    _STORAGE + "66.7": Kind.SEGMENTATION,  # label map
    _STORAGE + "481.2": Kind.DOSE,
    _STORAGE + "30": Kind.PARAMETRIC_MAP,
    _STORAGE + "77.1.6": Kind.SLIDE,
    _STORAGE + "481.3": Kind.STRUCTURE_SET,
    _STORAGE + "481.5": Kind.PLAN,
    _STORAGE + "481.8": Kind.PLAN,  # ion plan
    _STORAGE + "104.1": Kind.PDF,
    _STORAGE + "104.2": Kind.CLINICAL_DOCUMENT,
    **dict.fromkeys((_STORAGE + "104.3", _STORAGE + "104.4", _STORAGE + "104.5"), Kind.MODEL),  # STL, OBJ, MTL
    **{uid: Kind.WAVEFORM for uid in SOP_CLASSES if uid.startswith(_STORAGE + "9.")},
    **{uid: Kind.REPORT for uid in SOP_CLASSES if uid.startswith(_STORAGE + "88.")},  # key objects among them
}
"""SOP Class UID to kind (PS3.4 B.5)."""
