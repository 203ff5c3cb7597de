"""Real H.264 and H.265 in MP4 as bulk data: valid multi-frame instances with the film as it is."""

import io
from pathlib import Path
from subprocess import run

import av
import numpy as np
import pytest
from pydicom.encaps import generate_fragments
from pydicom.uid import VideoPhotographicImageStorage

from bulk_data import JSON, XML, pixels_at, post, stored
from web_house import WebHouse

pytestmark = pytest.mark.slow

FRAMES, ROWS, COLUMNS = 30, 96, 128


def film(folder: Path, codec: str, fps: int, flags: str = "") -> bytes:
    """A square that moves over grey."""
    path = folder / "film.mp4"
    with av.open(path, "w", format="mp4", options={"movflags": flags} if flags else {}) as container:
        stream = container.add_stream(codec, rate=fps)
        stream.width, stream.height, stream.pix_fmt = COLUMNS, ROWS, "yuv420p"
        for number in range(FRAMES):
            picture = np.full((ROWS, COLUMNS, 3), 90, np.uint8)
            picture[20:40, number : number + 20] = (200, 40, 40)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return path.read_bytes()


CODECS = [name for name in ("libx264", "libx265") if name in av.codecs_available]


@pytest.mark.parametrize("kind", [JSON, XML])
@pytest.mark.parametrize("flags", ["", "faststart"])
@pytest.mark.parametrize("codec", CODECS)
def test_a_film_becomes_a_valid_multi_frame_instance(codec: str, flags: str, kind: str, tmp_path: Path) -> None:
    house, sent = WebHouse(), film(tmp_path, codec, 25, flags)
    data_set = pixels_at("p", SOPClassUID=VideoPhotographicImageStorage)
    reply = post(house, [data_set], ("video/mp4", "p", sent), kind=kind)
    image = stored(house, reply)
    assert image.file_meta.TransferSyntaxUID.startswith("1.2.840.10008.1.2.4.10")
    assert (image.NumberOfFrames, image.Rows, image.Columns) == (FRAMES, ROWS, COLUMNS)
    assert (image.FrameIncrementPointer, float(image.FrameTime), image.CineRate) == (0x00181063, 40.0, 25)
    assert (image.PhotometricInterpretation, image.SamplesPerPixel, image.PlanarConfiguration) == (
        "YBR_PARTIAL_420",
        3,
        0,
    )
    assert image.LossyImageCompression == "01"
    assert image.LossyImageCompressionMethod in {"ISO_14496_10", "ISO_23008_2"}
    kept = b"".join(generate_fragments(image.PixelData[8 + int.from_bytes(image.PixelData[4:8], "little") :]))
    assert kept[: len(sent)] == sent
    with av.open(io.BytesIO(kept)) as container:
        assert sum(1 for _ in container.decode(video=0)) == FRAMES
    path = tmp_path / "film.dcm"
    path.write_bytes(house.archive.files[image.SOPInstanceUID][1])
    assert run(["dcmdump", "-q", path], capture_output=True, check=False).returncode == 0


def test_what_the_metadata_say_of_time_stays(tmp_path: Path) -> None:
    house = WebHouse()
    vector = [40.0] * FRAMES
    data_set = pixels_at("p", FrameIncrementPointer=0x00181065, FrameTimeVector=vector)
    image = stored(house, post(house, [data_set], ("video/mp4", "p", film(tmp_path, CODECS[0], 50))))
    assert image.FrameIncrementPointer == 0x00181065
    assert "FrameTime" not in image
