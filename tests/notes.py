"""Rejection notes made for tests."""

from collections.abc import Sequence as Several

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import KeyObjectSelectionDocumentStorage

from objects import new_uid


def note(images: Several[Dataset], title: str = "113001", **values: object) -> Dataset:
    """A Key Object Selection Document about images of one study."""
    first = images[0]
    found = Dataset()
    found.SOPClassUID = KeyObjectSelectionDocumentStorage
    found.SOPInstanceUID = new_uid()
    found.StudyInstanceUID = first.StudyInstanceUID
    found.SeriesInstanceUID = new_uid()
    found.Modality = "KO"
    for keyword in ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime"):
        setattr(found, keyword, getattr(first, keyword))
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = title, "DCM", "Rejected"
    found.ConceptNameCodeSequence = Sequence([code])
    by_series: dict[str, list[Dataset]] = {}
    for image in images:
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = image.SOPClassUID, image.SOPInstanceUID
        by_series.setdefault(image.SeriesInstanceUID, []).append(item)
    series = []
    for uid, items in by_series.items():
        one = Dataset()
        one.SeriesInstanceUID, one.ReferencedSOPSequence = uid, Sequence(items)
        series.append(one)
    evidence = Dataset()
    evidence.StudyInstanceUID, evidence.ReferencedSeriesSequence = first.StudyInstanceUID, Sequence(series)
    found.CurrentRequestedProcedureEvidenceSequence = Sequence([evidence])
    for keyword, value in values.items():
        setattr(found, keyword, value)
    return found
