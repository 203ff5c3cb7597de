"""Colours by ICC profiles: those of an object become those that a client asks for (PS3.18 8.3.5.1.5)."""

import io
from dataclasses import replace

import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from filmless.pixels.render.icc import embedded
from filmless.pixels.view import AS_IS, Picture, Profile, View
from objects import ct_image
from pixels.asking import answered, whole_image

Reals = NDArray[np.float64]

D50 = np.array([0.9642, 1.0, 0.8249])
D65 = (0.3127, 0.3290)
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
PRIMARIES = {  # x, y of red, green and blue, then of white
    Profile.SRGB: ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06), D65),
    Profile.ADOBE_RGB: ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06), D65),
    Profile.ROMM_RGB: ((0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001), (0.3457, 0.3585)),
    Profile.DISPLAY_P3: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), D65),
}
GAMMAS = {Profile.ADOBE_RGB: 563 / 256, Profile.ROMM_RGB: 1.8}  # the others have the curve of sRGB

COLOURS = np.stack(np.meshgrid(*[np.linspace(0, 255, 9)] * 3, indexing="ij"), axis=-1).reshape(27, 27, 3).astype("u1")


def xyz(place: tuple[float, float]) -> Reals:
    x, y = place
    return np.array([x / y, 1.0, (1 - x - y) / y])


def to_xyz(profile: Profile) -> Reals:
    """The matrix from light of the three primaries to XYZ of D50, computed from their places in the CIE diagram."""
    *primaries, white = PRIMARIES[profile]
    columns = np.stack([xyz(each) for each in primaries], axis=1)
    light = columns * np.linalg.solve(columns, xyz(white))
    cones = np.diag((BRADFORD @ D50) / (BRADFORD @ xyz(white)))
    return np.asarray(np.linalg.inv(BRADFORD) @ cones @ BRADFORD @ light)


def light_of(levels: Reals, profile: Profile) -> Reals:
    if profile in GAMMAS:
        return np.asarray(levels ** GAMMAS[profile])
    return np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)


def levels_of(light: Reals, profile: Profile) -> Reals:
    light = np.clip(light, 0, 1)
    if profile in GAMMAS:
        return np.asarray(light ** (1 / GAMMAS[profile]))
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def converted(colours: NDArray[np.uint8], source: Profile, target: Profile) -> Reals:
    """By the formulas of the colour spaces, without a colour management library."""
    seen = light_of(colours / 255, source) @ to_xyz(source).T @ np.linalg.inv(to_xyz(target)).T
    return levels_of(seen, target) * 255


def inside(colours: NDArray[np.uint8], source: Profile, target: Profile) -> NDArray[np.bool_]:
    """The colours that the target space has, not too near to black, where a curve's first step is many levels."""
    light = light_of(colours / 255, source) @ to_xyz(source).T @ np.linalg.inv(to_xyz(target)).T
    return np.asarray(((light >= 0.004) & (light <= 1)).all(axis=-1) | (colours == 0).all(axis=-1))


def image(**values: object) -> Dataset:
    layout = {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7, "SamplesPerPixel": 3, "PlanarConfiguration": 0}
    size = {"Rows": 27, "Columns": 27, "PhotometricInterpretation": "RGB", "PixelData": COLOURS.tobytes() + b"\0"}
    return ct_image(**{**layout, **size, **values})


def profile_bytes(profile: Profile) -> bytes:
    return embedded(None, profile)


def picture(dataset: Dataset, profile: Profile, view: View = AS_IS) -> Image.Image:
    made = answered(whole_image(dataset), replace(view, media_type=Picture.PNG, profile=profile))
    assert isinstance(made, bytes), made
    return Image.open(io.BytesIO(made))


NAMED = [Profile.SRGB, Profile.ADOBE_RGB, Profile.ROMM_RGB, Profile.DISPLAY_P3]


@pytest.mark.parametrize("source", NAMED)
@pytest.mark.parametrize("target", NAMED)
def test_colours_are_those_of_the_formulas(source: Profile, target: Profile) -> None:
    made = picture(image(ICCProfile=profile_bytes(source)), target)
    expected, sure = converted(COLOURS, source, target), inside(COLOURS, source, target)
    assert np.abs(np.asarray(made, float) - expected)[sure].max() <= 1.5
    assert made.info["icc_profile"] == profile_bytes(target)


@pytest.mark.parametrize("target", NAMED)
def test_colours_are_those_of_another_build_of_littlecms(target: Profile) -> None:
    own = profile_bytes(Profile.ADOBE_RGB)
    made = np.asarray(picture(image(ICCProfile=own), target))
    theirs = imagecodecs.cms_transform(
        COLOURS,
        own,
        profile_bytes(target),
        colorspace="rgb",
        outcolorspace="rgb",
        intent=imagecodecs.CMS.INTENT.PERCEPTUAL,
    )
    assert np.abs(made.astype(int) - theirs).max() <= 1


def test_an_object_without_a_profile_is_taken_for_srgb() -> None:
    assert np.array_equal(np.asarray(picture(image(), Profile.SRGB)), COLOURS)
    made = np.asarray(picture(image(), Profile.DISPLAY_P3))
    assert np.array_equal(made, np.asarray(picture(image(ICCProfile=profile_bytes(Profile.SRGB)), Profile.DISPLAY_P3)))


def test_yes_brings_the_profile_of_the_object_and_leaves_its_colours() -> None:
    own = profile_bytes(Profile.ADOBE_RGB)
    made = picture(image(ICCProfile=own), Profile.YES)
    assert (np.asarray(made) == COLOURS).all()
    assert made.info["icc_profile"] == own


def test_yes_brings_srgb_for_an_object_without_a_profile() -> None:
    assert picture(image(), Profile.YES).info["icc_profile"] == profile_bytes(Profile.SRGB)


def test_no_brings_none_and_shows_the_colours_in_srgb() -> None:
    own = image(ICCProfile=profile_bytes(Profile.ADOBE_RGB))
    made = picture(own, Profile.NO)
    assert "icc_profile" not in made.info
    assert np.array_equal(np.asarray(made), np.asarray(picture(own, Profile.SRGB)))


def test_the_profile_of_an_optical_path_is_that_of_a_whole_slide_image() -> None:
    path = Dataset()
    path.ICCProfile = profile_bytes(Profile.ROMM_RGB)
    made = picture(image(OpticalPathSequence=Sequence([path])), Profile.YES)
    assert made.info["icc_profile"] == profile_bytes(Profile.ROMM_RGB)


def test_a_profile_that_is_none_is_passed_over() -> None:
    assert np.array_equal(np.asarray(picture(image(ICCProfile=b"no profile" * 20), Profile.SRGB)), COLOURS)


def test_jpeg_carries_the_profile_too() -> None:
    made = answered(whole_image(image()), View(Picture.JPEG, profile=Profile.DISPLAY_P3))
    assert isinstance(made, bytes)
    assert Image.open(io.BytesIO(made)).info["icc_profile"] == profile_bytes(Profile.DISPLAY_P3)


@pytest.mark.parametrize(("profile", "name"), [(Profile.DISPLAY_P3, "Display P3"), (Profile.ADOBE_RGB, "Adobe RGB")])
def test_a_profile_says_what_it_is(profile: Profile, name: str) -> None:
    read = ImageCms.ImageCmsProfile(io.BytesIO(profile_bytes(profile)))
    assert name in ImageCms.getProfileDescription(read)
    colorants = (read.profile.red_colorant, read.profile.green_colorant, read.profile.blue_colorant)
    assert np.allclose(np.sum([each[0] for each in colorants], axis=0), D50, atol=3e-4)
