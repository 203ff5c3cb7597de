"""C-MOVE to a storage SCP of the tests: destinations, contexts, lost associations, what the requestor is told."""

import io
import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pynetdicom import AE, AllStoragePresentationContexts, evt

from dicom_door import CT, EXPLICIT, IMPLICIT, ArchiveInMemory, Door, RawPeer, door
from filmless.access.peers import Peer
from filmless.standards.data_set.identifier import encode_identifier, parse_identifier
from filmless.standards.data_set.part10 import write_head
from filmless.standards.dicom.transfer_syntaxes import JPEG_LS_LOSSLESS
from filmless.standards.dimse.commands import CommandField, Element
from filmless.standards.upper_layer.pdu import PduType
from objects import ct_image, data_set_bytes, new_uid, series

STUDY_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
MR = "1.2.840.10008.5.1.4.1.1.4"
DEFLATED, MPEG4 = "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.102"
MOVE = 1  # presentation context


class Mover(RawPeer):
    """Asks by C-MOVE."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.pending: list[dict[int, int]] = []
        assert self.associate(((STUDY_MOVE, (IMPLICIT,)),), calling="WS")[0] == 2

    def move(self, destination: str, *study_uids: str) -> tuple[int, tuple[int, ...], str, list[str]]:
        """Status, completed, failed and warning, Error Comment and failed UIDs of the final response."""
        self.command(
            MOVE,
            {
                Element.COMMAND_FIELD: CommandField.C_MOVE.value,
                Element.AFFECTED_SOP_CLASS_UID: STUDY_MOVE,
                Element.MOVE_DESTINATION: destination,
                Element.PRIORITY: 1,
            },
        )
        keys = {"00080052": {"vr": "CS", "Value": ["STUDY"]}, "0020000D": {"vr": "UI", "Value": list(study_uids)}}
        self.data_set(MOVE, encode_identifier(keys, IMPLICIT))
        while True:
            numbers, texts, data = self.message()
            if numbers[Element.STATUS] != 0xFF00:
                break
            self.pending.append(numbers)
        counted = tuple(numbers.get(element, -1) for element in range(0x1021, 0x1024))
        failed = dict(parse_identifier(data, IMPLICIT).keys).get((0x00080058,), "") if data else ""
        comment = texts.get(Element.ERROR_COMMENT, "")
        return numbers[Element.STATUS], counted, comment, failed.split("\\") if failed else []


class Destination:
    """A storage SCP; ``statuses`` are given in turn, then success."""

    def __init__(
        self, contexts: Sequence[tuple[str, str]] = ((CT, EXPLICIT),), statuses: Sequence[int] = (), together: int = 1
    ) -> None:
        self.objects: dict[str, tuple[str, bytes]] = {}  # UID to transfer syntax and data set
        self.requests: list[evt.Event] = []
        self.associations = 0
        self._met: set[object] = set()  # associations that had an object
        self._statuses = list(statuses)
        self._together = threading.Barrier(together)  # of so many associations each waits with its first object
        self._ae = AE("DEST")
        for sop_class_uid, transfer_syntax_uid in contexts:
            self._ae.add_supported_context(sop_class_uid, transfer_syntax_uid)

    @contextmanager
    def running(self, parallel: int = 1, transfer_syntaxes: tuple[str, ...] = ()) -> Iterator[Peer]:
        handlers = [(evt.EVT_C_STORE, self._store), (evt.EVT_ACCEPTED, self._accepted)]
        server = self._ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
        try:
            port = server.socket.getsockname()[1]
            yield Peer("DEST", "127.0.0.1", port, transfer_syntaxes=transfer_syntaxes, parallel=parallel)
        finally:
            server.shutdown()

    def _accepted(self, event: evt.Event) -> None:
        self.associations += 1

    def _store(self, event: evt.Event) -> int:
        self.requests.append(event)
        if event.assoc not in self._met:
            self._met.add(event.assoc)
            self._together.wait(30)
        status = self._statuses.pop(0) if self._statuses else 0
        if status == -1:
            event.assoc.abort()
            return 0xA700
        request = event.request
        self.objects[request.AffectedSOPInstanceUID] = (event.context.transfer_syntax, request.DataSet.getvalue())
        return status


@contextmanager
def moving(archive: ArchiveInMemory, *peers: Peer) -> Iterator[tuple[Door, Mover]]:
    with door(None, *peers, archive=archive) as house, Mover(house.port) as mover:
        yield house, mover


def test_a_study_goes_to_the_destination_as_it_is_stored() -> None:
    archive, destination = ArchiveInMemory(), Destination()
    kept = [archive.keep(image) for image in series(4)]
    with destination.running() as peer, moving(archive, peer) as (_, mover):
        assert mover.move("DEST", kept[0].study_uid) == (0, (4, 0, 0), "", [])
        assert mover.release() == PduType.RELEASE_RP
    for one in kept:
        file = archive.kept[one.instance_uid][2]
        assert destination.objects[one.instance_uid] == (EXPLICIT, file[one.placement.head_length :])
    assert destination.associations == 1


def test_the_destination_is_told_who_asked() -> None:
    archive, destination = ArchiveInMemory(), Destination()
    kept = archive.keep(ct_image())
    with destination.running() as peer, moving(archive, peer) as (_, mover):
        mover.move("DEST", kept.study_uid)
    assert archive.destinations == ["DEST"]
    (event,) = destination.requests
    assert event.request.MoveOriginatorApplicationEntityTitle == "WS"
    assert event.request.MoveOriginatorMessageID == 1
    assert event.request.Priority == 1
    assert event.assoc.requestor.ae_title == "FILMLESS"


@pytest.mark.parametrize(
    ("title", "comment"),
    [
        ("NOWHERE", "NOWHERE is not registered here: filmless ae add"),
        ("CALLER", "CALLER is registered without a port"),
        ("", "an AE without a title is not registered here: filmless ae add"),
    ],
)
def test_a_destination_that_cannot_be_called_is_refused(title: str, comment: str) -> None:
    archive = ArchiveInMemory()
    kept = archive.keep(ct_image())
    with moving(archive, Peer("CALLER", "127.0.0.1", 0)) as (_, mover):
        assert mover.move(title, kept.study_uid)[::2] == (0xA801, comment)


def test_a_destination_that_does_not_answer_fails_every_object() -> None:
    archive = ArchiveInMemory()
    kept = [archive.keep(image) for image in series(2)]
    with Destination().running() as peer:
        pass  # it is gone
    with moving(archive, peer) as (_, mover):
        status, counted, comment, failed = mover.move("DEST", kept[0].study_uid)
    assert (status, counted, failed) == (0xA702, (0, 2, 0), [one.instance_uid for one in kept])
    assert comment.startswith("DEST: ")


def test_a_destination_that_takes_no_such_object_fails_it() -> None:
    archive, destination = ArchiveInMemory(), Destination()
    study = new_uid()
    ct, mr = (
        archive.keep(ct_image(StudyInstanceUID=study)),
        archive.keep(ct_image(StudyInstanceUID=study, SOPClassUID=MR)),
    )
    with destination.running() as peer, moving(archive, peer) as (_, mover):
        assert mover.move("DEST", study) == (0xB000, (1, 1, 0), f"no context accepted for {MR}", [mr.instance_uid])
    assert set(destination.objects) == {ct.instance_uid}


def test_what_the_destination_says_of_an_object_is_counted() -> None:
    archive, destination = ArchiveInMemory(), Destination(statuses=(0xB007, 0xA700, 0))
    kept = [archive.keep(image) for image in series(3)]
    with destination.running() as peer, moving(archive, peer) as (_, mover):
        status, counted, comment, failed = mover.move("DEST", kept[0].study_uid)
    assert (status, counted, failed) == (0xB000, (1, 1, 1), [kept[1].instance_uid])
    assert comment == "a C-STORE was answered with A700H"


@pytest.mark.parametrize(("said", "is_failed"), [(0xA700, True), (0xB007, False)])
def test_a_move_of_which_some_objects_failed_is_recorded_as_one_that_failed(said: int, is_failed: bool) -> None:
    archive, destination = ArchiveInMemory(), Destination(statuses=(said, 0))
    kept = [archive.keep(image) for image in series(2)]
    with destination.running() as peer, moving(archive, peer) as (house, mover):
        mover.move("DEST", kept[0].study_uid)
        mover.release()
        (summary,) = house.record.wait(1)
    assert summary.is_failed == is_failed
    assert [(one.status, one.comment) for one in summary.failures] == [
        (0xB000, "a C-STORE was answered with A700H")
    ] * is_failed


def test_an_association_that_breaks_costs_one_object() -> None:
    archive, destination = ArchiveInMemory(), Destination(statuses=(0, -1))
    kept = [archive.keep(image) for image in series(5)]
    with destination.running() as peer, moving(archive, peer) as (_, mover):
        status, counted, _, failed = mover.move("DEST", kept[0].study_uid)
    assert (status, counted, failed) == (0xB000, (4, 1, 0), [kept[1].instance_uid])
    assert destination.associations == 2


def test_a_destination_that_ends_every_association_is_not_asked_for_ever() -> None:
    archive, destination = ArchiveInMemory(), Destination(statuses=(-1,) * 9)
    kept = [archive.keep(image) for image in series(5)]
    with destination.running() as peer, moving(archive, peer) as (_, mover):
        status, counted, _, _ = mover.move("DEST", kept[0].study_uid)
    assert (status, counted) == (0xA702, (0, 5, 0))
    assert destination.associations == 1


def test_more_sop_classes_than_one_association_holds_go_over_several() -> None:
    classes = [str(context.abstract_syntax) for context in AllStoragePresentationContexts[:100]]
    archive, destination = ArchiveInMemory(), Destination([(uid, EXPLICIT) for uid in classes])
    study = new_uid()
    for uid in classes:
        archive.keep(ct_image(StudyInstanceUID=study, SOPClassUID=uid))
    with destination.running() as peer, moving(archive, peer) as (_, mover):
        assert mover.move("DEST", study)[:2] == (0, (100, 0, 0))
    assert destination.associations == 2


def test_the_requestor_is_told_how_far_it_is() -> None:
    archive, destination = ArchiveInMemory(), Destination()
    kept = [archive.keep(image) for image in series(3)]
    with destination.running() as peer, moving(archive, peer) as (_, mover):
        mover.move("DEST", kept[0].study_uid)
    assert mover.pending
    for one in mover.pending:
        assert sum(one[element] for element in range(0x1020, 0x1024)) == 3


def test_a_destination_that_is_registered_so_is_sent_to_over_several_associations_at_once() -> None:
    archive, destination = ArchiveInMemory(), Destination(together=3)
    kept = [archive.keep(ct_image(PixelData=bytes(1 << 20), Rows=1024, Columns=512, **one)) for one in same_study(5)]
    with destination.running(parallel=3) as peer, moving(archive, peer) as (_, mover):
        assert mover.move("DEST", kept[0].study_uid)[:2] == (0, (5, 0, 0))
    assert set(destination.objects) == {one.instance_uid for one in kept}
    assert destination.associations == 3


def test_what_one_of_several_associations_leaves_the_others_send() -> None:
    archive, destination = ArchiveInMemory(), Destination(statuses=(-1,))
    kept = [archive.keep(image) for image in series(200)]
    with destination.running(parallel=2) as peer, moving(archive, peer) as (_, mover):
        status, counted, _, failed = mover.move("DEST", kept[0].study_uid)
    assert (status, counted, len(failed)) == (0xB000, (199, 1, 0), 1)


def same_study(count: int) -> list[dict[str, object]]:
    study, series_uid = new_uid(), new_uid()
    return [{"StudyInstanceUID": study, "SeriesInstanceUID": series_uid} for _ in range(count)]


@pytest.mark.parametrize("odd", [False, True])
def test_a_deflated_object_is_inflated_to_its_end_and_no_further(odd: bool) -> None:
    archive, destination = ArchiveInMemory(), Destination()
    kept = archive.keep_file(*deflated(odd=odd))
    with destination.running() as peer, moving(archive, peer) as (_, mover):
        assert mover.move("DEST", kept.study_uid) == (0, (1, 0, 0), "", [])
    assert len(destination.objects[kept.instance_uid][1]) > 3 << 20


def test_an_object_that_does_not_inflate_fails_alone() -> None:
    archive, destination = ArchiveInMemory(), Destination()
    image, file, syntax = deflated(odd=False)
    kept = archive.keep_file(image, file, syntax)
    place, patient_id, whole = archive.kept[kept.instance_uid]
    archive.kept[kept.instance_uid] = (place, patient_id, whole[:-2000] + b"\xff" * 2000)
    with destination.running() as peer, moving(archive, peer) as (_, mover):
        status, counted, comment, _ = mover.move("DEST", kept.study_uid)
    assert (status, counted) == (0xA702, (0, 1, 0))
    assert comment.startswith("cannot be decoded (damaged)")


def deflated(*, odd: bool) -> tuple[Dataset, bytes, str]:
    """A deflated object; where its stream has an odd length, a byte of padding follows (PS3.5 A.5)."""
    for more in range(1000):
        image = ct_image(Rows=1536, Columns=1024, PixelData=bytes(range(256)) * 12_288, ImageComments="x" * more)
        deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        stream = deflater.compress(data_set_bytes(image, EXPLICIT)) + deflater.flush()
        if len(stream) % 2 == odd:
            return image, write_head(CT, image.SOPInstanceUID, DEFLATED) + stream + b"\0" * odd, DEFLATED
    raise AssertionError("no such length")


@pytest.mark.parametrize("stored", [EXPLICIT, DEFLATED])
def test_an_object_is_transcoded_for_a_destination_that_does_not_take_its_syntax(stored: str) -> None:
    archive, destination = ArchiveInMemory(), Destination([(CT, IMPLICIT)])
    image = ct_image(PixelData=bytes(range(256)) * 6000, Rows=1000, Columns=768)
    kept = archive.keep(image, stored)
    with destination.running() as peer, moving(archive, peer) as (_, mover):
        assert mover.move("DEST", kept.study_uid) == (0, (1, 0, 0), "", [])
    syntax, data_set = destination.objects[kept.instance_uid]
    assert syntax == IMPLICIT
    read = dcmread(io.BytesIO(write_head(CT, kept.instance_uid, IMPLICIT) + data_set))
    assert read.PixelData == image.PixelData
    assert read.PatientName == image.PatientName


def test_an_object_is_compressed_for_a_destination_that_prefers_it_so() -> None:
    archive, destination = ArchiveInMemory(), Destination([(CT, IMPLICIT), (CT, JPEG_LS_LOSSLESS)])
    kept = archive.keep(ct_image())
    preferred = (JPEG_LS_LOSSLESS, IMPLICIT)
    with destination.running(transfer_syntaxes=preferred) as peer, moving(archive, peer) as (_, mover):
        assert mover.move("DEST", kept.study_uid) == (0, (1, 0, 0), "", [])
    assert destination.objects[kept.instance_uid][0] == JPEG_LS_LOSSLESS


def test_an_object_that_cannot_be_decoded_fails_and_says_what_to_accept() -> None:
    archive, destination = ArchiveInMemory(), Destination()
    image = ct_image(NumberOfFrames=5)
    image.PixelData = encapsulate([b"a film in one piece."])
    image["PixelData"].VR = "OB"
    image["PixelData"].is_undefined_length = True
    kept = archive.keep_file(image, write_head(CT, image.SOPInstanceUID, MPEG4) + data_set_bytes(image, MPEG4), MPEG4)
    with destination.running() as peer, moving(archive, peer) as (_, mover):
        status, counted, comment, failed = mover.move("DEST", kept.study_uid)
    assert (status, counted, failed) == (0xA702, (0, 1, 0), [kept.instance_uid])
    assert comment == f"cannot be decoded (unsupported); accept {MPEG4}"
