"""Which attributes belong to patient, study and series, and are kept for queries.

The keys of PS3.4 C.6 and PS3.18 10.6.3, and those that are commonly asked for beside them.
"""

PATIENT_TAGS = (
    0x00100010,  # PatientName
    0x00100020,  # PatientID
    0x00100021,  # IssuerOfPatientID
    0x00100022,  # TypeOfPatientID
    0x00100024,  # IssuerOfPatientIDQualifiersSequence
    0x00100030,  # PatientBirthDate
    0x00100032,  # PatientBirthTime
    0x00100040,  # PatientSex
    0x00101001,  # OtherPatientNames
    0x00101002,  # OtherPatientIDsSequence
    0x00102160,  # EthnicGroup
    0x00102201,  # PatientSpeciesDescription
    0x00102202,  # PatientSpeciesCodeSequence
    0x00102292,  # PatientBreedDescription
    0x00102297,  # ResponsiblePerson
    0x00104000,  # PatientComments
    0x00120062,  # PatientIdentityRemoved
    0x00120063,  # DeidentificationMethod
)

STUDY_TAGS = (
    0x00080020,  # StudyDate
    0x00080030,  # StudyTime
    0x00080050,  # AccessionNumber
    0x00080051,  # IssuerOfAccessionNumberSequence
    0x00080090,  # ReferringPhysicianName
    0x00080096,  # ReferringPhysicianIdentificationSequence
    0x00081030,  # StudyDescription
    0x00081032,  # ProcedureCodeSequence
    0x00081048,  # PhysiciansOfRecord
    0x00081060,  # NameOfPhysiciansReadingStudy
    0x00081080,  # AdmittingDiagnosesDescription
    0x00081110,  # ReferencedStudySequence
    0x00101010,  # PatientAge
    0x00101020,  # PatientSize
    0x00101030,  # PatientWeight
    0x00102000,  # MedicalAlerts
    0x00102110,  # Allergies
    0x00102180,  # Occupation
    0x001021B0,  # AdditionalPatientHistory
    0x001021C0,  # PregnancyStatus
    0x0020000D,  # StudyInstanceUID
    0x00200010,  # StudyID
    0x00321032,  # RequestingPhysician
    0x00321033,  # RequestingService
    0x00321060,  # RequestedProcedureDescription
    0x00321064,  # RequestedProcedureCodeSequence
    0x00380010,  # AdmissionID
    0x00380014,  # IssuerOfAdmissionIDSequence
    0x00380050,  # SpecialNeeds
    0x00380060,  # ServiceEpisodeID
    0x00380300,  # CurrentPatientLocation
    0x00401012,  # ReasonForPerformedProcedureCodeSequence
    0x00120010,  # ClinicalTrialSponsorName
    0x00120020,  # ClinicalTrialProtocolID
    0x00120040,  # ClinicalTrialSubjectID
    0x00120050,  # ClinicalTrialTimePointID
)

SERIES_TAGS = (
    0x00080021,  # SeriesDate
    0x00080031,  # SeriesTime
    0x00080060,  # Modality
    0x00080064,  # ConversionType
    0x00080068,  # PresentationIntentType
    0x00080070,  # Manufacturer
    0x00080080,  # InstitutionName
    0x00081010,  # StationName
    0x0008103E,  # SeriesDescription
    0x0008103F,  # SeriesDescriptionCodeSequence
    0x00081040,  # InstitutionalDepartmentName
    0x00081050,  # PerformingPhysicianName
    0x00081070,  # OperatorsName
    0x00081090,  # ManufacturerModelName
    0x00081111,  # ReferencedPerformedProcedureStepSequence
    0x00082218,  # AnatomicRegionSequence
    0x00180015,  # BodyPartExamined
    0x00181000,  # DeviceSerialNumber
    0x00181020,  # SoftwareVersions
    0x00181030,  # ProtocolName
    0x00185100,  # PatientPosition
    0x0020000E,  # SeriesInstanceUID
    0x00200011,  # SeriesNumber
    0x00200052,  # FrameOfReferenceUID
    0x00200060,  # Laterality
    0x00400244,  # PerformedProcedureStepStartDate
    0x00400245,  # PerformedProcedureStepStartTime
    0x00400253,  # PerformedProcedureStepID
    0x00400254,  # PerformedProcedureStepDescription
    0x00400260,  # PerformedProtocolCodeSequence
    0x00400275,  # RequestAttributesSequence
)
