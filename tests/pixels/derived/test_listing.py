"""What structure sets and plans hold is listed."""

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from filmless.pixels.derived.listing import Line, drawn, listing_of
from filmless.pixels.view import View, Viewport
from objects import ct_image
from pixels.derived.scene import bare, picture
from pixels.derived.test_scenes import STORAGE, item


def without_pixels(**values: object) -> Dataset:
    made = ct_image(**values)
    del made.PixelData
    return made


def structure_set(count: int = 2) -> Dataset:
    rois = [item(ROINumber=number, ROIName=f"Organ {number}") for number in range(1, count + 1)]
    return without_pixels(
        SOPClassUID=STORAGE + "481.3",
        StructureSetLabel="PELVIS",
        StructureSetROISequence=Sequence(rois),
        ROIContourSequence=Sequence([item(ReferencedROINumber=2, ROIDisplayColor=[255, 0, 0])]),
        RTROIObservationsSequence=Sequence([item(ReferencedROINumber=1, RTROIInterpretedType="ORGAN")]),
    )


def plan() -> Dataset:
    beam = item(
        BeamNumber=3,
        BeamName="Arc",
        RadiationType="PHOTON",
        BeamType="DYNAMIC",
        ControlPointSequence=Sequence([item(NominalBeamEnergy=6)]),
    )
    reference = item(ReferencedBeamNumber=3, BeamMeterset="101.25")
    fractions = item(NumberOfFractionsPlanned=30, ReferencedBeamSequence=Sequence([reference]))
    return without_pixels(
        SOPClassUID=STORAGE + "481.5",
        RTPlanLabel="PROSTATE",
        BeamSequence=Sequence([beam]),
        FractionGroupSequence=Sequence([fractions]),
    )


def test_the_regions_of_a_structure_set_are_listed_with_their_colours() -> None:
    listing = listing_of(structure_set(), STORAGE + "481.3")
    assert listing is not None
    assert listing.title == "PELVIS"
    assert listing.lines == (Line("Organ 1, organ"), Line("Organ 2", (255, 0, 0)))


def test_the_fractions_and_beams_of_a_plan_are_listed() -> None:
    listing = listing_of(plan(), STORAGE + "481.5")
    assert listing is not None
    assert listing.title == "PROSTATE"
    assert [line.words for line in listing.lines] == ["30 fractions", "Arc, photon, 6 MeV, dynamic, 101.2 MU"]


def test_an_object_that_holds_nothing_to_list_has_no_list() -> None:
    assert listing_of(without_pixels(), STORAGE + "481.3") is None
    assert listing_of(structure_set(), STORAGE + "2") is None


def test_a_long_list_ends_with_how_many_more_there_are() -> None:
    listing = listing_of(structure_set(100), STORAGE + "481.3")
    assert listing is not None
    assert drawn(listing, 128, 128).size == (128, 128)


def test_the_list_is_the_picture_of_the_object() -> None:
    seen = picture((bare(structure_set()), ()), view=View(viewport=Viewport(300, 200)))
    assert seen.shape == (200, 300, 3)
    assert (seen == np.array([255, 0, 0], np.uint8)).all(axis=2).any()
