"""The poster of a video: one frame of its stream (PS3.5 8.2.5 to 8.2.8). Runs in the codec child.

``av`` is an extra: without it a video has no poster. Container and codecs are named, never guessed: what FFmpeg
would recognise includes lists of other files to open.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from io import SEEK_CUR, SEEK_END
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from filmless.pixels.pixel_module import check_extent

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame

Levels = NDArray[np.uint8]  # (row, column, red green blue)

MAX_TRIED = 250  # frames that are looked at for one that is not black
BLACK = 16.0  # mean level

_TS_PACKET = 188
_CODECS = "h264,hevc,mpeg1video,mpeg2video,mpeg4"


class Stream:
    """A file of the bytes of a stream, or of its beginning and its end, between which it has zeros."""

    def __init__(self, pieces: Sequence[bytes], gap: int) -> None:
        self.beginning = pieces[0]
        self._end = pieces[1] if len(pieces) > 1 else b""
        self.gap = gap
        self._at = 0
        self._length = len(self.beginning) + gap + len(self._end)

    def read(self, size: int) -> bytes:
        """At most ``size`` bytes; none at the end."""
        after = self._at - len(self.beginning) - self.gap
        if self._at < len(self.beginning):
            piece = self.beginning[self._at : self._at + size]
        elif after < 0:
            piece = bytes(min(size, -after))
        else:
            piece = self._end[after : after + size]
        self._at += len(piece)
        return piece

    def seek(self, offset: int, whence: int = 0) -> int:
        """As files do."""
        self._at = max(0, offset + {SEEK_CUR: self._at, SEEK_END: self._length}.get(whence, 0))
        return self._at

    def tell(self) -> int:
        """As files do."""
        return self._at


def poster(stream: Stream, *, is_hevc: bool) -> Levels | None:
    """A frame near the middle, or the first that is not black; None where none can be had."""
    try:
        import av  # noqa: PLC0415 - an extra, and no other picture needs it
    except ImportError:
        return None
    found = None
    container = container_of(stream.beginning, is_hevc=is_hevc)
    for frames in (_middle, _beginning):
        with suppress(av.FFmpegError, ValueError, IndexError):  # damaged from there on
            for frame in frames(stream, container):
                if not _is_black(frame):
                    return _levels(frame)
                found = _levels(frame) if found is None else found
    return found


def container_of(beginning: bytes, *, is_hevc: bool) -> str:
    """FFmpeg's name of the container: MP4, transport or program stream, or none but the bare stream."""
    if beginning[4:8] == b"ftyp":
        return "mp4"
    if beginning[:1] == beginning[_TS_PACKET : _TS_PACKET + 1] == b"G":
        return "mpegts"
    if beginning.startswith(b"\0\0\1\xba"):
        return "mpeg"
    if beginning.startswith(b"\0\0\1\xb3"):
        return "mpegvideo"
    return "hevc" if is_hevc else "h264"


def _middle(stream: Stream, container: str) -> "Iterator[VideoFrame]":
    """A frame near the middle of a stream that is whole and can be entered there."""
    with _opened(stream, container) as opened:
        video = opened.streams.video[0]
        if video.duration and not stream.gap:
            opened.seek((video.start_time or 0) + video.duration // 2, stream=video)
            yield from islice(_decoded(opened), 1)


def _beginning(stream: Stream, container: str) -> "Iterator[VideoFrame]":
    with _opened(stream, container) as opened:
        yield from islice(_decoded(opened), MAX_TRIED)


def _opened(stream: Stream, container: str) -> "InputContainer":
    import av  # noqa: PLC0415

    stream.seek(0)
    options = {"codec_whitelist": _CODECS, "protocol_whitelist": "none"}
    return av.open(stream, "r", format=container, options=options)


def _decoded(opened: "InputContainer") -> "Iterator[VideoFrame]":
    """Frames whose size is bearable, in this thread alone."""
    video = opened.streams.video[0]
    video.codec_context.thread_count = 1
    if video.codec_context.height and video.codec_context.width:
        check_extent(video.codec_context.height, video.codec_context.width, 3, 8)
    for frame in opened.decode(video):
        check_extent(frame.height, frame.width, 3, 8)
        yield frame


def _levels(frame: "VideoFrame") -> Levels:
    return np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)


def _is_black(frame: "VideoFrame") -> bool:
    return bool(frame.to_ndarray(format="gray").mean() <= BLACK)
