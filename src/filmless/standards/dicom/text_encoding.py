"""Text into the character set of a peer, where that has every character of it (PS3.5 6.1, PS3.3 C.12.1.1.2)."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from filmless.standards.dicom.text import decode

UTF_8 = "ISO_IR 192"

# Sets of one byte per character, by the number of their ISO registration: codec, and the escape into the upper half.
_SINGLE = {
    "100": ("latin-1", b"-A"),
    "101": ("iso8859_2", b"-B"),
    "109": ("iso8859_3", b"-C"),
    "110": ("iso8859_4", b"-D"),
    "126": ("iso8859_7", b"-F"),
    "127": ("iso8859_6", b"-G"),
    "138": ("iso8859_8", b"-H"),
    "144": ("iso8859_5", b"-L"),
    "148": ("iso8859_9", b"-M"),
    "166": ("iso8859_11", b"-T"),
    "203": ("iso8859_15", b"-b"),
    "13": ("shift_jis", b")I"),  # half-width katakana lie where JIS X 0201 has them
}
# Sets of two bytes: codec, escape, and whether they lie in the lower half.
_DOUBLE = {
    "87": ("iso2022_jp", b"$B", True),
    "159": ("iso2022_jp_2", b"$(D", True),
    "149": ("euc_kr", b"$)C", False),
    "58": ("gb2312", b"$)A", False),
}
_WHOLE = {UTF_8: "utf-8", "GB18030": "gb18030", "GBK": "gbk"}  # stand alone, without code extensions
_TERM = re.compile(r"ISO(?:_IR| 2022 IR) (\d{1,3})")
_DELIMITERS = {"PN": "\\^=\t\n\f\r"}
_OTHER_DELIMITERS = "\\\t\n\f\r"


@dataclass(frozen=True, slots=True)
class _Set:
    """One character set that a value may switch to."""

    codec: str
    escape: bytes
    is_lower: bool
    width: int  # bytes of a character

    def encode(self, character: str) -> bytes | None:
        """The character in this set, without the escapes that the codec adds."""
        try:
            encoded = character.encode(self.codec)
        except UnicodeError:
            return None
        if self.is_lower:
            start = b"\x1b" + self.escape
            return encoded[len(start) : len(start) + 2] if encoded.startswith(start) else None
        return encoded if len(encoded) == self.width and encoded[0] >= 0x80 else None


Encode = Callable[[str, str], bytes | None]


def encoder_of(character_set: str) -> Encode | None:
    """Give the function that encodes text for a VR, None for a character set that is not known.

    ``character_set`` is the value of Specific Character Set (0008,0005); the function gives None for a text with
    a character that the set does not have.
    """
    terms = [term.strip() for term in character_set.split("\\")]
    if len(terms) == 1 and terms[0] in _WHOLE:
        return lambda text, _vr: _encoded(text, _WHOLE[terms[0]])
    numbers = [(_TERM.fullmatch(term) or [None, "6" if term in ("", "ISO_IR 6") else ""])[1] for term in terms]
    if any(number not in _SINGLE and number not in _DOUBLE and number != "6" for number in numbers):
        return None
    sets = [found for number in numbers if (found := _set(str(number))) is not None]
    first = _set(str(numbers[0]))
    initial = first if first is not None and not first.is_lower and first.width == 1 else None
    return lambda text, vr: _Writer(sets, initial, _DELIMITERS.get(vr, _OTHER_DELIMITERS)).encode(text, vr, terms)


def _encoded(text: str, codec: str) -> bytes | None:
    try:
        return text.encode(codec)
    except UnicodeError:
        return None


def _set(number: str) -> _Set | None:
    if number in _SINGLE:
        codec, escape = _SINGLE[number]
        return _Set(codec, escape, is_lower=False, width=1)
    if number in _DOUBLE:
        codec, escape, is_lower = _DOUBLE[number]
        return _Set(codec, escape, is_lower, width=2)
    return None


class _Writer:
    """Encodes one text: each delimiter brings the initial sets back (PS3.5 6.1.2.5.3)."""

    def __init__(self, sets: list[_Set], initial: _Set | None, delimiters: str) -> None:
        self._sets, self._initial, self._delimiters = sets, initial, delimiters
        self._ascii = b"\x1b(J" if initial is not None and initial.escape == b")I" else b"\x1b(B"
        self._upper = initial
        self._lower: _Set | None = None  # None: the letters of ASCII

    def encode(self, text: str, vr: str, terms: list[str]) -> bytes | None:
        """The whole text; None where it cannot be written so that it reads the same."""
        pieces = []
        for character in text:
            encoded = self._ascii_byte(character) if character.isascii() else self._other(character)
            if encoded is None:
                return None
            pieces.append(encoded)
        raw = b"".join(pieces) + self._back_to_ascii()
        return raw if decode(raw, "\\".join(terms).encode(), vr) == text else None

    def _back_to_ascii(self) -> bytes:
        back = self._ascii if self._lower is not None else b""
        self._lower = None
        return back

    def _ascii_byte(self, character: str) -> bytes:
        back = self._back_to_ascii()
        if character in self._delimiters:
            self._upper = self._initial
        return back + character.encode()

    def _other(self, character: str) -> bytes | None:
        now = [one for one in (self._upper, self._lower) if one is not None]
        for one in (*now, *self._sets):
            encoded = one.encode(character)
            if encoded is None:
                continue
            if one in now:
                return (self._back_to_ascii() if self._lower is not None and one is self._upper else b"") + encoded
            back = b"" if one.is_lower else self._back_to_ascii()
            if one.is_lower:
                self._lower = one
            else:
                self._upper = one
            return back + b"\x1b" + one.escape + encoded
        return None
