"""Through the view of a called AE title one finds, reads and stores what it shows, and nothing tells of the rest."""

from dataclasses import replace

import pytest

from archive_process import SCOPE, SOURCE, Process, received
from filmless.archive.errors import NotFound
from filmless.archive.model import Level, Query, Refusal, Refused, Stored
from filmless.archive.query.selection import Selection
from filmless.archive.scope import Scope, View
from objects import ct_image, new_uid

STUDY, CT_SERIES, MR_SERIES, OTHER_STUDY = new_uid(), new_uid(), new_uid(), new_uid()
MODALITIES, SERIES_COUNT, INSTANCE_COUNT = 0x00080061, 0x00201206, 0x00201208
PATIENT_STUDIES = 0x00201200


@pytest.fixture
def filled(process: Process) -> Process:
    """One study with two CT and one MR instances, and a study of another institution and sender."""
    of_patient = {"PatientID": "P1", "IssuerOfPatientID": "EAST"}
    for uid, modality, count in ((CT_SERIES, "CT", 2), (MR_SERIES, "MR", 1)):
        for _ in range(count):
            image = ct_image(
                StudyInstanceUID=STUDY, SeriesInstanceUID=uid, Modality=modality, InstitutionName="East", **of_patient
            )
            assert isinstance(process.store(image), Stored)
    source = replace(SOURCE, calling_ae="OTHER", issuer="WEST")
    other = ct_image(StudyInstanceUID=OTHER_STUDY, Modality="CR", InstitutionName="West", PatientID="P2")
    assert isinstance(process.store(other, source=source), Stored)
    return process


def through(view: View) -> Scope:
    return replace(SCOPE, view=view)


def found(process: Process, level: Level, view: View) -> set[str]:
    """Study or Series UIDs, or numbers of them below, that a query finds."""
    tag = {Level.STUDY: "0020000D", Level.SERIES: "0020000E", Level.IMAGE: "0020000E", Level.PATIENT: "00100020"}[level]
    matches = process.archive.stream(Query(level), through(view))
    return {str(match[tag]["Value"][0]) for match in matches}  # type: ignore[index]


@pytest.mark.parametrize(
    ("view", "studies", "series", "patients"),
    [
        (View(), {STUDY, OTHER_STUDY}, 3, {"P1", "P2"}),
        (View(modalities=frozenset(("CT",))), {STUDY}, {CT_SERIES}, {"P1"}),
        (View(modalities=frozenset(("MR",))), {STUDY}, {MR_SERIES}, {"P1"}),
        (View(modalities=frozenset(("CT", "MR"))), {STUDY}, {CT_SERIES, MR_SERIES}, {"P1"}),
        (View(modalities=frozenset(("US",))), set(), set(), set()),
        (View(institutions=frozenset(("East",))), {STUDY}, {CT_SERIES, MR_SERIES}, {"P1"}),
        (View(issuers=frozenset(("EAST",))), {STUDY}, {CT_SERIES, MR_SERIES}, {"P1"}),
        (View(source_aes=frozenset(("TEST",))), {STUDY}, {CT_SERIES, MR_SERIES}, {"P1"}),
        (View(source_aes=frozenset(("OTHER",)), modalities=frozenset(("CT",))), set(), set(), set()),
        (View(issuers=frozenset(("WEST",))), {OTHER_STUDY}, 1, {"P2"}),
    ],
)
def test_each_level_shows_what_the_view_shows(
    filled: Process, view: View, studies: set[str], series: set[str] | int, patients: set[str]
) -> None:
    assert found(filled, Level.STUDY, view) == studies
    for level in (Level.SERIES, Level.IMAGE):
        shown = found(filled, level, view)
        assert (len(shown) if isinstance(series, int) else shown) == series
    assert found(filled, Level.PATIENT, view) == patients


def test_what_is_told_of_a_study_counts_the_shown_series_alone(filled: Process) -> None:
    asked = Query(Level.STUDY, include=frozenset((MODALITIES, SERIES_COUNT, INSTANCE_COUNT)))
    (match,) = filled.archive.stream(asked, through(View(modalities=frozenset(("MR",)))))
    assert match["00080061"]["Value"] == ["MR"]
    assert (match["00201206"]["Value"], match["00201208"]["Value"]) == ([1], [1])
    (of_patient,) = filled.archive.stream(
        Query(Level.PATIENT, include=frozenset((PATIENT_STUDIES, 0x00201204))),
        through(View(modalities=frozenset(("MR",)))),
    )
    assert (of_patient["00201200"]["Value"], of_patient["00201204"]["Value"]) == ([1], [1])


def test_hidden_series_are_not_read(filled: Process) -> None:
    view = through(View(modalities=frozenset(("CT",))))
    assert {one.series_uid for one in filled.archive.instances(STUDY, scope=view)} == {CT_SERIES}
    with pytest.raises(NotFound):
        filled.archive.instances(STUDY, MR_SERIES, scope=view)
    with pytest.raises(NotFound):
        filled.archive.instances(OTHER_STUDY, scope=view)
    selected = filled.archive.select(Selection(study_uids=(STUDY, OTHER_STUDY)), view)
    assert {one.series_uid for one in selected} == {CT_SERIES}


@pytest.mark.parametrize(
    ("view", "is_taken"),
    [
        (View(modalities=frozenset(("CT",))), True),
        (View(modalities=frozenset(("MR",))), False),
        (View(institutions=frozenset(("East",))), False),
        (View(source_aes=frozenset(("TEST",))), True),
        (View(source_aes=frozenset(("OTHER",))), False),
        (View(issuers=frozenset(("EAST",))), False),
    ],
)
def test_what_the_view_would_not_show_is_not_taken(process: Process, view: View, is_taken: bool) -> None:
    image = ct_image(Modality="CT")
    outcome = process.archive.store(received(image), through(view)).result(30)
    assert isinstance(outcome, Stored) is is_taken
    if isinstance(outcome, Refused):
        assert outcome.refusal is Refusal.NOT_ALLOWED


def test_what_a_view_shows_is_found_in_pages_too(filled: Process) -> None:
    page = filled.archive.find(Query(Level.STUDY, limit=10), through(View(modalities=frozenset(("CT",)))))
    assert len(page.matches) == 1
    assert filled.archive.count(Query(Level.STUDY), through(View(modalities=frozenset(("US",))))).number == 0
