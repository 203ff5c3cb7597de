"""Text goes out in the character set of the peer, and only where it comes back the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.charset import convert_encodings, decode_bytes

from filmless.standards.dicom.text import decode
from filmless.standards.dicom.text_encoding import encoder_of

SETS = [
    "", "ISO_IR 6", "ISO_IR 100", "ISO_IR 101", "ISO_IR 109", "ISO_IR 110", "ISO_IR 126", "ISO_IR 127", "ISO_IR 138",
    "ISO_IR 144", "ISO_IR 148", "ISO_IR 166", "ISO_IR 203", "ISO_IR 13", "ISO_IR 192", "GB18030", "GBK",
    "\\ISO 2022 IR 87", "ISO 2022 IR 13\\ISO 2022 IR 87", "\\ISO 2022 IR 87\\ISO 2022 IR 159", "\\ISO 2022 IR 149",
    "\\ISO 2022 IR 58", "ISO 2022 IR 100\\ISO 2022 IR 144\\ISO 2022 IR 126", "ISO 2022 IR 6\\ISO 2022 IR 100",
]  # fmt: skip

WRITTEN = [
    ("ISO_IR 100", "Buc^Jérôme", b"Buc^J\xe9r\xf4me"),
    ("ISO_IR 144", "Люк", b"\xbb\xee\xda"),
    ("ISO_IR 13", "ﾔﾏﾀﾞ^ﾀﾛｳ", b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3"),
    ("GB18030", "王^小东", b"\xcd\xf5^\xd0\xa1\xb6\xab"),
    ("\\ISO 2022 IR 149", "Hong^Gildong=洪^吉洞", b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7"),
    ("\\ISO 2022 IR 87", "Yamada=山田^太郎", b"Yamada=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B"),
    ("ISO 2022 IR 13\\ISO 2022 IR 87", "ﾔﾏﾀﾞ=山田", b"\xd4\xcf\xc0\xde=\x1b$B;3ED\x1b(J"),
    ("ISO 2022 IR 100\\ISO 2022 IR 126", "é Δ^é", b"\xe9 \x1b-F\xc4^\xe9"),
]


@pytest.mark.parametrize(("character_set", "text", "raw"), WRITTEN)
def test_names_are_written_as_the_standard_shows(character_set: str, text: str, raw: bytes) -> None:
    encode = encoder_of(character_set)
    assert encode is not None
    assert encode(text, "PN") == raw


@pytest.mark.parametrize(
    ("character_set", "text"),
    [("ISO_IR 100", "山田"), ("", "é"), ("ISO_IR 13", "山"), ("\\ISO 2022 IR 87", "é"), ("ISO_IR 144", "é")],
)
def test_what_the_set_does_not_have_is_not_written(character_set: str, text: str) -> None:
    encode = encoder_of(character_set)
    assert encode is not None
    assert encode(text, "PN") is None


@pytest.mark.parametrize("character_set", ["JUNK", "ISO_IR 999", "ISO_IR 192\\ISO_IR 100", "\\JUNK"])
def test_an_unknown_set_has_no_encoder(character_set: str) -> None:
    assert encoder_of(character_set) is None


@given(
    st.sampled_from(SETS),
    st.text(st.sampled_from("aZ ^=\\éüłДλابא山田太郎洪吉洞王小东ﾔﾏﾀกข€'"), max_size=16),
    st.sampled_from(["PN", "LO", "UT"]),
)
def test_what_is_written_reads_the_same(character_set: str, text: str, vr: str) -> None:
    encode = encoder_of(character_set)
    assert encode is not None
    raw = encode(text, vr)
    if raw is not None:
        assert decode(raw, character_set.encode(), vr) == text


@pytest.mark.parametrize(("character_set", "text", "raw"), WRITTEN)
def test_others_read_it_too(character_set: str, text: str, raw: bytes) -> None:
    delimiters = {0x5C, 0x5E, 0x3D}
    assert decode_bytes(raw, convert_encodings(character_set.split("\\")), delimiters) == text
