"""Waveforms on grid paper: where each curve, label and calibration lies, in millimetres, and the page as SVG."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from filmless.pixels.documents.signals import Channel, Group, Waveform

SPEED = 25.0  # mm/s, of what is no sound
GAIN = 10.0  # mm/mV
STRIP = 250.0  # mm of a row
MARGIN, LABEL = 5.0, 15.0  # mm; to the left of a curve stand its name and calibration
LINE = 5.0  # mm between lines of text
MAX_ROWS = 120
_SOUND = 2000.0  # samples per second from which a whole group goes into one row
_LEAST, _MOST = 15.0, 60.0  # mm of a row's height
_FINE = 0.1  # mm: of more samples within that the highest and lowest are drawn

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Words:
    """A line of text; ``x`` and ``y`` of its beginning and base line."""

    x: float
    y: float
    text: str
    size: float = 3.2


@dataclass(frozen=True, slots=True)
class Page:
    """What is drawn, in mm from the upper left."""

    width: float
    height: float
    curves: tuple[tuple[Point, ...], ...]
    calibrations: tuple[tuple[Point, ...], ...]
    words: tuple[Words, ...]
    title: str


def page_of(waveform: Waveform) -> Page:
    """Lay a waveform out: text, then each group with a row for each channel and each ten seconds."""
    words = [Words(MARGIN, MARGIN + LINE, waveform.title, 5.0)]
    y = MARGIN + 2 * LINE
    for fact in waveform.facts:
        words.append(Words(MARGIN, y + LINE, fact))
        y += LINE
    curves: list[tuple[Point, ...]] = []
    calibrations: list[tuple[Point, ...]] = []
    rows = 0
    for group in waveform.groups:
        speed = _speed(group)
        words.append(Words(MARGIN, y + 2 * LINE, _legend(group, speed), 3.6))
        y += 3 * LINE
        for start, channel in _rows(group, speed):
            if rows >= MAX_ROWS:
                break
            rows += 1
            row = _Row(channel, group.rate, start, speed)
            base = y + row.above
            words.append(Words(MARGIN, base - 2.0, f"{channel.label}" + (f" {start:g} s" if start else "")))
            curves.extend(row.curves(base))
            calibrations.append(row.calibration(base))
            y += row.above + row.below
            words += [Words(x, y, text, 2.6) for x, text in _marks(group, channel, start, speed)]
    return Page(
        MARGIN * 2 + LABEL + STRIP, y + MARGIN, tuple(curves), tuple(calibrations), tuple(words), waveform.title
    )


def _speed(group: Group) -> float:
    return STRIP / max(min(group.seconds, 60.0), 0.001) if group.rate >= _SOUND else SPEED


def _legend(group: Group, speed: float) -> str:
    gains = {f"{_gain(channel):g} mm/{channel.unit or 'step'}" for channel in group.channels}
    filters = {channel.filters for channel in group.channels if channel.filters}
    shown = min(len(group.channels[0].samples) / group.rate, group.seconds)
    cut = f", the first {shown:g} s of {group.seconds:g} s" if shown < group.seconds - 1 / group.rate else ""
    parts = (group.label, f"{speed:g} mm/s", ", ".join(sorted(gains)), "; ".join(sorted(filters)))
    return " · ".join(filter(None, parts)) + cut


def _rows(group: Group, speed: float) -> Iterator[tuple[float, Channel]]:
    step = STRIP / speed  # seconds of a row
    start = 0.0
    while start < len(group.channels[0].samples) / group.rate:
        for channel in group.channels:
            yield start, channel
        start += step


def _marks(group: Group, channel: Channel, start: float, speed: float) -> Iterator[tuple[float, str]]:
    """Below the last channel: where something is noted, and what, unless it would lie upon the words before."""
    free = 0.0
    for second, text in sorted(group.marks) if channel is group.channels[-1] else ():
        x = MARGIN + LABEL + (second - start) * speed
        if start <= second < start + STRIP / speed and x >= free:
            yield x, f"^ {text}"
            free = x + 1.6 * (len(text) + 3)


def _gain(channel: Channel) -> float:
    """Millimetres of one unit: fixed for voltages, else what makes the greatest swing about 30 mm, in steps 1-2-5."""
    if channel.unit == "mV":
        return GAIN
    low, high = _range(channel.samples)
    if not high > low:
        return 1.0
    wanted = 30.0 / (high - low)
    decade = 10.0 ** math.floor(math.log10(wanted))
    return next(step * decade for step in (5.0, 2.0, 1.0) if step * decade <= wanted * (1 + 1e-9))


def _range(samples: Sequence[float]) -> tuple[float, float]:
    known = [value for value in samples if math.isfinite(value)]
    return (min(known), max(known)) if known else (0.0, 0.0)


class _Row:
    """One channel from a second on, for the length of a strip."""

    def __init__(self, channel: Channel, rate: float, start: float, speed: float) -> None:
        self._rate, self._start, self._speed, self._skew = rate, start, speed, channel.skew
        first = round(start * rate)
        self._samples = channel.samples[first : first + max(1, math.ceil(STRIP / speed * rate))]
        self._gain = _gain(channel)
        low, high = _range(channel.samples)
        self._zero = 0.0 if low <= 0 <= high or channel.unit == "mV" else (low + high) / 2  # value on the base line
        self.above = _height((high - self._zero) * self._gain)
        self.below = _height((self._zero - low) * self._gain)

    def curves(self, base: float) -> Iterator[tuple[Point, ...]]:
        """Lines through the samples; a gap parts them."""
        run: list[Point] = []
        for number, value in self._thinned():
            if math.isfinite(value):
                x = MARGIN + LABEL + (number / self._rate + self._skew) * self._speed
                run.append((x, base - self._clipped(value)))
            elif run:
                yield tuple(run)
                run = []
        if run:
            yield tuple(run)

    def calibration(self, base: float) -> tuple[Point, ...]:
        """A pulse of 10 mm, 5 mm wide: 1 mV and 0.2 s where the paper is as usual."""
        x = MARGIN + LABEL - 8.0
        return (
            (x, base),
            (x + 1.0, base),
            (x + 1.0, base - 10.0),
            (x + 6.0, base - 10.0),
            (x + 6.0, base),
            (x + 7.0, base),
        )

    def _clipped(self, value: float) -> float:
        return max(-self.below, min(self.above, (value - self._zero) * self._gain))

    def _thinned(self) -> Iterator[tuple[int, float]]:
        """Samples with their numbers; of many within a tenth of a millimetre the extremes, in their order."""
        size = int(_FINE / self._speed * self._rate)
        if size < 4:
            yield from enumerate(self._samples)
            return
        for first in range(0, len(self._samples), size):
            piece = self._samples[first : first + size]
            for extreme in sorted({piece.index(min(piece)), piece.index(max(piece))}):
                yield first + extreme, piece[extreme]


def _height(millimetres: float) -> float:
    """Whole large squares, so that base lines lie on the grid."""
    return math.ceil(min(max(millimetres, _LEAST / 2), _MOST) / 5.0) * 5.0 + 5.0


def svg(page: Page) -> bytes:
    """The page at its true size, with a text alternative for those who do not see it."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{page.width:g}mm" height="{page.height:g}mm" '
        f'viewBox="0 0 {page.width:g} {page.height:g}" role="img" font-family="sans-serif">',
        f"<title>{escape(page.title)}</title>",
        '<defs><pattern id="fine" width="1" height="1" patternUnits="userSpaceOnUse">'
        '<path d="M1 0H0V1" fill="none" stroke="#f3c6c6" stroke-width=".1"/></pattern>'
        '<pattern id="grid" width="5" height="5" patternUnits="userSpaceOnUse"><rect width="5" height="5" '
        'fill="url(#fine)"/><path d="M5 0H0V5" fill="none" stroke="#e39a9a" stroke-width=".2"/></pattern></defs>',
        f'<rect width="{page.width:g}" height="{page.height:g}" fill="#fff"/>',
        f'<rect width="{page.width:g}" height="{page.height:g}" fill="url(#grid)"/>',
        '<g fill="none" stroke="#111" stroke-width=".25" stroke-linejoin="round">',
        *(_polyline(points, "curve") for points in page.curves),
        *(_polyline(points, "calibration") for points in page.calibrations),
        "</g>",
        *(
            f'<text x="{each.x:.2f}" y="{each.y:.2f}" font-size="{each.size:g}">{escape(each.text)}</text>'
            for each in page.words
        ),
        "</svg>\n",
    ]
    return "\n".join(parts).encode()


def _polyline(points: Sequence[Point], kind: str) -> str:
    written = " ".join(f"{x:.2f},{y:.2f}" for x, y in points)
    return f'<polyline class="{kind}" points="{written}"/>'
