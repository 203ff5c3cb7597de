"""One frame compressed in another way, nothing of it lost where the way is lossless; runs in the codec child."""

import numpy as np

from filmless.pixels.codecs.encoders import ENCODERS, Samples
from filmless.pixels.errors import CannotRender, Reason
from filmless.pixels.native_frame import photometric_now, shape_of
from filmless.pixels.request import MAX_ANSWER_BYTES, PHOTOMETRIC_BYTES, Question
from filmless.pixels.stored_frame import Frame, frames_of

WORDS = (8, 16)  # Bits Allocated that every encoder takes


def compressed_frame(question: Question) -> bytes:
    """The photometric interpretation, padded, and the frame's stream (PS3.5 8.2, A.4)."""
    samples = _samples(next(frames_of(question.members[0])))
    try:
        stream, photometric = ENCODERS[question.facts.target](samples)
    except (KeyError, ValueError) as error:
        raise CannotRender(Reason.UNSUPPORTED, f"no encoder for it: {error}") from error
    if len(stream) + PHOTOMETRIC_BYTES > MAX_ANSWER_BYTES:
        raise CannotRender(Reason.TOO_LARGE, f"{len(stream)} bytes in a frame")
    return photometric.encode("ascii", "replace")[:PHOTOMETRIC_BYTES].ljust(PHOTOMETRIC_BYTES) + stream


def _samples(frame: Frame) -> Samples:
    """All bits that are allocated: also those above Bits Stored come back."""
    decoded, module = frame.decoded, frame.module
    if module.floating or module.bits_allocated not in WORDS:
        raise CannotRender(Reason.UNSUPPORTED, f"samples of {module.bits_allocated} bits")
    if not decoded.compressed and module.high_bit != module.bits_stored - 1:
        raise CannotRender(Reason.UNSUPPORTED, "values that do not lie at the low end of their words")
    if decoded.values.shape != shape_of(module):
        raise CannotRender(Reason.DAMAGED, "the stream has another size than the attributes")
    values, width = decoded.values, module.bits_allocated // 8
    if values.dtype.kind not in "iu" or values.dtype.itemsize > width:
        raise CannotRender(Reason.DAMAGED, f"samples of type {values.dtype}")
    words = np.ascontiguousarray(values.astype(f"{values.dtype.kind}{width}"))
    fit = not module.signed and not (words.view(f"u{width}") >> module.bits_stored).any()
    precision = module.bits_stored if fit and module.bits_stored > 1 else module.bits_allocated
    return Samples(words.view(f"{'i' if module.signed else 'u'}{width}"), precision, photometric_now(decoded, module))
