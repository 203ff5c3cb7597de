"""Posters of videos: from every container and codec that DICOM has, whole, long, damaged or without a decoder."""

import io
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from filmless.pixels import request
from filmless.pixels.codec_child import answer
from filmless.pixels.codecs.video import Stream, container_of
from filmless.pixels.errors import CannotRender
from filmless.pixels.request import StoredImage, picture_request
from filmless.pixels.view import Picture, View, Viewport
from filmless.standards.data_set.fault import Fault
from filmless.standards.data_set.frames import locate_frames
from filmless.standards.data_set.scanner import scan
from objects import head_length, part10_bytes
from pixels.asking import question
from wrapped import VIDEO, movie, video

PNG = View(Picture.PNG)
MPEG_2, H264, HEVC = (f"1.2.840.10008.1.2.4.{ending}" for ending in ("100", "102", "107"))


def stored(stream: bytes, syntax: str) -> StoredImage:
    data = part10_bytes(video(stream), syntax)
    head = head_length(data)
    found = scan(data[head:], syntax, frozenset())
    assert not isinstance(found, Fault)
    sop_class = VIDEO
    frames = locate_frames(data[head:], found)
    return StoredImage(lambda at, to: data[at:to], len(data), head, sop_class, syntax, found.pixel_offset, frames)


def poster(image: StoredImage, view: View = PNG) -> np.ndarray:
    made = answer(question(picture_request(image, view)))
    assert not isinstance(made, CannotRender), made
    return np.asarray(Image.open(io.BytesIO(made)))


@pytest.mark.parametrize(
    ("codec", "container", "syntax"),
    [
        ("mpeg2video", "mpeg2video", MPEG_2),
        ("mpeg2video", "mpegts", MPEG_2),
        ("mpeg2video", "vob", MPEG_2),
        ("libx264", "h264", H264),
        ("libx264", "mp4", H264),
        ("libx264", "mpegts", H264),
        ("libx265", "mp4", HEVC),
        ("libx265", "hevc", HEVC),
    ],
)
def test_a_video_has_a_frame_that_is_not_black_as_its_poster(codec: str, container: str, syntax: str) -> None:
    seen = poster(stored(movie(codec, container), syntax))
    assert seen.shape == (48, 64, 3)
    assert abs(seen.astype(int) - 200).max() <= 12


def test_a_poster_takes_the_viewport_as_any_picture() -> None:
    assert poster(stored(movie("libx264", "mp4"), H264), View(Picture.PNG, Viewport(32, 32))).shape == (24, 32, 3)


def test_of_a_long_video_the_beginning_and_the_end_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = movie("libx264", "mp4", (200,) * 200)  # its index lies at its end
    monkeypatch.setattr(request, "MAX_STREAM_BYTES", len(stream) * 9 // 10)
    monkeypatch.setattr(request, "END_BYTES", len(stream) // 2)
    image = stored(stream, H264)
    asked = question(picture_request(image, View(Picture.PNG)))
    assert asked.members[0].member.gap > 0
    assert abs(poster(image).astype(int) - 200).max() <= 12


@pytest.mark.parametrize(
    "stream",
    [b"\0" * 1000, b"ffconcat version 1.0\nfile /etc/hostname\n", b"#EXTM3U\n/etc/hostname\n", b"G" * 4096],
)
def test_what_is_no_video_is_a_card(stream: bytes) -> None:
    assert poster(stored(stream, H264)).shape == (512, 512, 3)


def test_a_video_that_ends_early_shows_what_there_is() -> None:
    stream = movie("libx264", "mpegts", (200,) * 100)
    assert poster(stored(stream[: len(stream) // 2], H264)).shape == (48, 64, 3)


def test_without_the_extra_a_video_is_a_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    assert poster(stored(movie("libx264", "mp4"), H264)).shape == (512, 512, 3)


def test_a_frame_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    image = stored(movie("libx264", "mp4"), H264)
    with pytest.raises(CannotRender):
        picture_request(replace(image), View(), 1)()


def test_containers_are_told_by_their_first_bytes() -> None:
    assert container_of(b"", is_hevc=True) == "hevc"
    assert container_of(b"G" + bytes(187) + b"G", is_hevc=False) == "mpegts"


def test_a_stream_in_two_pieces_reads_as_one_with_zeros_between() -> None:
    stream = Stream((b"abc", b"xyz"), 4)
    assert b"".join(iter(lambda: stream.read(2), b"")) == b"abc\0\0\0\0xyz"
    assert (stream.seek(-2, 2), stream.read(9), stream.seek(1), stream.tell()) == (8, b"yz", 1, 1)
