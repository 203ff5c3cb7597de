"""Text in the character sets of the standard, person names and the forms in which they are searched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filmless.standards.dicom.text import decode, first_codec, fold, person_name, sounds

VRS = st.sampled_from(["PN", "LO", "UT", "CS", "UI"])


@pytest.mark.parametrize(
    ("character_set", "raw", "text"),
    [
        (None, b"Buc^Jerome", "Buc^Jerome"),
        (b"ISO_IR 100", b"Buc^J\xe9r\xf4me", "Buc^Jérôme"),
        (b"ISO-IR 100", b"Buc^J\xe9r\xf4me", "Buc^Jérôme"),  # as it is written by mistake
        (b"ISO_IR 101", b"W\xb3a\xb6", "Właś"),
        (b"ISO_IR 144", b"\xbb\xee\xda", "Люк"),
        (b"ISO_IR 126", b"\xc4\xe9\xef", "Διο"),
        (b"ISO_IR 166", b"\xa1\xa2", "กข"),
        (b"ISO_IR 203", b"\xa4", "€"),
        (b"ISO_IR 13", b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3", "ﾔﾏﾀﾞ^ﾀﾛｳ"),
        (b"ISO_IR 192", "Wang^小東".encode(), "Wang^小東"),
        (b"ISO_IR 192\\ISO_IR 100", "小東".encode(), "小東"),
        (b"GB18030", b"\xcd\xf5^\xd0\xa1\xb6\xab", "王^小东"),
        (b"GBK", b"\x97\x5c", "梊"),  # the second byte is that of a backslash
        (b"\\ISO 2022 IR 149", b"Hong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7", "Hong=洪^吉洞"),
        (b"\\ISO 2022 IR 58", b"\x1b$)A\xcd\xf5", "王"),
        (b"\\ISO 2022 IR 87", b"Yamada=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B", "Yamada=山田^太郎"),
        (b"ISO 2022 IR 13\\ISO 2022 IR 87", b"\xd4\xcf\xc0\xde=\x1b$B;3ED\x1b(J", "ﾔﾏﾀﾞ=山田"),
        (b"ISO 2022 IR 100\\ISO 2022 IR 126", b"\xe9 \x1b-F\xc4^\xe9", "é Δ^é"),  # a delimiter brings Latin back
        (None, "Jérôme".encode(), "Jérôme"),  # not labelled, and UTF-8
        (None, b"J\xe9r\xf4me", "Jérôme"),  # not labelled, and Latin-1
        (b"JUNK", b"J\xe9r\xf4me", "Jérôme"),
    ],
)
def test_names_are_decoded_in_every_character_set(character_set: bytes | None, raw: bytes, text: str) -> None:
    assert decode(raw, character_set, "PN") == text


def test_only_texts_follow_the_character_set() -> None:
    assert decode(b"\xb3", b"ISO_IR 101", "LO") == "ł"
    assert decode(b"\xb3", b"ISO_IR 101", "CS") == "³"


@given(st.binary(max_size=60), st.one_of(st.none(), st.binary(max_size=40)), VRS)
def test_no_bytes_raise(raw: bytes, character_set: bytes | None, vr: str) -> None:
    decode(raw, character_set, vr).encode()


@given(
    st.binary(max_size=20),
    st.sampled_from([b"\x1b$B", b"\x1b$(D", b"\x1b$)C", b"\x1b-F", b"\x1bX"]),
    st.binary(max_size=20),
)
def test_no_escape_raises(before: bytes, escape: bytes, after: bytes) -> None:
    decode(before + escape + after, b"\\ISO 2022 IR 87\\ISO 2022 IR 149", "PN").encode()


def test_codecs_are_known_to_python() -> None:
    for registration in (6, 13, 58, 87, 100, 101, 109, 110, 126, 127, 138, 144, 148, 149, 159, 166, 192, 203):
        assert b"A".decode(first_codec(b"ISO 2022 IR %d" % registration)) == "A"


def test_a_person_name_has_the_groups_that_are_not_empty() -> None:
    assert person_name("Yamada^Tarou=山田^太郎=やまだ") == {
        "Alphabetic": "Yamada^Tarou",
        "Ideographic": "山田^太郎",
        "Phonetic": "やまだ",
    }
    assert person_name("=山田 ") == {"Ideographic": "山田"}
    assert person_name("") == {}


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Müller^Jörg", "muller^jorg"),
        ("ØRSTED", "orsted"),
        ("Straße", "strasse"),
        ("北京", "beijing"),
        ("SM*TH?", "sm*th?"),
    ],
)
def test_folding_leaves_small_latin_letters(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text(max_size=30))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SMITH^JOHN", "Smythe^Jon"),
        ("Meyer", "Maier"),
        ("Müller", "Mueller"),
        ("Catherine", "Katherine"),
        ("Stefan", "Stephan"),
    ],
)
def test_names_that_sound_alike_share_their_codes(one: str, other: str) -> None:
    assert sounds(one) == sounds(other)


def test_names_that_sound_otherwise_do_not() -> None:
    assert sounds("Smith") != sounds("Jones")
    assert sounds("") == sounds("12 3") == []
