"""pynetdicom is told of studies that have arrived, and told again where it did not take the notice."""

import queue
import socket
from pathlib import Path

from pydicom.dataset import Dataset
from pynetdicom import AE, evt
from pynetdicom.sop_class import InstanceAvailabilityNotification

from objects import series, write_file
from serving import Server

SECONDS = 60


def test_a_peer_is_told_until_it_takes_the_notice(server: Server, tmp_path: Path) -> None:
    told: queue.Queue[tuple[str, Dataset]] = queue.Queue()
    images = series(2)
    to_refuse = [images[0].StudyInstanceUID]

    def on_create(event: evt.Event) -> tuple[int, None]:
        told.put((str(event.request.AffectedSOPInstanceUID), event.attribute_list))
        if event.attribute_list.StudyInstanceUID not in to_refuse:
            return 0x0000, None
        to_refuse.clear()
        return 0x0110, None

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    application = AE("RIS")
    application.add_supported_context(InstanceAvailabilityNotification)
    listener = application.start_server(("127.0.0.1", port), block=False, evt_handlers=[(evt.EVT_N_CREATE, on_create)])
    try:
        added = server.run("ae", "add", "RIS", "127.0.0.1", str(port), "--notify", "--notify-after", "5s")
        assert added.returncode == 0, added.stderr
        for image in images:
            write_file(tmp_path, image)
        assert server.run("send", f"FILMLESS@127.0.0.1:{server.port}", tmp_path).returncode == 0
        refused, taken = next_of(told, images[0].StudyInstanceUID), next_of(told, images[0].StudyInstanceUID)
    finally:
        server.run("ae", "remove", "RIS")
        listener.shutdown()
    assert refused == taken
    _, notice = taken
    assert notice.ReferencedPerformedProcedureStepSequence == []
    (its_series,) = notice.ReferencedSeriesSequence
    assert its_series.SeriesInstanceUID == images[0].SeriesInstanceUID
    references = {str(one.ReferencedSOPInstanceUID): one for one in its_series.ReferencedSOPSequence}
    assert references.keys() == {str(image.SOPInstanceUID) for image in images}
    for one in references.values():
        assert (one.InstanceAvailability, one.RetrieveAETitle) == ("ONLINE", "FILMLESS")


def next_of(told: "queue.Queue[tuple[str, Dataset]]", study_uid: str) -> tuple[str, Dataset]:
    """The next notice of a study; other tests store others on the same server."""
    while True:
        uid, notice = told.get(timeout=SECONDS)
        if notice.StudyInstanceUID == study_uid:
            return uid, notice
