"""How the tests of derived pictures ask: objects in, the picture out as a codec child answers it."""

import io
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset

from filmless.pixels.codec_child import answer
from filmless.pixels.errors import CannotRender
from filmless.pixels.request import StoredImage, scene_request
from filmless.pixels.view import Picture, View
from objects import head_length, part10_bytes
from pixels.asking import question, whole_image

PNG = View(Picture.PNG)


def bare(dataset: Dataset) -> StoredImage:
    """An object without pixels."""
    data = part10_bytes(dataset)
    return StoredImage(
        lambda start, stop: data[start:stop],
        len(data),
        head_length(data),
        str(dataset.SOPClassUID),
        "1.2.840.10008.1.2.1",
        None,
        None,
    )


def scene(*parts: tuple[StoredImage | Dataset, tuple[int, ...]], view: View = PNG) -> NDArray[np.uint8] | CannotRender:
    """The picture as an array (row, column, ...), or why there is none."""
    images = [(whole_image(part) if isinstance(part, Dataset) else part, numbers) for part, numbers in parts]
    made = answer(question(scene_request(images, replace(view, media_type=Picture.PNG))))
    return made if isinstance(made, CannotRender) else np.asarray(Image.open(io.BytesIO(made)))


def picture(*parts: tuple[StoredImage | Dataset, tuple[int, ...]], view: View = PNG) -> NDArray[np.uint8]:
    """The picture; fails where there is none."""
    made = scene(*parts, view=view)
    assert not isinstance(made, CannotRender), made
    return made
