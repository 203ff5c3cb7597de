"""What a registered DICOM peer can be."""

import pytest

from filmless.access.peers import BadPeer, Peer, check_transfer_syntaxes


@pytest.mark.parametrize("title", ["", " CT1", "CT1 ", "SEVENTEEN_LETTERS", "BACK\\SLASH", "NEW\nLINE", "ÄÖÜ"])
def test_an_illegal_title_is_refused(title: str) -> None:
    with pytest.raises(BadPeer):
        Peer(title, "host", 104)


@pytest.mark.parametrize(("host", "port"), [("", 104), ("a b", 104), ("host", -1), ("host", 70000)])
def test_an_impossible_address_is_refused(host: str, port: int) -> None:
    with pytest.raises(BadPeer):
        Peer("CT1", host, port)


def test_an_unknown_operation_is_refused_with_the_list_of_operations() -> None:
    with pytest.raises(BadPeer, match="echo, store, find, move, get"):
        Peer("CT1", "host", 104, allow=frozenset({"stroe"}))


@pytest.mark.parametrize("uid", ["foo", "1.2.3", "1.2.840.10008.1.2.4.94"])
def test_a_transfer_syntax_that_no_object_is_stored_in_is_refused(uid: str) -> None:
    check_transfer_syntaxes(["1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.1"])
    with pytest.raises(BadPeer, match=f'"{uid}" is no transfer syntax'):
        check_transfer_syntaxes(["1.2.840.10008.1.2.1", uid])


def test_a_title_may_hold_spaces_inside() -> None:
    assert Peer("CT ROOM 1", "host", 104).title == "CT ROOM 1"
