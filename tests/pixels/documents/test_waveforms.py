"""Waveforms on grid paper: each sample lies where 25 mm/s and 10 mm/mV put it, in SVG and in the picture."""

import math
from array import array
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ImplicitVRLittleEndian

from filmless.pixels.documents.paper import GAIN, LABEL, MARGIN, SPEED, Page, page_of, svg
from filmless.pixels.documents.sheet import PER_MM, sheet
from filmless.pixels.documents.signals import Waveform, waveform_of
from filmless.standards.data_set.part10 import Head, read_head
from native import encoded

EXPLICIT = "1.2.840.10008.1.2.1"
SVG = "{http://www.w3.org/2000/svg}"
RATE = 100.0  # samples per second


def coded(meaning: str, value: str) -> Dataset:
    made = Dataset()
    made.CodeValue, made.CodingSchemeDesignator, made.CodeMeaning = value, "UCUM", meaning
    return made


def channel(name: str = "Lead II", unit: str = "uV", **values: object) -> Dataset:
    made = Dataset()
    made.ChannelSourceSequence, made.ChannelSensitivityUnitsSequence = [coded(name, "L")], [coded(unit, unit)]
    made.ChannelSensitivity, made.ChannelSensitivityCorrectionFactor, made.ChannelBaseline = "1", "1", "0"
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def waveform(samples: list[list[int]], *channels: Dataset, kind: str = "SS", **values: object) -> Dataset:
    group, made = Dataset(), Dataset()
    code = {"SS": "h", "UB": "B", "MB": "B", "AB": "B", "SL": "i"}[kind]
    stored = array(code, [value for row in samples for value in row])
    group.NumberOfWaveformChannels, group.NumberOfWaveformSamples = len(channels), len(samples)
    group.SamplingFrequency, group.WaveformSampleInterpretation = str(RATE), kind
    group.ChannelDefinitionSequence = list(channels)
    group.WaveformBitsAllocated = 8 * stored.itemsize
    group.add_new(0x54001010, "OB" if stored.itemsize == 1 else "OW", stored.tobytes())
    for keyword, value in values.items():
        setattr(group, keyword, value)
    made.PatientName, made.StudyDescription, made.WaveformSequence = "Doe^<Jane>", "Rest ECG", [group]
    return made


def read(made: Dataset) -> Waveform:
    return waveform_of(encoded(made, EXPLICIT), EXPLICIT)


def only(page: Page) -> tuple[tuple[float, float], ...]:
    (curve,) = page.curves
    return curve


def test_a_millivolt_is_ten_millimetres_and_a_second_twenty_five() -> None:
    page = page_of(read(waveform([[0], [1000], [-500], [0]], channel())))
    points = only(page)
    base = points[0][1]
    heights = [round(base - y, 6) for _, y in points]
    assert heights == [0.0, GAIN, -GAIN / 2, 0.0]
    assert [round(x - MARGIN - LABEL, 6) for x, _ in points] == [n / RATE * SPEED for n in range(4)]
    assert base % 5 == pytest.approx(points[0][1] % 5)
    (pulse,) = page.calibrations
    assert max(y for _, y in pulse) - min(y for _, y in pulse) == GAIN
    assert any("25 mm/s · 10 mm/mV" in words.text for words in page.words)


@pytest.mark.parametrize(
    ("unit", "values", "stored", "millivolts"),
    [
        ("uV", {"ChannelSensitivity": "2.5"}, 400, 1.0),
        ("mV", {"ChannelSensitivity": "0.005"}, 100, 0.5),
        ("V", {"ChannelSensitivity": "0.001"}, 1, 1.0),
        ("uV", {"ChannelSensitivityCorrectionFactor": "0.5"}, 1000, 0.5),
        ("uV", {"ChannelBaseline": "250"}, 750, 1.0),
    ],
)
def test_sensitivity_correction_and_baseline_scale_what_is_stored(
    unit: str, values: dict[str, str], stored: int, millivolts: float
) -> None:
    (group,) = read(waveform([[stored]], channel(unit=unit, **values))).groups
    assert group.channels[0].samples[0] == pytest.approx(millivolts)
    assert group.channels[0].unit == "mV"


def test_channels_are_parted_and_skew_moves_them() -> None:
    late = channel("Lead V1", ChannelTimeSkew="0.1")
    (group,) = read(waveform([[1, 10], [2, 20], [3, 30]], channel(), late)).groups
    assert [each.label for each in group.channels] == ["II", "V1"]
    assert [list(each.samples) for each in group.channels] == [[0.001, 0.002, 0.003], [0.01, 0.02, 0.03]]
    first, second = page_of(Waveform("", (), (group,))).curves
    assert second[0][0] - first[0][0] == pytest.approx(0.1 * SPEED)


def test_padding_is_a_gap() -> None:
    made = waveform([[1], [-32768], [2], [3]], channel())
    made.WaveformSequence[0].add_new(0x5400100A, "OW", b"\x00\x80")
    assert [len(curve) for curve in page_of(read(made)).curves] == [1, 2]


@pytest.mark.parametrize(("kind", "byte", "sample"), [("MB", 0xFF, 0), ("MB", 0x80, 32124), ("AB", 0xD5, 8)])
def test_companded_sound_is_expanded(kind: str, byte: int, sample: int) -> None:
    made = waveform([[byte]], channel(), kind=kind)
    del made.WaveformSequence[0].ChannelDefinitionSequence[0].ChannelSensitivity
    (group,) = read(made).groups
    assert (group.channels[0].samples[0], group.channels[0].unit) == (sample, "")


def test_of_many_samples_the_peaks_stay() -> None:
    samples = [[0] for _ in range(40_000)]
    samples[12_345] = [3000]
    made = waveform(samples, channel())
    made.WaveformSequence[0].SamplingFrequency = "4000"
    made.WaveformSequence[0].MultiplexGroupLabel = "RHYTHM"
    page = page_of(read(made))
    points = only(page)
    assert len(points) < 6000
    assert max(points[0][1] - y for _, y in points) == pytest.approx(30.0)


def test_annotations_filters_and_names_are_written_and_escaped() -> None:
    made = waveform(
        [[0]] * 100, channel(FilterLowFrequency="0.05", FilterHighFrequency="150", NotchFilterFrequency="50")
    )
    note = Dataset()
    note.ReferencedWaveformChannels, note.UnformattedTextValue = [1, 0], "<b>sinus</b>"
    note.ReferencedSamplePositions = [51]
    made.WaveformAnnotationSequence = [note]
    page = page_of(read(made))
    assert any("0.05-150 Hz, notch 50 Hz" in words.text for words in page.words)
    mark = next(words for words in page.words if words.text == "^ <b>sinus</b>")
    assert mark.x == pytest.approx(MARGIN + LABEL + 0.5 * SPEED)
    drawn = svg(page)
    assert b"<b>" not in drawn
    assert "Jane" in "".join(ET.fromstring(drawn).itertext())


def test_the_picture_has_ink_where_the_curve_lies() -> None:
    page = page_of(read(waveform([[1000]] * 200, channel())))
    picture = np.asarray(sheet(page, None))
    x, y = (round(place * PER_MM) for place in only(page)[100])
    dark = picture[y - 3 : y + 4, x].sum(axis=1) < 120
    assert dark.any()
    assert not (picture[y + 40 : y + 60, x].sum(axis=1) < 120).any()


@pytest.mark.parametrize("syntax", [EXPLICIT, ImplicitVRLittleEndian])
def test_every_encoding_gives_the_same_curve(syntax: str) -> None:
    made = waveform([[0], [1000]], channel())
    assert waveform_of(encoded(made, syntax), str(syntax)) == read(made)


@pytest.mark.parametrize("rate", ["0", "-5", "1e300"])
def test_what_cannot_be_drawn_is_left_out(rate: str) -> None:
    made = waveform([[0]], channel())
    made.WaveformSequence[0].SamplingFrequency = rate
    page_of(read(made))
    assert waveform_of(b"\0" * 50, EXPLICIT).groups == ()


def test_samples_of_the_corpus_are_those_of_pydicom(corpus: Path) -> None:
    from pydicom import dcmread

    for name in ("waveform_ecg.dcm", "wave_dfl"):
        (path,) = corpus.rglob(name)
        whole = path.read_bytes()
        head = read_head(whole)
        assert isinstance(head, Head)
        made = waveform_of(whole[head.head_length :], head.transfer_syntax_uid)
        expected = dcmread(path, force=True)
        for number, group in enumerate(made.groups):
            theirs = expected.waveform_array(number)
            for place, each in enumerate(group.channels):
                unit = expected.WaveformSequence[number].ChannelDefinitionSequence[place]
                to_millivolts = {"uV": 1e-3}.get(unit.ChannelSensitivityUnitsSequence[0].CodeValue, 1.0)
                shown = np.asarray(each.samples)
                assert np.allclose(shown, theirs[: len(shown), place] * to_millivolts, equal_nan=True)
        page = page_of(made)
        root = ET.fromstring(svg(page))
        assert len(list(root.iter(f"{SVG}polyline"))) == len(page.curves) + len(page.calibrations)
        assert all(math.isfinite(y) for curve in page.curves for _, y in curve)
