"""Text of data elements: character sets, person names, and the forms in which text is searched (PS3.5 6.1, 6.2)."""

import re
import unicodedata
from functools import lru_cache

TEXT_VRS = frozenset(("LO", "LT", "PN", "SH", "ST", "UC", "UT"))
"""VRs that Specific Character Set affects (PS3.5 6.1.2.3)."""

_ESCAPE = 0x1B
_LATIN_1 = "latin-1"

# Codecs by the number of their ISO registration (PS3.3 C.12.1.1.2, tables C.12-2 to C.12-5). Shift JIS holds the
# half-width characters of ISO IR 13 at the places where JIS X 0201 has them.
_BY_REGISTRATION = {
    "6": "ascii",
    "13": "shift_jis",
    "58": "gb2312",
    "87": "iso2022_jp",
    "100": _LATIN_1,
    "101": "iso8859_2",
    "109": "iso8859_3",
    "110": "iso8859_4",
    "126": "iso8859_7",
    "127": "iso8859_6",
    "138": "iso8859_8",
    "144": "iso8859_5",
    "148": "iso8859_9",
    "149": "euc_kr",
    "159": "iso2022_jp_2",
    "166": "iso8859_11",
    "192": "utf-8",
    "203": "iso8859_15",
}
_BY_NAME = {"GB18030": "gb18030", "GBK": "gbk", "ISO2022GBK": "gbk", "ISO202258": "gb2312", "UTF8": "utf-8"}

# Escape sequences (PS3.3 tables C.12-3 and C.12-4): codec of what follows. Each codec reads ASCII in the lower half.
_ESCAPES = {
    b"(B": "",  # ASCII in the lower half, the upper half stays
    b"(J": "",
    b")I": "shift_jis",
    b"-A": _LATIN_1,
    b"-B": "iso8859_2",
    b"-C": "iso8859_3",
    b"-D": "iso8859_4",
    b"-F": "iso8859_7",
    b"-G": "iso8859_6",
    b"-H": "iso8859_8",
    b"-L": "iso8859_5",
    b"-M": "iso8859_9",
    b"-T": "iso8859_11",
    b"-b": "iso8859_15",
    b"$)C": "euc_kr",
    b"$)A": "gb2312",
}
_TWO_BYTE_LOWER = {b"$B": "iso2022_jp", b"$@": "iso2022_jp", b"$(D": "iso2022_jp_2"}  # codecs that need the escape
_SEQUENCES = sorted((*_ESCAPES, *_TWO_BYTE_LOWER), key=len, reverse=True)
_DELIMITERS = {"PN": re.compile(rb"([\\^=\t\n\f\r])")}
_OTHER_DELIMITERS = re.compile(rb"([\\\t\n\f\r])")


def decode(raw: bytes, character_set: bytes | None, vr: str) -> str:
    """Decode a value field, several values and padding included, as leniently as can be: never raises.

    ``character_set`` is the value field of Specific Character Set (0008,0005). Values are separated by backslashes
    of the text, which may be parts of characters in the bytes.
    """
    if raw.isascii() and _ESCAPE not in raw:
        return raw.decode("ascii")
    if vr not in TEXT_VRS:
        return raw.decode(_LATIN_1)
    codec = first_codec(character_set or b"")
    if _ESCAPE in raw and codec not in ("utf-8", "gbk", "gb18030"):
        return _decode_extended(raw, codec, _DELIMITERS.get(vr, _OTHER_DELIMITERS))
    return _decode_run(raw, codec)


@lru_cache(maxsize=256)
def first_codec(character_set: bytes) -> str:
    """Give the codec of the first, or only, character set of a value of Specific Character Set."""
    name = re.sub(r"[^0-9A-Z]", "", character_set.split(b"\\")[0].decode("ascii", "replace").upper())
    if name in _BY_NAME:
        return _BY_NAME[name]
    registration = re.search(r"IR([0-9]+)$", name)
    return _BY_REGISTRATION.get(registration[1], "ascii") if registration else "ascii"


def _decode_run(raw: bytes, codec: str) -> str:
    try:
        return raw.decode(codec)
    except UnicodeError:
        pass
    if codec == "ascii":  # what the label leaves out is mostly UTF-8, else Latin-1
        try:
            return raw.decode("utf-8")
        except UnicodeError:
            return raw.decode(_LATIN_1)
    return raw.decode(codec, "replace")


def _decode_extended(raw: bytes, initial: str, delimiters: re.Pattern[bytes]) -> str:
    """Decode text with code extensions (PS3.5 6.1.2.5): each delimiter brings the initial character set back."""
    pieces = []
    upper = initial
    for index, part in enumerate(raw.split(b"\x1b")):
        sequence = next((known for known in _SEQUENCES if part.startswith(known)), b"") if index else b""
        text = part[len(sequence) :]
        if sequence in _TWO_BYTE_LOWER:
            pieces.append(_decode_two_byte(sequence, text))
            continue
        upper = _ESCAPES.get(sequence) or upper
        first, *rest = delimiters.split(text)
        pieces.append(_decode_run(first, upper))
        if rest and initial != "ascii":
            upper = initial
        pieces += [_decode_run(run, upper) for run in rest]
    return "".join(pieces)


def _decode_two_byte(sequence: bytes, text: bytes) -> str:
    """Decode two-byte characters in the lower half; a delimiter after them ends them even without an escape."""
    end = next((at for at, byte in enumerate(text) if byte < 0x21 or byte > 0x7E), len(text))
    decoded = (b"\x1b" + sequence + text[:end]).decode(_TWO_BYTE_LOWER[sequence], "replace")
    return decoded + _decode_run(text[end:], "ascii")


_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")


def person_name(text: str) -> dict[str, str]:
    """Split a person name into the component groups that it has (PS3.5 6.2.1, PS3.18 F.2.2)."""
    groups = zip(_GROUPS, (group.rstrip(" \0") for group in text.split("=", 2)), strict=False)
    return {name: group for name, group in groups if group}


def fold(text: str) -> str:
    """Give the form in which text is searched: small Latin letters without accents, whatever the script.

    Wildcards and the delimiters of names stay as they are.
    """
    return romanised(text).lower()


def romanised(text: str) -> str:
    """Give a text in letters that every font has, whatever the script."""
    if text.isascii():
        return text
    from anyascii import anyascii  # noqa: PLC0415  14 ms at the start of every process, for what many never meet

    return anyascii(unicodedata.normalize("NFKC", text))


def is_latin(text: str) -> bool:
    """Whether no letter is of another script than the Latin one."""
    if text.isascii():
        return True
    letters = filter(str.isalpha, unicodedata.normalize("NFKC", text))
    return all("LATIN" in unicodedata.name(letter, "") for letter in letters)


# American Soundex, save that a first letter is also told by its sound; W and H do not part equal codes, vowels do.
_SOUND = {
    letter: code for code, letters in enumerate(("BFPV", "CGJKQSXZ", "DT", "L", "MN", "R"), 1) for letter in letters
}
_MAX_SOUNDS = 32


def sounds(text: str) -> list[str]:
    """Give the phonetic codes of the words of a name, each once, for matching that tolerates spelling."""
    words = re.findall(r"[a-z]{2,}", fold(text))
    return list(dict.fromkeys(_sound_of(word.upper()) for word in words))[:_MAX_SOUNDS]


def _sound_of(word: str) -> str:
    word = re.sub(r"^(?:PH)", "F", word)
    word = re.sub(r"^C(?=[EIY])", "S", word)
    first = {"C": "K", "Q": "K", "Z": "S", "X": "S"}.get(word[0], word[0])
    code, last = first, _SOUND.get(word[0])
    for letter in word[1:]:
        sound = _SOUND.get(letter)
        if sound is not None and sound != last:
            code += str(sound)
        if letter not in "HW":
            last = sound
    return code[:4].ljust(4, "0")
