"""The matching table: what is asked at a level, and which studies, series or instances of ``studies.py`` are found.

A key is a keyword, or keywords joined by points for items of a sequence. What is expected follows the root of the
UIDs: studies as ``1 10``, series as ``1/1.1`` (the study, then the series), instances as ``1.1.3``, patients by the
first word of their name. ``options`` are what C-FIND negotiates beside relational queries, which are always on, and
what QIDO-RS is asked for.
"""

from dataclasses import dataclass

CT, MR, PT = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.128"
ALL = "1 2 3 4 5 6 7 8 9 10"


@dataclass(frozen=True)
class Case:
    """One query and what it finds."""

    level: str
    keys: tuple[tuple[str, str], ...]
    expected: frozenset[str]
    options: frozenset[str]

    def __str__(self) -> str:
        asked = ",".join(f"{key}={value}" for key, value in self.keys)
        return f"{self.level} {asked} {' '.join(sorted(self.options))}".strip()


def study(expected: str, *options: str, **keys: str) -> Case:
    return case("STUDY", expected, *options, **keys)


def series(expected: str, *options: str, **keys: str) -> Case:
    return case("SERIES", expected, *options, **keys)


def image(expected: str, *options: str, **keys: str) -> Case:
    return case("IMAGE", expected, *options, **keys)


def patient(expected: str, *options: str, **keys: str) -> Case:
    return case("PATIENT", expected, *options, **keys)


def case(level: str, expected: str, *options: str, **keys: str) -> Case:
    named = tuple((key.replace("__", "."), value) for key, value in keys.items())
    return Case(level, named, frozenset(expected.split()), frozenset(options))


ROOT = "1.2.826.0.1.3680043.10.999.77"

CASES = [
    # Universal matching (PS3.4 C.2.2.2.3)
    study(ALL),
    study(ALL, PatientID=""),
    study(ALL, PatientName="*"),
    study(ALL, AccessionNumber="**"),
    study(ALL, ProcedureCodeSequence__CodeValue=""),
    # Single value (C.2.2.2.1): case and all, names folded
    study("1 3 10", PatientID="P1"),
    study("", PatientID="p1"),
    study("", PatientID="P"),
    study("1 10", IssuerOfPatientID="HOSP"),
    study("1 10", IssuerOfPatientID="HOSP", PatientID="P1"),
    study("", IssuerOfPatientID="OTHER", PatientID="P1"),
    study("1", AccessionNumber="A1"),
    study("", AccessionNumber="a1"),
    study("4", AccessionNumber="A_4"),
    study("6", AccessionNumber="A%6"),
    study("1", StudyID="S1"),
    study("2", StudyID="s1"),
    study("3 7", StudyID="7"),
    study("1 2 5 8 10", PatientSex="M"),
    study("9", PatientSex="O"),
    study("1", PatientAge="051Y"),
    study("1", StudyDescription="Head & Neck 100%_x"),
    study("3", StudyDescription="head"),
    study("10", StudyDescription="Head"),
    study("7", StudyDescription="PET/CT"),
    study("1 10", PatientName="smith^john"),
    study("1 10", PatientName="SMITH^JOHN^^"),
    study("", PatientName="smith"),
    study("6", PatientName="o'neil^mary"),
    study("7", PatientName="garcia lopez^maria"),
    study("4", PatientName="MULLER^jurgen^^DR"),
    study("4", PatientName="Müller^Jürgen^^Dr"),
    study("", PatientName="Müller^Jürgen"),
    study("5", PatientName="Иванов^Пётр"),
    study("5", PatientName="ivanov^petr"),
    study("5", PatientName="ИВАНОВ^пётр"),
    study("5", PatientName="Иван*"),
    study("", PatientName="Смит*"),  # sounds as smith, and is not written so
    study("", PatientName="Мюллер^Юрген^^Др"),
    study("2", PatientName="Yam*=山*"),
    study(ALL, PatientName="^"),
    study(ALL, PatientName="=="),
    study("2", PatientName="Yamada^Tarou"),
    study("2", PatientName="山田^太郎"),
    study("2", PatientName="=山田^太郎"),
    study("2", PatientName="やまだ^たろう"),
    study("2", PatientName="yamada^tarou=山田^太郎=やまだ^たろう"),
    study("", PatientName="yamada^tarou=太郎^山田"),
    study("9", PatientName="洪^吉洞"),
    study("9", PatientName="홍^길동"),
    study("1 10", PatientComments="line \\ and more"),
    # Wild cards (C.2.2.2.4)
    study("1 2 3 5 6 7 8 9 10", PatientID="P*"),
    study("1 2 3 5 7 8 9 10", PatientID="P?"),
    study("6", PatientID="P??"),
    study("", PatientID="P_"),
    study("", PatientID="%1"),
    study("1 3 10", PatientName="SM*"),
    study("1 3 10", PatientName="sm?th*"),
    study("1 10", PatientName="*TH^J*"),
    study("3", PatientName="*e^*"),
    study("2", PatientName="山*"),
    study("2", PatientName="*=山*"),
    study("2", PatientName="*=*=やまだ*"),
    study("", PatientName="*=*=山*"),
    study("4", PatientName="Müll*"),
    study("4", PatientName="mull*"),
    study("6", PatientName="O?Neil*"),
    study("1 10", StudyDescription="Head*"),
    study("3", StudyDescription="head*"),
    study("1", StudyDescription="*100%_x"),
    study("1", StudyDescription="*&*"),
    study("7 8", StudyDescription="*CT"),
    study("1 3 10", StudyDescription="?ead*"),
    study("1 10", AccessionNumber="A1*"),
    study("1", ReferringPhysicianName="muller*"),
    study("1", ReferringPhysicianName="*ann?"),
    study("2", ReferringPhysicianName="山*"),
    study("2", ReferringPhysicianName="Yamamoto^Ken"),
    study("2 9", ModalitiesInStudy="M?"),
    study("7", ModalitiesInStudy="P*"),
    # List of UID (C.2.2.2.2)
    study("1", StudyInstanceUID=f"{ROOT}.1"),
    study("1 4", StudyInstanceUID=f"{ROOT}.1\\{ROOT}.4\\1.2.3"),
    study("", StudyInstanceUID="1.2.3"),
    study("2 9", SOPClassesInStudy=MR),
    study("2 7 9", SOPClassesInStudy=f"{MR}\\{PT}"),
    # Ranges of dates and times (C.2.2.2.5)
    study("2 3", StudyDate="20210112"),
    study("2 3", StudyDate="2021.01.12"),
    study("1 2 3", StudyDate="20210101-20210131"),
    study("1 2 3", StudyDate="20210110-20210112"),
    study("", StudyDate="20210111-20210111"),
    study("9 10", StudyDate="-20210109"),
    study("7 8", StudyDate="20210301-"),
    study("8", StudyDate="20210302-20991231"),
    study("", StudyDate="18990101"),
    study("1 2", StudyTime="10"),
    study("2", StudyTime="1015"),
    study("2", StudyTime="101530"),
    study("2", StudyTime="101530.25"),
    study("", StudyTime="101530.3"),
    study("1 2 7 8", StudyTime="08-1059"),
    study("6 9", StudyTime="2359-"),
    study("5", StudyTime="-0759"),
    study("10", StudyTime="1200-1230"),
    study("1 10", PatientBirthDate="19700102"),
    study("7 8", PatientBirthDate="-19500101"),
    study("2 5 9", PatientBirthDate="19500101-19651231"),
    # Dates and times as one range (C.2.2.2.5.4)
    study("2 3 1", "combined", StudyDate="20210110-20210112", StudyTime="1000-1020"),
    study("2 3", "combined", StudyDate="20210110-20210112", StudyTime="1100-1020"),
    study("8", "combined", StudyDate="20210301-", StudyTime="0801-"),
    study("9", "combined", StudyDate="-20200605", StudyTime="-1159"),
    # At another offset from UTC: 5 is at +0100, 6 at -0500, the others do not say
    study("5", TimezoneOffsetFromUTC="+0000", StudyDate="20210131"),
    study("", TimezoneOffsetFromUTC="+0000", StudyDate="20210201"),
    study("5", TimezoneOffsetFromUTC="+0000", StudyTime="2305"),
    study("6", TimezoneOffsetFromUTC="+0000", StudyDate="20210216"),
    study("6", TimezoneOffsetFromUTC="+0000", StudyTime="0459"),
    study("6", TimezoneOffsetFromUTC="+1400", StudyDate="20210216", StudyTime="1859"),
    study("2 3", TimezoneOffsetFromUTC="+0000", StudyDate="20210112"),
    study("5", "combined", TimezoneOffsetFromUTC="+0000", StudyDate="20210131-20210131", StudyTime="2300-2310"),
    study("1 2 3 5", TimezoneOffsetFromUTC="+0000", StudyDate="20210101-20210131"),
    # Empty value (C.2.2.2.7)
    study("4", PatientID='""'),
    study("4", StudyDate='""'),
    study("3 4", StudyTime='""'),
    study("3", AccessionNumber='""'),
    study("3 4 5 6 7 8 9 10", ReferringPhysicianName='""'),
    study("2 3 4 5 6 7 8 9 10", PatientAge='""'),
    study("4", PatientSex='""'),
    study("4", StudyDescription='""'),
    # Several values: one of them, or each (C.2.2.2.8)
    study("1 2 3 10", PatientID="P1\\P2"),
    study("1 2", AccessionNumber="A1\\A2"),
    study("1 3 7 8 10", ModalitiesInStudy="CT"),
    study("1 2 7 9", ModalitiesInStudy="SR\\MR\\PT"),
    study("7", "multiple", ModalitiesInStudy="CT\\PT"),
    study("1", "multiple", ModalitiesInStudy="SR\\CT"),
    study("", "multiple", ModalitiesInStudy="MR\\CT"),
    study("7", OtherPatientNames="Garcia^M"),
    study("7", OtherPatientNames="lopez*"),
    study("6", PhysiciansOfRecord="Berg^Bo"),
    study("6", "multiple", PhysiciansOfRecord="Berg^Bo\\Adams^Amy"),
    study("", "multiple", PhysiciansOfRecord="Berg^Bo\\Clark^C"),
    # Names that sound alike, in another order, begun (PS3.18 8.3.4.2)
    study("", PatientName="smeth"),
    study("1 3 10", "fuzzy", PatientName="smeth"),
    study("1 10", "fuzzy", PatientName="john smith"),
    study("1 10", "fuzzy", PatientName="joh smi"),
    study("4", "fuzzy", PatientName="mueller juergen"),
    study("7", "fuzzy", PatientName="maria garcia"),
    study("7 8", "fuzzy", PatientName="lopez"),
    study("2", "fuzzy", PatientName="tarou yamada"),
    study("2", "fuzzy", PatientName="太郎^山田"),
    study("5", "fuzzy", PatientName="petr ivanov"),
    study("6", "fuzzy", PatientName="neil mary"),
    study("1", "fuzzy", ReferringPhysicianName="anna mull"),
    # Counts
    study("1 7", NumberOfStudyRelatedSeries="2"),
    study("1 7", NumberOfStudyRelatedInstances="4"),
    study("", NumberOfStudyRelatedInstances="2147483647"),
    # Sequences (C.2.2.2.6): one item meets all
    study("1", ProcedureCodeSequence__CodeValue="P1"),
    study("1", ProcedureCodeSequence__CodeValue="P2", ProcedureCodeSequence__CodingSchemeDesignator="99B"),
    study("", ProcedureCodeSequence__CodeValue="P1", ProcedureCodeSequence__CodingSchemeDesignator="99B"),
    study("1", ProcedureCodeSequence__CodeMeaning="t*"),
    # Keys together
    study("1", PatientID="P1", ModalitiesInStudy="SR"),
    study("10", PatientID="P1", StudyDate="2020.01.01-20201231"),
    study("3", PatientID="P1", PatientName="*ann"),
    study("", StudyInstanceUID=f"{ROOT}.2", PatientID="P1"),
    # Series
    series("1/1.1 1/1.2", StudyInstanceUID=f"{ROOT}.1"),
    series("1/1.1", StudyInstanceUID=f"{ROOT}.1", Modality="CT"),
    series("7/7.1 8/7.1", SeriesInstanceUID=f"{ROOT}.7.1"),
    series("8/7.1", StudyInstanceUID=f"{ROOT}.8", SeriesInstanceUID=f"{ROOT}.7.1"),
    series("1/1.1 3/3.1 7/7.1 8/7.1 10/10.1", Modality="CT"),
    series("1/1.2 7/7.2", Modality="SR\\PT"),
    series("2/2.1 9/9.1", Modality="M?"),
    series("1/1.1 7/7.2", SeriesNumber="2"),
    series("2/2.1 5/5.1 6/6.1 9/9.1", Modality="MR\\DX\\US"),
    series("1/1.2", SeriesDescription="Dose"),
    series("1/1.1", SeriesDescription="Axial 1.0"),
    series("1/1.1", BodyPartExamined="HEAD"),
    series("2/2.1", AnatomicRegionSequence__CodeValue="T-D9200"),
    series("", AnatomicRegionSequence__CodeValue="T-D9200", AnatomicRegionSequence__CodingSchemeDesignator="SCT"),
    series("1/1.2", RequestAttributesSequence__ScheduledProcedureStepID="S2"),
    series("1/1.2", RequestAttributesSequence__RequestedProcedureID="R?"),
    series("1/1.2", PerformedProcedureStepStartDate="20210101-20210131"),
    series("1/1.2", PerformedProcedureStepStartTime="1025"),
    series("", PerformedProcedureStepStartDate="20210111-"),
    series("5/5.1", SeriesDate="20210201"),
    series("5/5.1", TimezoneOffsetFromUTC="+0000", SeriesDate="20210131"),
    series("5/5.1", TimezoneOffsetFromUTC="+0000", SeriesTime="2310"),
    series("1/1.1", OperatorsName="baker*"),
    series("1/1.1", "multiple", OperatorsName="Adams^A\\Baker^B"),
    series("1/1.1", InstitutionName="Nor*"),
    series("1/1.1", NumberOfSeriesRelatedInstances="3"),
    series("1/1.1 10/10.1", PatientName="smith*", Modality="CT"),
    series("7/7.1 7/7.2", StudyDate="20210301"),
    # Instances
    image("1.1.1 1.1.2 1.1.3", StudyInstanceUID=f"{ROOT}.1", SeriesInstanceUID=f"{ROOT}.1.1"),
    image("1.1.2", StudyInstanceUID=f"{ROOT}.1", SeriesInstanceUID=f"{ROOT}.1.1", InstanceNumber="2"),
    image("1.1.1 7.2.2", SOPInstanceUID=f"{ROOT}.1.1.1\\{ROOT}.7.2.2"),
    image("2.1.1 2.1.2 9.1.1", SOPClassUID=MR),
    image("7.1.1 7.1.2 8.1.1", SeriesInstanceUID=f"{ROOT}.7.1"),
    image("8.1.1", StudyInstanceUID=f"{ROOT}.8", SeriesInstanceUID=f"{ROOT}.7.1"),
    image("10.1.1", Rows="16"),
    image("10.1.1", Columns="4"),
    image("6.1.1", NumberOfFrames="12"),
    image("7.2.1 7.2.2", Modality="PT"),
    image("1.1.1 10.1.1", PatientID="P1", InstanceNumber="1", PatientName="smith^john", Modality="CT"),
    image("", SOPInstanceUID="1.2.3"),
    # Patients (by the first word of the name): one person, one answer; another person with the same ID is another
    patient("Smith Smythe", PatientID="P1"),
    patient("Smith", PatientID="P1", IssuerOfPatientID="HOSP"),
    patient("Smith", PatientName="smith*"),
    patient("Yamada", PatientName="山田*"),
    patient("García Lopez", PatientBirthDate="-19500101"),
    patient("Müller", PatientID='""'),
    patient("Smith", NumberOfPatientRelatedStudies="2"),
    patient("García Smythe O'Neil", PatientSex="F"),
    patient("Hong", "fuzzy", PatientName="gildong hong"),
]
