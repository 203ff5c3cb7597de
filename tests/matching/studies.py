"""The studies that the matching table is about: small objects, each value once.

UIDs are ``ROOT.study``, ``ROOT.study.series`` and ``ROOT.study.series.instance``; the table writes what is behind ROOT.
"""

from collections.abc import Iterator
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, MRImageStorage, PositronEmissionTomographyImageStorage

from objects import ct_image

ROOT = "1.2.826.0.1.3680043.10.999.77"
SHARED_SERIES = f"{ROOT}.7.1"  # a UID that studies 7 and 8 both use


def item(**values: object) -> Dataset:
    """An item of a sequence."""
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def code(value: str, scheme: str, meaning: str = "") -> Dataset:
    """A code sequence item."""
    return item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)


# Values of all objects of a study; of each series; how many instances the series has.
STUDIES: dict[int, tuple[dict[str, Any], dict[int, dict[str, Any]]]] = {
    1: (
        {
            "PatientName": "Smith^John", "PatientID": "P1", "IssuerOfPatientID": "HOSP", "PatientBirthDate": "19700102",
            "PatientSex": "M", "StudyDate": "20210110", "StudyTime": "1030", "AccessionNumber": "A1",
            "StudyDescription": "Head & Neck 100%_x", "ReferringPhysicianName": "Müller^Anna", "StudyID": "S1",
            "PatientAge": "051Y", "PatientComments": "line \\ and more",
            "ProcedureCodeSequence": [code("P1", "99A", "one"), code("P2", "99B", "two")],
        },
        {
            1: {"Modality": "CT", "SeriesNumber": 2, "BodyPartExamined": "HEAD", "SeriesDescription": "Axial 1.0",
                "OperatorsName": ["Adams^A", "Baker^B"], "InstitutionName": "North", "count": 3},
            2: {"Modality": "SR", "SeriesNumber": 1, "SeriesDescription": "Dose", "count": 1,
                "PerformedProcedureStepStartDate": "20210110", "PerformedProcedureStepStartTime": "102500",
                "RequestAttributesSequence": [
                    item(RequestedProcedureID="R1", ScheduledProcedureStepID="S1"),
                    item(RequestedProcedureID="R2", ScheduledProcedureStepID="S2"),
                ]},
        },
    ),
    2: (
        {
            "PatientName": "Yamada^Tarou=山田^太郎=やまだ^たろう", "PatientID": "P2", "PatientBirthDate": "19550505",
            "PatientSex": "M", "StudyDate": "20210112", "StudyTime": "101530.25", "AccessionNumber": "A2",
            "StudyDescription": "Knee", "StudyID": "s1", "ReferringPhysicianName": "Yamamoto^Ken=山本^健",
        },
        {1: {"SOPClassUID": MRImageStorage, "Modality": "MR", "SeriesNumber": 1, "count": 2, "BodyPartExamined": "KNEE",
             "AnatomicRegionSequence": [code("T-D9200", "SRT", "Knee")]}},
    ),
    3: (
        {
            "PatientName": "Smythe^Ann", "PatientID": "P1", "PatientBirthDate": "19800303", "PatientSex": "F",
            "StudyDate": "20210112", "StudyTime": "", "AccessionNumber": "", "StudyDescription": "head", "StudyID": "7",
        },
        {1: {"Modality": "CT", "SeriesNumber": 1, "count": 1}},
    ),
    4: (
        {
            "PatientName": "Müller^Jürgen^^Dr", "PatientID": "", "PatientBirthDate": "", "PatientSex": "",
            "StudyDate": "", "StudyTime": "", "AccessionNumber": "A_4", "StudyDescription": "", "StudyID": "",
        },
        {1: {"Modality": "OT", "SeriesNumber": None, "count": 1}},
    ),
    5: (
        {
            "PatientName": "Иванов^Пётр", "PatientID": "P5", "PatientBirthDate": "19610412", "PatientSex": "M",
            "StudyDate": "20210201", "StudyTime": "000500", "TimezoneOffsetFromUTC": "+0100", "AccessionNumber": "A5",
            "StudyDescription": "Thorax", "StudyID": "5",
        },
        {1: {"Modality": "DX", "SeriesNumber": 1, "SeriesDate": "20210201", "SeriesTime": "001000", "count": 1}},
    ),
    6: (
        {
            "PatientName": "O'Neil^Mary", "PatientID": "P10", "PatientBirthDate": "19901224", "PatientSex": "F",
            "StudyDate": "20210215", "StudyTime": "235900", "TimezoneOffsetFromUTC": "-0500",
            "AccessionNumber": "A%6", "StudyDescription": "Abdomen", "StudyID": "6",
            "PhysiciansOfRecord": ["Adams^Amy", "Berg^Bo"],
        },
        {1: {"Modality": "US", "SeriesNumber": 1, "NumberOfFrames": 12, "count": 1}},
    ),
    7: (
        {
            "PatientName": "García Lopez^Maria", "PatientID": "P7", "PatientBirthDate": "19450901", "PatientSex": "F",
            "StudyDate": "20210301", "StudyTime": "080000", "AccessionNumber": "A7", "StudyDescription": "PET/CT",
            "StudyID": "7", "OtherPatientNames": ["Lopez^Maria", "Garcia^M"],
        },
        {
            1: {"Modality": "CT", "SeriesNumber": 1, "count": 2},
            2: {"SOPClassUID": PositronEmissionTomographyImageStorage, "Modality": "PT", "SeriesNumber": 2, "count": 2},
        },
    ),
    8: (
        {
            "PatientName": "Lopez^Pedro", "PatientID": "P8", "PatientBirthDate": "19460901", "PatientSex": "M",
            "StudyDate": "20210302", "StudyTime": "090000", "AccessionNumber": "A8", "StudyDescription": "Chest CT",
            "StudyID": "8",
        },
        {1: {"SeriesInstanceUID": SHARED_SERIES, "Modality": "CT", "SeriesNumber": 1, "count": 1}},
    ),
    9: (
        {
            "PatientName": "Hong^Gildong=洪^吉洞=홍^길동", "PatientID": "P9", "PatientBirthDate": "19650101",
            "PatientSex": "O", "StudyDate": "20191231", "StudyTime": "235959.5", "AccessionNumber": "A9",
            "StudyDescription": "Spine", "StudyID": "9",
        },
        {1: {"SOPClassUID": MRImageStorage, "Modality": "MR", "SeriesNumber": 10, "count": 1}},
    ),
    10: (
        {
            "PatientName": "Smith^John", "PatientID": "P1", "IssuerOfPatientID": "HOSP", "PatientBirthDate": "19700102",
            "PatientSex": "M", "StudyDate": "20200605", "StudyTime": "12", "AccessionNumber": "A10",
            "StudyDescription": "Head", "StudyID": "10",
        },
        {1: {"Modality": "CT", "SeriesNumber": 1, "Rows": 16, "Columns": 4, "count": 1, "private": "ACME 1.0"}},
    ),
}  # fmt: skip


def objects() -> Iterator[Dataset]:
    """Every instance of the table's studies."""
    for number, (values, series) in STUDIES.items():
        for series_number, more in series.items():
            rest = dict(more)
            count, creator = rest.pop("count"), rest.pop("private", None)
            for instance in range(1, count + 1):
                place = f"{ROOT}.{number}.{series_number}"
                uids = {
                    "StudyInstanceUID": f"{ROOT}.{number}",
                    "SeriesInstanceUID": place,
                    "SOPInstanceUID": f"{place}.{instance}",
                }
                made = ct_image(**{"SOPClassUID": CTImageStorage, **values, **uids, "InstanceNumber": instance, **rest})
                if creator:
                    made.private_block(0x0029, creator, create=True).add_new(0x08, "LO", "kept as received")
                yield made
