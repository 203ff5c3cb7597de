"""Every frame of every public file beside the repository, as our decoders give it."""

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset

from filmless.pixels.attributes import number
from filmless.pixels.errors import CannotRender
from filmless.pixels.render.grey import stored_of
from filmless.pixels.request import StoredImage, picture_request
from filmless.pixels.stored_frame import Frame, frames_of
from filmless.pixels.view import AS_IS
from pixels.asking import file_image, located_file_image, question

NOT_DATA = {"README.md", "catalogue.tsv"}


@dataclass(frozen=True, slots=True)
class Decoded:
    """A file and its frames."""

    path: Path
    name: str  # the end of its path, as lists of exceptions name it
    header: Dataset  # without pixels
    image: StoredImage
    frames: tuple[Frame, ...]

    @property
    def syntax(self) -> str:
        """UID of the transfer syntax."""
        return self.image.transfer_syntax_uid


def decoded_files(corpus: Path) -> Iterator[Decoded]:
    """The files that have frames, all of which decode; those that hold none are known to test_corpus_pictures."""
    for path in sorted(corpus.rglob("*")):
        if path.is_file() and path.name not in NOT_DATA:
            image = located_file_image(path) or file_image(path)
            header = dcmread(path, force=True, stop_before_pixels=True)
            try:
                frames = tuple(_frames(image, header))
            except CannotRender:
                continue
            if frames:
                yield Decoded(path, "/".join(path.relative_to(corpus).parts[-2:]), header, image, frames)


def _frames(image: StoredImage, header: Dataset) -> Iterator[Frame]:
    count = int(number(header, "NumberOfFrames") or 1) if image.frames is None else image.frames.count
    for at in range(count) if count > 1 else (None,):
        yield from frames_of(question(picture_request(image, AS_IS, at)).members[0])


def stored_values(frame: Frame) -> NDArray[np.float64]:
    """The values of PS3.3 C.7.6.3.1: without unused bits, with their sign."""
    return stored_of(frame.decoded, frame.module)(frame.decoded.values)


def worst(ours: NDArray[Any], theirs: NDArray[Any]) -> float:
    """The greatest difference; infinite where the shapes differ."""
    if ours.shape != theirs.shape:
        return float("inf")
    return float(np.nanmax(np.abs(ours.astype(np.float64) - theirs), initial=0))


def found_in(name: str, listed: Mapping[str, object]) -> str | None:
    """The key by which a list names a file."""
    return next((key for key in (name, name.rpartition("/")[2]) if key in listed), None)


def tool(name: str) -> str:
    """A program of the system; pynetdicom brings namesakes of DCMTK's into the environment."""
    found = shutil.which(name, path=os.pathsep.join(("/usr/bin", "/usr/local/bin", "/opt/homebrew/bin")))
    if found is None:
        pytest.fail(f"{name} is not installed: tools/system_packages.sh installs it on Debian")
    return found
