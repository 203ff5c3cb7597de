"""How a client wants to see an object: the rendering parameters of PS3.18 8.3.5, checked."""

from dataclasses import dataclass
from enum import StrEnum

MAX_SIDE = 8192  # pixels of a viewport's width or height
MAX_AREA = 1 << 24  # pixels of a viewport


class Picture(StrEnum):
    """Rendered media types for pictures (PS3.18 8.7.4)."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    GIF = "image/gif"
    JP2 = "image/jp2"


class Profile(StrEnum):
    """Values of ``iccprofile`` (PS3.18 8.3.5.1.5)."""

    NO = "no"
    YES = "yes"
    SRGB = "srgb"
    ADOBE_RGB = "adobergb"
    ROMM_RGB = "rommrgb"
    DISPLAY_P3 = "displayp3"


class Annotation(StrEnum):
    """Values of ``annotation`` (PS3.18 8.3.5.1.1)."""

    PATIENT = "patient"
    TECHNIQUE = "technique"


class Function(StrEnum):
    """VOI LUT functions (PS3.3 C.11.2.1.2 and C.11.2.1.3)."""

    LINEAR = "LINEAR"
    LINEAR_EXACT = "LINEAR_EXACT"
    SIGMOID = "SIGMOID"


@dataclass(frozen=True, slots=True)
class Viewport:
    """Where a picture goes, and the part of the source that it shows (PS3.18 8.3.5.1.3); all in pixels."""

    width: int
    height: int
    left: float = 0.0
    top: float = 0.0
    region_width: float | None = None  # None: up to the edge
    region_height: float | None = None
    flip_horizontally: bool = False
    flip_vertically: bool = False


@dataclass(frozen=True, slots=True)
class ChosenWindow:
    """The ``window`` parameter (PS3.18 8.3.5.1.4), in output values of the modality transformation."""

    centre: float
    width: float
    function: Function = Function.LINEAR


@dataclass(frozen=True, slots=True)
class View:
    """One way to render; what is None or empty is as the object says."""

    media_type: Picture = Picture.JPEG
    viewport: Viewport | None = None
    window: ChosenWindow | None = None
    quality: int = 90  # of JPEG, 1 to 100
    annotations: tuple[Annotation, ...] = ()
    profile: Profile = Profile.NO


AS_IS = View()
