"""The matching table through C-FIND and through QIDO-RS: the same matches with the same values from both."""

import json
import struct
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from pydicom import dcmwrite
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pynetdicom import AE, Association
from pynetdicom.pdu_primitives import SOPClassExtendedNegotiation

from filmless.standards.dicom.dictionary import tag_of, vr_of
from matching.studies import ROOT, STUDIES, objects
from matching.table import ALL, CASES, Case
from serving import Server

PATIENT_ROOT, STUDY_ROOT = "1.2.840.10008.5.1.4.1.2.1.1", "1.2.840.10008.5.1.4.1.2.2.1"
UNIQUE = {
    "PATIENT": ("PatientName", "PatientID"),
    "STUDY": ("StudyInstanceUID",),
    "SERIES": ("StudyInstanceUID", "SeriesInstanceUID"),
    "IMAGE": ("SOPInstanceUID",),
}
# What both doors are asked to return beside the keys.
RETURNED = {
    "PATIENT": ("NumberOfPatientRelatedStudies", "NumberOfPatientRelatedSeries", "NumberOfPatientRelatedInstances"),
    "STUDY": (
        "PatientName", "PatientID", "StudyDate", "StudyTime", "AccessionNumber", "ModalitiesInStudy",
        "SOPClassesInStudy", "StudyDescription", "ReferringPhysicianName", "ProcedureCodeSequence",
        "NumberOfStudyRelatedSeries", "NumberOfStudyRelatedInstances", "InstanceAvailability",
    ),
    "SERIES": (
        "Modality", "SeriesNumber", "SeriesDate", "SeriesTime", "SeriesDescription", "BodyPartExamined",
        "NumberOfSeriesRelatedInstances", "RequestAttributesSequence", "PerformedProcedureStepStartDate",
        "AnatomicRegionSequence",
    ),
    "IMAGE": ("SOPClassUID", "InstanceNumber", "NumberOfFrames", "Rows", "Columns", "BitsAllocated", "ImageType"),
}  # fmt: skip
PATH = {"STUDY": "studies", "SERIES": "series", "IMAGE": "instances"}
ORDER = ("relational", "combined", "fuzzy", "zone", "views", "empty", "multiple")

Found = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that holds the table's studies alone."""
    folder = tmp_path_factory.mktemp("matching")
    (folder / "objects").mkdir()
    for number, made in enumerate(objects()):
        dcmwrite(folder / "objects" / f"{number}.dcm", made, implicit_vr=False, little_endian=True)
    server = Server(folder / "data", "--workers", "1").start()
    try:
        done = server.run("import", folder / "objects")
        assert done.returncode == 0, done.stderr
        yield server
    finally:
        server.close()


@pytest.fixture(scope="module")
def token(filled: Server) -> str:
    return filled.token()


def associate(server: Server, model: str, options: frozenset[str]) -> Association:
    entity = AE(ae_title="TABLE")
    entity.add_requested_context(model)
    negotiation = SOPClassExtendedNegotiation()
    negotiation.sop_class_uid = model
    negotiation.service_class_application_information = bytes(name == "relational" or name in options for name in ORDER)
    association = entity.associate("127.0.0.1", server.port, ae_title="FILMLESS", ext_neg=[negotiation])
    assert association.is_established
    return association


def put(keys: Dataset, path: str, value: str) -> None:
    first, _, rest = path.partition(".")
    if rest:
        if first not in keys:
            setattr(keys, first, [Dataset()])
        put(keys[first].value[0], rest, value)
        return
    tag = tag_of(first)
    assert tag is not None, first
    vr = vr_of(tag)
    raw = struct.pack("<H", int(value)) if vr == "US" and value else value.encode()
    raw += (b"\0" if vr == "UI" else b" ") * (len(raw) % 2)
    # As bytes: what asks for more than one value is no value of its VR.
    keys[Tag(tag)] = RawDataElement(Tag(tag), vr, len(raw), raw, 0, is_implicit_VR=False, is_little_endian=True)


def c_find(server: Server, case: Case) -> list[Found]:
    keys = Dataset()
    keys.SpecificCharacterSet = "ISO_IR 192"
    keys.QueryRetrieveLevel = case.level
    for keyword in (*UNIQUE[case.level], *RETURNED[case.level]):
        if not any(path.startswith(f"{keyword}.") for path, _ in case.keys):
            put(keys, keyword, "")
    for path, value in case.keys:
        put(keys, path, value)
    model = PATIENT_ROOT if case.level == "PATIENT" else STUDY_ROOT
    association = associate(server, model, case.options)
    found = []
    try:
        for status, match in association.send_c_find(keys, model):
            assert status.Status in (0x0000, 0xFF00), (hex(status.Status), status.get("ErrorComment"))
            if match is not None:
                found.append(json.loads(match.to_json()))
    finally:
        association.release()
    return found


def qido(server: Server, token: str, case: Case) -> list[Found]:
    asked = [*case.keys, ("limit", "1000"), ("includefield", ",".join(RETURNED[case.level]))]
    asked += [("fuzzymatching", "true")] * ("fuzzy" in case.options)
    asked += [("multiplevaluematching", "true")] * ("multiple" in case.options)
    url = f"{server.url}/dicomweb/{PATH[case.level]}?{urllib.parse.urlencode(asked)}"
    request = urllib.request.Request(
        url, headers={"Authorization": f"Bearer {token}", "Accept": "application/dicom+json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        matches: list[Found] = json.loads(answer.read() or b"[]")
    return matches


def values(match: Found, keyword: str) -> list[Any]:
    tag = tag_of(keyword)
    assert tag is not None, keyword
    found = match.get(f"{tag:08X}", {}).get("Value", [])
    return found if isinstance(found, list) else [found]


def label(match: Found, level: str) -> str:
    if level == "PATIENT":
        return str(values(match, "PatientName")[0]["Alphabetic"]).replace("^", " ").split()[0]
    uids = [str(values(match, keyword)[0]).removeprefix(f"{ROOT}.") for keyword in UNIQUE[level]]
    return "/".join(uids)


def plain(match: Found, keywords: tuple[str, ...]) -> dict[str, Any]:
    """What was asked for, however the door writes what is not known."""
    return {keyword: _plain(values(match, keyword)) for keyword in keywords}


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(one) for one in value if one not in (None, "")]
    if isinstance(value, dict):  # an item of elements, or a name of groups
        inner = {key: _plain(one.get("Value", []) if isinstance(one, dict) else one) for key, one in value.items()}
        return {key: one for key, one in inner.items() if one}
    return str(value)


def test_the_table_is_as_large_as_it_is_meant_to_be() -> None:
    assert len(CASES) >= 120
    assert len({str(case) for case in CASES}) == len(CASES)
    assert {str(number) for number in STUDIES} == set(ALL.split())


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=str)
def test_both_doors_find_the_same(filled: Server, token: str, case: Case) -> None:
    by_dimse = {label(match, case.level): match for match in c_find(filled, case)}
    assert set(by_dimse) == case.expected
    if case.level == "PATIENT":
        return  # PS3.18 has no resource of patients
    by_web = {label(match, case.level): match for match in qido(filled, token, case)}
    assert set(by_web) == case.expected
    asked = tuple(key for key, _ in case.keys if "." not in key)
    within = {key.partition(".")[0] for key, _ in case.keys if "." in key}  # C-FIND answers the keys of items alone
    keywords = tuple(key for key in (*UNIQUE[case.level], *RETURNED[case.level], *asked) if key not in within)
    for name, match in by_dimse.items():
        assert plain(match, keywords) == plain(by_web[name], keywords)
