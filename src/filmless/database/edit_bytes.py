"""How the edit of an instance lies in one column, and how a statement asks for it."""

import struct

from filmless.standards.editing.splice import Edit, Splice

EDIT_OF = "case when s.correction_version > 0 then (select o.edit from overlay o where o.instance_id = i.id) end"
"""The packed edit of instance ``i`` of study ``s``: most studies have none, and are not looked up."""

_INFLATED, _SPLICE = struct.Struct("<q"), struct.Struct("<QQI")


def packed_edit(edit: Edit) -> bytes:
    """The inflated length or -1, then start, stop, length and new bytes of each splice, little endian."""
    pieces = [_INFLATED.pack(-1 if edit.inflated_length is None else edit.inflated_length)]
    for splice in edit.splices:
        pieces += [_SPLICE.pack(splice.start, splice.stop, len(splice.new)), splice.new]
    return b"".join(pieces)


def unpacked_edit(packed: bytes | None) -> Edit | None:
    """The edit that a row has."""
    if packed is None:
        return None
    inflated, at, splices = _INFLATED.unpack_from(packed)[0], _INFLATED.size, []
    while at < len(packed):
        start, stop, length = _SPLICE.unpack_from(packed, at)
        at += _SPLICE.size + length
        splices.append(Splice(start, stop, packed[at - length : at]))
    return Edit(tuple(splices), None if inflated < 0 else inflated)
