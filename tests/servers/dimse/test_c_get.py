"""C-GET as a peer sees it: objects on its own association, counts, refusals that say what to change, cancel."""

import io
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames

from dicom_door import CT, EXPLICIT, IMPLICIT, ArchiveInMemory, Door, RawPeer, door
from filmless.access.peers import Peer
from filmless.archive.errors import Unavailable
from filmless.archive.model import KeptInstance
from filmless.archive.scope import Scope
from filmless.servers.association.policy import TRANSCODING
from filmless.standards.data_set.identifier import encode_identifier, parse_identifier
from filmless.standards.data_set.part10 import write_head
from filmless.standards.dicom.transfer_syntaxes import HTJ2K_LOSSLESS, JPEG_2000_LOSSLESS, RLE_LOSSLESS
from filmless.standards.dimse.commands import CommandField, Element
from filmless.standards.upper_layer.items import Role, UserInformation
from filmless.standards.upper_layer.pdu import PduType
from objects import ct_image, series

STUDY_GET, PATIENT_GET, ONLY_GET = (f"1.2.840.10008.5.1.4.1.2.{root}.3" for root in (2, 1, 3))
GET, STORAGE = 1, 3  # presentation contexts
TAKES = UserInformation(16384, "1.2.3", "RAW", roles=(Role(CT, scu=False, scp=True),))


def identifier(level: str, **uids: str) -> bytes:
    tags = {"patient": "00100020", "study": "0020000D", "series": "0020000E", "instance": "00080018"}
    keys = {"00080052": {"vr": "CS", "Value": [level]}}
    keys |= {tags[name]: {"vr": "LO" if name == "patient" else "UI", "Value": [uid]} for name, uid in uids.items()}
    return encode_identifier(keys, IMPLICIT)


class Getter(RawPeer):
    """Asks by C-GET and answers the sub-operations."""

    def __init__(
        self,
        port: int,
        model: str = STUDY_GET,
        user: UserInformation = TAKES,
        calling: str = "WS",
        syntax: str = EXPLICIT,
    ) -> None:
        super().__init__(port)
        self.model = model
        self.objects: dict[str, bytes] = {}
        self.pending: list[dict[int, int]] = []
        assert self.associate(((model, (IMPLICIT,)), (CT, (syntax,))), user=user, calling=calling)[0] == 2

    def ask(self, asked: bytes) -> None:
        elements = {Element.COMMAND_FIELD: CommandField.C_GET.value, Element.AFFECTED_SOP_CLASS_UID: self.model}
        self.command(GET, {**elements, Element.PRIORITY: 0})
        self.data_set(GET, asked)

    def answer(self, numbers: dict[int, int], texts: dict[int, str], status: int = 0) -> None:
        elements: dict[int, int | str] = {
            Element.COMMAND_FIELD: CommandField.C_STORE | 0x8000,
            Element.MESSAGE_ID_RESPONDED_TO: numbers[Element.MESSAGE_ID],
            Element.DATA_SET_TYPE: 0x0101,
            Element.STATUS: status,
            Element.AFFECTED_INSTANCE_UID: texts[Element.AFFECTED_INSTANCE_UID],
        }
        self.command(STORAGE, elements)

    def get(self, asked: bytes, statuses: Sequence[int] = ()) -> tuple[dict[int, int], str, list[str]]:
        """Numbers and Error Comment of the final response, and the failed UIDs."""
        self.ask(asked)
        return self.end(statuses)

    def end(self, statuses: Sequence[int] = ()) -> tuple[dict[int, int], str, list[str]]:
        """The same of what was asked for before."""
        given = list(statuses)
        while True:
            numbers, texts, data = self.message()
            if numbers[Element.COMMAND_FIELD] == CommandField.C_STORE:
                self.objects[texts[Element.AFFECTED_INSTANCE_UID]] = data
                self.answer(numbers, texts, given.pop(0) if given else 0)
            elif numbers[Element.STATUS] == 0xFF00:
                self.pending.append(numbers)
            else:
                failed = dict(parse_identifier(data, IMPLICIT).keys).get((0x00080058,), "") if data else ""
                return numbers, texts.get(Element.ERROR_COMMENT, ""), failed.split("\\") if failed else []


@contextmanager
def archive_of(*images: Dataset) -> Iterator[tuple[Door, list[KeptInstance]]]:
    archive = ArchiveInMemory()
    kept = [archive.keep(image) for image in images]
    with door(archive=archive) as house:
        yield house, kept


def counts(numbers: dict[int, int]) -> tuple[int, int, int]:
    return tuple(
        numbers[element]
        for element in (
            Element.COMPLETED_SUBOPERATIONS,
            Element.FAILED_SUBOPERATIONS,
            Element.WARNING_SUBOPERATIONS,
        )
    )


def content(house: Door, kept: KeptInstance) -> bytes:
    return house.archive.kept[kept.instance_uid][2][kept.placement.head_length :]


def test_a_series_comes_as_it_is_stored() -> None:
    with archive_of(*series(5)) as (house, kept), Getter(house.port) as peer:
        numbers, comment, failed = peer.get(identifier("SERIES", study=kept[0].study_uid, series=kept[0].series_uid))
        assert (numbers[Element.STATUS], counts(numbers), comment, failed) == (0, (5, 0, 0), "", [])
        assert peer.objects == {one.instance_uid: content(house, one) for one in kept}
        assert peer.release() == PduType.RELEASE_RP
        assert house.record.wait(1)[0].counts == {"C-GET success": 1}


@pytest.mark.parametrize("syntax", [JPEG_2000_LOSSLESS, HTJ2K_LOSSLESS, RLE_LOSSLESS])
def test_who_takes_compressed_objects_alone_is_given_them_compressed(syntax: str) -> None:
    image = ct_image()
    with archive_of(image) as (house, kept), Getter(house.port, syntax=syntax) as peer:
        assert counts(peer.get(identifier("STUDY", study=kept[0].study_uid))[0]) == (1, 0, 0)
        file = write_head(CT, kept[0].instance_uid, syntax) + peer.objects[kept[0].instance_uid]
    given = dcmread(io.BytesIO(file))
    (frame,) = generate_frames(given.PixelData, number_of_frames=1)
    assert frame[:4] == {RLE_LOSSLESS: b"\2\0\0\0"}.get(syntax, b"\xff\x4f\xff\x51")
    assert given.PatientName == image.PatientName


def test_pending_responses_count_what_is_left() -> None:
    with archive_of(*series(5)) as (house, kept), Getter(house.port) as peer:
        peer.get(identifier("STUDY", study=kept[0].study_uid))
        assert peer.pending
        for one in peer.pending:
            assert one[Element.REMAINING_SUBOPERATIONS] + sum(counts(one)) == 5


def test_an_object_larger_than_what_is_held_comes_whole() -> None:
    large = ct_image(PixelData=bytes(range(256)) * 20_000, Rows=2560, Columns=1000)
    with archive_of(large) as (house, kept), Getter(house.port) as peer:
        assert peer.get(identifier("STUDY", study=kept[0].study_uid))[0][Element.STATUS] == 0
        assert peer.objects == {kept[0].instance_uid: content(house, kept[0])}


def test_a_list_of_uids_asks_for_each_of_them() -> None:
    with archive_of(*series(3)) as (house, kept), Getter(house.port) as peer:
        two = "\\".join(one.instance_uid for one in kept[:2])
        peer.get(identifier("IMAGE", study=kept[0].study_uid, series=kept[0].series_uid, instance=two))
        assert set(peer.objects) == {one.instance_uid for one in kept[:2]}


def test_a_patient_is_asked_for_by_patient_id() -> None:
    with (
        archive_of(ct_image(PatientID="A"), ct_image(PatientID="B")) as (house, kept),
        Getter(house.port, PATIENT_GET) as peer,
    ):
        peer.get(identifier("PATIENT", patient="B"))
        assert set(peer.objects) == {kept[1].instance_uid}


def test_nothing_that_matches_is_a_success_without_objects() -> None:
    with archive_of() as (house, _), Getter(house.port) as peer:
        numbers, _, _ = peer.get(identifier("STUDY", study="1.2.3"))
        assert (numbers[Element.STATUS], counts(numbers)) == (0, (0, 0, 0))


@pytest.mark.parametrize(
    ("model", "asked", "comment"),
    [
        (STUDY_GET, identifier("STUDY"), "Study Instance UID is missing, which level STUDY needs"),
        (STUDY_GET, identifier("PATIENT", patient="A"), "Query/Retrieve Level must be one of STUDY, SERIES, IMAGE"),
        (ONLY_GET, identifier("IMAGE", instance="1.2"), "Query/Retrieve Level must be one of PATIENT, STUDY"),
        (STUDY_GET, identifier("STUDY", study="1.2.*"), "Study Instance UID is not a UID or a list of UIDs"),
        (PATIENT_GET, identifier("PATIENT"), "Patient ID is missing, which level PATIENT needs"),
    ],
)
def test_an_identifier_that_does_not_fit_says_what_to_change(model: str, asked: bytes, comment: str) -> None:
    with archive_of() as (house, _), Getter(house.port, model) as peer:
        numbers, said, _ = peer.get(asked)
        assert (numbers[Element.STATUS], said) == (0xA900, comment)


def test_warnings_and_failures_of_the_requestor_are_counted_and_named() -> None:
    with archive_of(*series(3)) as (house, kept), Getter(house.port) as peer:
        numbers, _, failed = peer.get(identifier("STUDY", study=kept[0].study_uid), (0xB000, 0xA700, 0x0000))
        assert (numbers[Element.STATUS], counts(numbers)) == (0xB000, (1, 1, 1))
        assert failed == [kept[1].instance_uid]


def test_a_requestor_without_the_scp_role_is_told_to_propose_it() -> None:
    with archive_of(ct_image()) as (house, kept), Getter(house.port, user=UserInformation(16384, "1.2", "RAW")) as peer:
        numbers, comment, failed = peer.get(identifier("STUDY", study=kept[0].study_uid))
        assert (numbers[Element.STATUS], counts(numbers)) == (0xA702, (0, 1, 0))
        assert comment == "propose the SCP role for the storage SOP classes that you take"
        assert failed == [kept[0].instance_uid]


def test_a_damaged_object_fails_alone() -> None:
    with archive_of(*series(3)) as (house, kept), Getter(house.port) as peer:
        house.archive.damaged.add(kept[1].instance_uid)
        numbers, comment, failed = peer.get(identifier("STUDY", study=kept[0].study_uid))
        assert (numbers[Element.STATUS], counts(numbers), failed) == (0xB000, (2, 1, 0), [kept[1].instance_uid])
        assert "damaged" in comment


def test_an_archive_that_does_not_answer_cannot_count() -> None:
    with archive_of() as (house, _), Getter(house.port) as peer:
        house.archive.fault = Unavailable("down")
        assert peer.get(identifier("STUDY", study="1.2.3"))[0][Element.STATUS] == 0xA701


def test_a_cancel_ends_it_and_says_what_is_left() -> None:
    with archive_of(*series(9)) as (house, kept), Getter(house.port) as peer:
        peer.ask(identifier("STUDY", study=kept[0].study_uid))
        message_id = peer.message_id
        numbers, texts, _ = peer.message()
        cancel = {Element.COMMAND_FIELD: CommandField.C_CANCEL.value, Element.MESSAGE_ID_RESPONDED_TO: message_id}
        peer.command(GET, {**cancel, Element.DATA_SET_TYPE: 0x0101})
        peer.answer(numbers, texts)
        while (numbers := peer.message()[0])[Element.STATUS] == 0xFF00:
            pass
        assert numbers[Element.STATUS] == 0xFE00
        assert (counts(numbers), numbers[Element.REMAINING_SUBOPERATIONS]) == ((1, 0, 0), 8)
        assert peer.release() == PduType.RELEASE_RP


def test_a_storage_that_fails_inside_an_object_ends_the_association() -> None:
    large = ct_image(PixelData=bytes(4_000_000), Rows=2000, Columns=1000)
    with archive_of(large) as (house, kept), Getter(house.port) as peer:
        served = house.archive.read

        def read(kept: KeptInstance, start: int = 0, stop: int | None = None) -> bytes:
            if start > 2 << 20:
                raise Unavailable("the disk")
            return served(kept, start, stop)

        house.archive.read = read
        peer.ask(identifier("STUDY", study=kept[0].study_uid))
        assert peer.wait_closed() == PduType.ABORT


def test_a_requestor_that_goes_away_leaves_nothing_running() -> None:
    with archive_of(*series(9)) as (house, kept):
        with Getter(house.port) as peer:
            peer.ask(identifier("STUDY", study=kept[0].study_uid))
            peer.message()
        assert house.record.wait(1)[0].counts == {"C-GET unanswered": 1}


def test_a_response_to_nothing_is_an_abort() -> None:
    with archive_of() as (house, _), Getter(house.port) as peer:
        peer.answer({Element.MESSAGE_ID: 7}, {Element.AFFECTED_INSTANCE_UID: "1.2"})
        assert peer.wait_closed() == PduType.ABORT


def test_an_ae_that_may_only_get_is_given_objects_and_gives_none() -> None:
    archive = ArchiveInMemory()
    kept = archive.keep(ct_image())
    viewer = Peer("WS", "127.0.0.1", 0, allow=frozenset({"get"}))
    both = UserInformation(16384, "1.2.3", "RAW", roles=(Role(CT, scu=True, scp=True),))
    with door(None, viewer, archive=archive) as house, Getter(house.port, user=both) as peer:
        assert peer.get(identifier("STUDY", study=kept.study_uid))[0][Element.STATUS] == 0
        peer.store_command("1.2.3")
        peer.data_set(STORAGE, b"")
        assert peer.status() == 0x0124


class SlowArchive(ArchiveInMemory):
    """Reading what is stored as implicit waits until it is let go on; it is counted how many wait at one time."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = threading.Semaphore(0)
        self.may_go_on = threading.Event()
        self.most = self._inside = 0
        self._lock = threading.Lock()

    def chunks(self, kept: KeptInstance, scope: Scope) -> Iterator[bytes]:
        if kept.transfer_syntax_uid != IMPLICIT:
            yield from super().chunks(kept, scope)
            return
        with self._lock:
            self._inside += 1
            self.most = max(self.most, self._inside)
        self.entered.release()
        self.may_go_on.wait(60)
        yield from super().chunks(kept, scope)
        with self._lock:
            self._inside -= 1


def test_transcoding_for_many_leaves_threads_for_everybody_else() -> None:
    """Nine ask for what must be transcoded, and there are eight threads; one who asks for another object is served."""
    archive = SlowArchive()
    slow, quick = archive.keep(ct_image(), IMPLICIT), archive.keep(ct_image(), EXPLICIT)
    with door(archive=archive) as house, ExitStack() as stack:
        stack.callback(archive.may_go_on.set)
        waiting = [stack.enter_context(Getter(house.port)) for _ in range(9)]
        for peer in waiting:
            peer.ask(identifier("STUDY", study=slow.study_uid))
        for _ in range(TRANSCODING):
            assert archive.entered.acquire(timeout=30)
        with Getter(house.port) as peer:
            assert counts(peer.get(identifier("STUDY", study=quick.study_uid))[0]) == (1, 0, 0)
        archive.may_go_on.set()
        assert [counts(peer.end()[0]) for peer in waiting] == [(1, 0, 0)] * 9
    assert archive.most == TRANSCODING == 4
