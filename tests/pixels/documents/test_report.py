"""Structured reports of any template as people read them: every value type, relationship and limit."""

from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from filmless.pixels.documents.report import html_report, plain_report
from filmless.standards.data_set.part10 import Head, read_head
from native import encoded

EXPLICIT = "1.2.840.10008.1.2.1"


def code(meaning: str, value: str = "C") -> Dataset:
    made = Dataset()
    made.CodeValue, made.CodingSchemeDesignator, made.CodeMeaning = value, "99TEST", meaning
    return made


def item(value_type: str, name: str, relationship: str = "CONTAINS", **values: object) -> Dataset:
    made = Dataset()
    made.RelationshipType, made.ValueType, made.ConceptNameCodeSequence = relationship, value_type, [code(name)]
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def measured(value: str, unit: str, meaning: str) -> list[Dataset]:
    made = Dataset()
    made.NumericValue, made.MeasurementUnitsCodeSequence = value, [code(meaning, unit)]
    return [made]


def referred(**values: object) -> list[Dataset]:
    made = Dataset()
    made.ReferencedSOPClassUID, made.ReferencedSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", "1.2.3"
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return [made]


def report(*content: Dataset, **values: object) -> bytes:
    made = Dataset()
    made.SpecificCharacterSet = "ISO_IR 192"
    made.ValueType, made.ConceptNameCodeSequence, made.ContentSequence = "CONTAINER", [code("Report")], list(content)
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return encoded(made, EXPLICIT)


def lines(*content: Dataset, **values: object) -> list[str]:
    return plain_report(report(*content, **values), EXPLICIT).decode().splitlines()


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (item("TEXT", "Finding", TextValue="Größe < 3"), "Finding: Größe < 3"),
        (item("CODE", "Site", ConceptCodeSequence=[code("Lung")]), "Site: Lung"),
        (item("NUM", "Diameter", MeasuredValueSequence=measured("3.50", "mm", "mm")), "Diameter: 3.50 mm"),
        (item("NUM", "Count", MeasuredValueSequence=measured("3", "{lesions}", "lesions")), "Count: 3 lesions"),
        (item("NUM", "Ratio", MeasuredValueSequence=measured("0.5", "1", "no units")), "Ratio: 0.5"),
        (item("NUM", "Area", NumericValueQualifierCodeSequence=[code("Value unknown")]), "Area: Value unknown"),
        (item("DATETIME", "At", DateTime="20240131130500.12+0100"), "At: 2024-01-31 13:05:00 +0100"),
        (item("DATE", "On", Date="20240131"), "On: 2024-01-31"),
        (item("TIME", "From", Time="1305"), "From: 13:05"),
        (item("UIDREF", "Device", UID="1.2.3"), "Device: 1.2.3"),
        (item("PNAME", "Reader", PersonName="Müller^Jörg^^Dr=山田"), "Reader: Dr Jörg Müller (山田)"),
        (
            item("IMAGE", "Source", ReferencedSOPSequence=referred(ReferencedFrameNumber=["2", "3"])),
            "Source: CT Image, frame 2, 3 1.2.3",
        ),
        (
            item("SCOORD", "Outline", GraphicType="POLYLINE", GraphicData=[1, 2.5, 3, 4]),
            "Outline: Polyline (1, 2.5) (3, 4)",
        ),
        (
            item("SCOORD3D", "Point", GraphicType="POINT", GraphicData=[1, 2, 3]),
            "Point: Point (1, 2, 3)",
        ),
        (
            item("TCOORD", "Beat", TemporalRangeType="SEGMENT", ReferencedTimeOffsets=["1.0", "2.5"]),
            "Beat: Segment 1.0, 2.5 seconds",
        ),
        (item("TABLE", "New"), "New: [TABLE]"),
    ],
)
def test_every_type_of_value_is_written(content: Dataset, line: str) -> None:
    assert line in lines(content)


def test_sections_nest_and_items_by_reference_name_their_target() -> None:
    inferred = Dataset()
    inferred.RelationshipType, inferred.ReferencedContentItemIdentifier = "INFERRED FROM", [1, 1, 1]
    finding = item("TEXT", "Finding", TextValue="one\ntwo")
    conclusion = item("TEXT", "Conclusion", TextValue="so", ContentSequence=[inferred])
    content = item("CONTAINER", "Findings", ContentSequence=[finding])
    written = lines(content, conclusion)
    assert written[-5:] == ["Findings", "  Finding: one", "    two", "Conclusion: so", "  see item 1.1.1"]
    page = html_report(report(content, conclusion), EXPLICIT, "/dicomweb").decode()
    assert '<li id="i1.1.1">' in page
    assert '<a href="#i1.1.1">see item 1.1.1</a> (inferred from)' in page


def test_who_is_reported_on_and_who_verified_it_stand_above() -> None:
    observer = Dataset()
    observer.VerifyingObserverName, observer.VerifyingOrganization = "Reader^Rita", "Hospital"
    observer.VerificationDateTime = "20240131130500"
    head = {"PatientName": "Doe^Jane", "PatientBirthDate": "19700102", "CompletionFlag": "COMPLETE"}
    written = lines(**head, VerificationFlag="VERIFIED", VerifyingObserverSequence=[observer])
    assert written[:2] == ["Report", "======"]
    assert "Patient: Jane Doe" in written
    assert "Born: 1970-01-02" in written
    assert "State: complete, verified" in written
    assert "Verified by: Rita Reader, Hospital, 2024-01-31 13:05:00" in written


def test_text_never_becomes_markup_nor_an_address() -> None:
    attack = "\"'><script>x</script>"
    head = {"PatientName": attack, "StudyDescription": attack, "PatientID": attack}
    content = item("TEXT", attack, TextValue=attack, ContentSequence=[item("CODE", attack, TextValue=attack)])
    page = html_report(report(content, **head), EXPLICIT, "/dicomweb").decode()
    assert "<script" not in page
    assert '"&#x27;' not in page


def test_a_document_that_nests_without_end_is_cut() -> None:
    content = item("TEXT", "last", TextValue="deep")
    for _ in range(60):
        content = item("CONTAINER", "down", ContentSequence=[content])
    assert any("The rest is not shown." in line for line in lines(content))


@pytest.mark.parametrize("data", [b"", b"\x40\0\x30\xa7SQ\0\0\xff\xff\xff\xff", bytes(range(256))])
def test_what_is_no_report_still_makes_a_page(data: bytes) -> None:
    assert b"<h1>Structured report</h1>" in html_report(data, EXPLICIT, "/dicomweb")


def test_every_report_of_the_corpus_is_a_page_with_its_text(corpus: Path) -> None:
    seen = 0
    for path in sorted(corpus.rglob("*")):
        head = read_head(path.read_bytes()) if path.is_file() else None
        if isinstance(head, Head) and head.sop_class_uid.startswith("1.2.840.10008.5.1.4.1.1.88."):
            data_set = path.read_bytes()[head.head_length :]
            page = html_report(data_set, head.transfer_syntax_uid, "/dicomweb").decode()
            assert page.count("<li") + page.count("<section") > 0, path
            assert plain_report(data_set, head.transfer_syntax_uid).decode().count("\n") > 5
            seen += 1
    assert seen >= 9
