"""JPEG 2000 and High-Throughput JPEG 2000 (ISO/IEC 15444-1 and -15)."""

import struct

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from filmless.pixels.errors import CannotRender, Reason
from filmless.pixels.pixel_module import PixelModule, check_extent

SIZ = b"\xff\x4f\xff\x51"  # SOC, then SIZ, which must follow it (15444-1 A.5.1)
EXTENT = struct.Struct(">HHIIIIIIIIH")  # Lsiz Rsiz Xsiz Ysiz XOsiz YOsiz XTsiz YTsiz XTOsiz YTOsiz Csiz
CAPABILITIES = b"\xff\x50"  # CAP: present where the code blocks are high throughput
MULTIPLE_COMPONENT_TRANSFORM = {"YBR_RCT", "YBR_ICT"}
MAX_TILES = 65_535  # 15444-1 A.4.2: a tile index has 16 bits


def decode(frame: bytes, module: PixelModule) -> tuple[NDArray[np.generic], str]:
    """Stored values and their photometric interpretation; the decoder undoes the component transform."""
    at = frame.find(SIZ, 0, 4096)  # some senders wrap the code stream in JP2 boxes
    if at < 0 or len(frame) < at + 4 + EXTENT.size + 1:
        raise CannotRender(Reason.DAMAGED, "JPEG 2000 without a size")
    _, _, right, bottom, left, top, tile_columns, tile_rows, _, _, samples = EXTENT.unpack_from(frame, at + 4)
    check_extent(bottom - top, right - left, max(samples, 1), (frame[at + 4 + EXTENT.size] & 0x7F) + 1)
    if not tile_columns or not tile_rows or -(-right // tile_columns) * -(-bottom // tile_rows) > MAX_TILES:
        raise CannotRender(Reason.DAMAGED, "JPEG 2000 tiles")
    after_siz = at + 4 + int.from_bytes(frame[at + 4 : at + 6], "big")
    high_throughput = frame[after_siz : after_siz + 2] == CAPABILITIES
    code_stream = frame[at:]
    values = (
        imagecodecs.htj2k_decode(code_stream, planar=False)
        if high_throughput
        else imagecodecs.jpeg2k_decode(code_stream)
    )
    return values, "RGB" if module.photometric in MULTIPLE_COMPONENT_TRANSFORM else module.photometric
