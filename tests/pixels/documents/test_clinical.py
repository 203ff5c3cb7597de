"""Clinical documents: header and narrative as a page and as lines; nothing that could act; never an exception."""

import pytest

from filmless.pixels.documents.clinical import clinical_document, clinical_page, clinical_text

HEAD = '<ClinicalDocument xmlns="urn:hl7-org:v3"><title>Letter</title><effectiveTime value="20260102"/>'
PATIENT = (
    "<recordTarget><patientRole><patient><name><given>Ånna</given><family>Test</family></name>"
    '<birthTime value="19700102"/></patient></patientRole></recordTarget>'
)
TABLE = "<table><tr><th>Lead</th><th>mV</th></tr><tr><td>II<br/>(long)</td><td>&lt;1</td></tr></table>"
TEXT = (
    "<text>Before<paragraph>One <content>two</content></paragraph><list><item>a</item><item>b<list><item>c</item>"
    f"</list></item></list>{TABLE}<script>alert(1)</script></text>"
)
SECTION = (
    f"<section><title>Findings</title>{TEXT}<component><section><title>Inner</title></section></component></section>"
)
LETTER = f"{HEAD}{PATIENT}<component><structuredBody><component>{SECTION}</component></structuredBody></component>"


def document(text: str = LETTER) -> bytes:
    return f"{text}</ClinicalDocument>".encode()


def test_header_and_narrative_are_lines() -> None:
    assert clinical_text(document()).decode().splitlines() == [
        *("Letter", "", "Document: 2026-01-02", "Patient: Ånna Test", "Born: 1970-01-02", "", "Findings", "Before"),
        *("One two", "  - a", "  - b", "    - c", "Lead | mV", "II (long) | <1", "", "Inner"),
    ]


def test_the_page_has_sections_lists_and_tables_and_nothing_that_acts() -> None:
    page = clinical_page(document()).decode()
    assert "<h1>Letter</h1>" in page
    assert "<h2>Findings</h2><p>Before</p><p>One two</p><ul><li>a</li><li>b</li><li>c</li></ul><table>" in page
    assert "<td>&lt;1</td></tr></table><h3>Inner</h3>" in page
    assert "alert" not in page


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><ClinicalDocument>&e;</ClinicalDocument>',
        '<!DOCTYPE a SYSTEM "http://127.0.0.1/a.dtd"><a/>',
        '<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><a>&b;</a>',
    ],
)
def test_a_document_type_is_refused_and_said(text: str) -> None:
    found = clinical_document(text.encode())
    assert "document type" in found.remark
    assert not found.blocks


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff",
        b"<a>",
        b"<a>" * 100_000,
        b'<?xml version="1.0" encoding="x-none"?><a/>',
        document()[:700],
        b"<a/><b/>",
    ],
)
def test_what_is_damaged_shows_what_came_before(raw: bytes) -> None:
    assert clinical_document(raw).remark
    assert clinical_page(raw).endswith(b"</html>\n")


def test_other_namespaces_are_not_the_header() -> None:
    found = clinical_document(b'<a xmlns="urn:x"><title>No</title><section><text>No</text></section></a>')
    assert (found.title, found.blocks) == ("", [])
