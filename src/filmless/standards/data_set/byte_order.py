"""Big endian values turned into little endian ones, and back (PS3.5 7.3)."""

from array import array

from filmless.standards.data_set.elements import Buffer

_WORDS = {1: "", 2: "H", 4: "I", 8: "Q"}  # bytes of a word to its type code
_WORD_OF = {
    **dict.fromkeys(("AT", "OW", "SS", "US"), 2),
    **dict.fromkeys(("FL", "OF", "OL", "SL", "UL"), 4),
    **dict.fromkeys(("FD", "OD", "OV", "SV", "UV"), 8),
}


def swapped(raw: Buffer, word: int) -> bytes:
    """Turn the bytes of each word around; what is left over at the end stays."""
    if word == 1:
        return bytes(raw)
    whole = len(raw) // word * word
    words = array(_WORDS[word], bytes(raw[:whole]))
    words.byteswap()
    return words.tobytes() + bytes(raw[whole:])


def word_of(vr: str) -> int:
    """Give the bytes of one word of a VR, which byte order turns around (PS3.5 7.3)."""
    return _WORD_OF.get(vr, 1)
