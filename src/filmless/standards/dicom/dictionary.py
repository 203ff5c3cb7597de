"""The data dictionary: VR and keyword of a tag, tag of a keyword (PS3.6 6)."""

from filmless.standards.dicom.tag_table import REPEATING, TAGS

VR: dict[int, str] = {}
KEYWORD: dict[int, str] = {}

_AMBIGUOUS: set[int] = set()  # VR depends on other elements: US or SS, OB or OW, US or OW
_TAG_OF: dict[str, int] = {}
_REPEATING: list[tuple[int, int, str, str]] = []  # mask of the fixed digits, their value, VR, keyword


def _read_tables() -> None:
    for line in TAGS.splitlines():
        number, vr, keyword = line.split(" ")
        tag = int(number, 16)
        VR[tag] = vr[:2]
        if len(vr) > 2:
            _AMBIGUOUS.add(tag)
        if keyword != "-":
            KEYWORD[tag] = keyword
            _TAG_OF[keyword] = tag
    for line in REPEATING.splitlines():
        pattern, vr, keyword = line.split(" ")
        mask = int("".join("0" if digit == "x" else "F" for digit in pattern), 16)
        _REPEATING.append((mask, int(pattern.replace("x", "0"), 16), vr, keyword))
        _TAG_OF[keyword] = int(pattern.replace("x", "0"), 16)


_read_tables()


def vr_of(tag: int, *, pixel_representation: int = 0) -> str:
    """Give the VR of a tag in a data set without VRs, or where the VR written cannot be used.

    An ambiguous VR follows Pixel Representation (US or SS, PS3.3 C.7.6.3.1) and OB or OW is OW (PS3.5 A.1).
    Private creators are LO (PS3.5 7.8.1), group lengths UL (PS3.5 7.2), what is not known UN.
    """
    vr = VR.get(tag)
    if vr is not None:
        return "SS" if vr == "US" and pixel_representation == 1 and tag in _AMBIGUOUS else vr
    if tag & 0xFFFF == 0:
        return "UL"
    if tag & 0x10000:
        return "LO" if 0x10 <= tag & 0xFFFF <= 0xFF else "UN"
    repeated = _repeated(tag)
    return repeated[0][:2] if repeated else "UN"


def keyword_of(tag: int) -> str:
    """Give the keyword of a tag, empty when it has none."""
    keyword = KEYWORD.get(tag)
    if keyword is None:
        repeated = None if tag & 0x10000 else _repeated(tag)
        keyword = repeated[1] if repeated else ""
    return keyword


def tag_of(keyword: str) -> int | None:
    """Give the tag of a keyword; of a repeating group the first."""
    return _TAG_OF.get(keyword)


def _repeated(tag: int) -> tuple[str, str] | None:
    return next(((vr, keyword) for mask, fixed, vr, keyword in _REPEATING if tag & mask == fixed), None)
