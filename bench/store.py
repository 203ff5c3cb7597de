"""What storing costs without a network: CTs of 512 KiB and MRs of 11 KiB through the archive on its own database.

    python bench/store.py [--ct 1000] [--mr 4000] [--in-flight 1,4,8] [--repeats 3]

Prints stores per second and CPU milliseconds per instance of this process and of PostgreSQL, medians of the repeats.
"""

import argparse
import collections
import os
import shutil
import statistics
import struct
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psutil

from filmless.access.seal import KEY_BYTES, AesSivSeal
from filmless.archive.archive import Archive
from filmless.archive.coercion.rules import Rules
from filmless.archive.model import Door, Received, Source, Stored
from filmless.archive.receive.store import Committer, examined
from filmless.archive.scope import Scope
from filmless.database.cluster.cluster import Cluster
from filmless.database.connect import Database
from filmless.database.events import EventLog
from filmless.database.find.postgres import PostgresFind
from filmless.database.index.read import IndexRead
from filmless.database.index.record import IndexRecord
from filmless.database.migrate import migrate
from filmless.standards.data_set.part10 import write_head
from filmless.standards.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN
from filmless.storage.folder import PackFolder
from filmless.storage.group_commit import GroupCommitter

ROOT = "1.2.826.0.1.3680043.10.1519.3"
SCOPE = Scope("ae:BENCH", everything=True)
SOURCE = Source(Door.C_STORE, calling_ae="BENCH")
SERIES = 100  # instances
KINDS = {"ct": ("1.2.840.10008.5.1.4.1.1.2", 512), "mr": ("1.2.840.10008.5.1.4.1.1.4", 64)}
_LONG = (b"OB", b"OW", b"SQ")


def element(tag: int, vr: bytes, value: str | bytes) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    raw += (b"\0" if vr == b"UI" else b" ") * (len(raw) % 2)
    head = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, vr)
    return head + (struct.pack("<HI", 0, len(raw)) if vr in _LONG else struct.pack("<H", len(raw))) + raw


def item(*elements: bytes) -> bytes:
    body = b"".join(elements)
    return struct.pack("<HHI", 0xFFFE, 0xE000, len(body)) + body


def instance(kind: str, run: int, number: int, pixels: bytes) -> Received:
    """One image with a header as scanners write them: about 100 elements, sequences and private ones among them."""
    sop_class, size = KINDS[kind]
    study = f"{ROOT}.{run}.{number // (4 * SERIES)}"
    series = f"{study}.{number // SERIES}"
    uid = f"{series}.{number}"
    us = lambda value: struct.pack("<H", value)  # noqa: E731
    parts = [
        element(0x00080005, b"CS", "ISO_IR 100"), element(0x00080008, b"CS", "ORIGINAL\\PRIMARY\\AXIAL"),
        element(0x00080016, b"UI", sop_class), element(0x00080018, b"UI", uid),
        element(0x00080020, b"DA", "20260102"), element(0x00080030, b"TM", "101112.000"),
        element(0x00080050, b"SH", f"A{number // 400}"), element(0x00080060, b"CS", kind.upper()),
        element(0x00080070, b"LO", "Bench Medical Systems"), element(0x00081030, b"LO", "STUDY DESCRIPTION"),
        element(0x0008103E, b"LO", "SERIES 0.6mm"),
        element(0x00081140, b"SQ", b"".join(
            item(element(0x00081150, b"UI", sop_class), element(0x00081155, b"UI", f"{series}.{n}")) for n in range(3)
        )),
        *(element(0x00090010 + 0x1000 * (n > 0) + n, b"LO", f"PRIVATE {n}") for n in range(12)),
        element(0x00100010, b"PN", "BENCH^PATIENT"), element(0x00100020, b"LO", f"P{number // 400}"),
        element(0x00100030, b"DA", "19700102"), element(0x00100040, b"CS", "F"),
        *(element(0x00180050 + 2 * n, b"DS", f"{n}.625") for n in range(40)),
        element(0x0020000D, b"UI", study), element(0x0020000E, b"UI", series), element(0x00200010, b"SH", "1"),
        element(0x00200011, b"IS", "1"), element(0x00200013, b"IS", str(number)),
        element(0x00200032, b"DS", f"-250.0\\-250.0\\{number}.5"), element(0x00200037, b"DS", "1\\0\\0\\0\\1\\0"),
        element(0x00280002, b"US", us(1)), element(0x00280004, b"CS", "MONOCHROME2"),
        element(0x00280010, b"US", us(size)), element(0x00280011, b"US", us(size)),
        element(0x00280100, b"US", us(16)), element(0x00280101, b"US", us(16)), element(0x00280102, b"US", us(15)),
        element(0x00280103, b"US", us(0)), element(0x00281050, b"DS", "40"), element(0x00281051, b"DS", "400"),
        element(0x7FE00010, b"OW", pixels),
    ]  # fmt: skip
    head = write_head(sop_class, uid, EXPLICIT_VR_LITTLE_ENDIAN, "BENCH")
    data_set = bytearray(b"".join(parts))  # as the network gives it
    return Received(head, data_set, EXPLICIT_VR_LITTLE_ENDIAN, SOURCE, datetime.now(UTC), sop_class, uid)


def cpu_of_database(postmaster: int) -> float:
    """Seconds of CPU of the server and all its children, those that ended included."""
    server = psutil.Process(postmaster)
    own = sum(server.cpu_times()[:4])
    return own + sum(sum(child.cpu_times()[:2]) for child in server.children())


def run(archive: Archive, instances: Iterator[Received], in_flight: int) -> int:
    waiting: collections.deque[object] = collections.deque()
    count = 0
    for received in instances:
        if len(waiting) >= in_flight:
            assert isinstance(waiting.popleft().result(), Stored)  # type: ignore[attr-defined]
        waiting.append(archive.store(received, SCOPE))
        count += 1
    for future in waiting:
        assert isinstance(future.result(), Stored)  # type: ignore[attr-defined]
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ct", type=int, default=1000)
    parser.add_argument("--mr", type=int, default=4000)
    parser.add_argument("--in-flight", default="1,4,8")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="filmless-bench-", dir="."))  # noqa: RUF100
    cluster = Cluster(folder)
    dsn = cluster.start()
    try:
        migrate(dsn)
        measure(options, folder, dsn, cluster.process_id or 0)
    finally:
        cluster.stop()
        shutil.rmtree(folder)


def measure(options: argparse.Namespace, folder: Path, dsn: str, postmaster: int) -> None:
    root = folder / "packs"
    root.mkdir()
    database = Database(dsn)
    events = EventLog(database)
    packs, index = PackFolder(root), IndexRecord(database, events)
    group = GroupCommitter(examined, Committer(packs, index).commit)
    archive = Archive(
        packs, IndexRead(database), PostgresFind(database, AesSivSeal(bytes(KEY_BYTES))), events, group.submit, Rules
    )
    number = 0
    print(f"load {os.getloadavg()[0]:.1f}; stores per second, CPU ms per instance: archive, PostgreSQL, both")
    for kind, count in (("ct", options.ct), ("mr", options.mr)):
        pixels = os.urandom(2 * KINDS[kind][1] ** 2)
        for in_flight in map(int, options.in_flight.split(",")):
            rows = []
            for _ in range(options.repeats):
                number += 1
                made = [instance(kind, number, each, pixels) for each in range(count)]
                begun, cpu, server = time.perf_counter(), time.process_time(), cpu_of_database(postmaster)
                run(archive, iter(made), in_flight)
                seconds = time.perf_counter() - begun
                own, theirs = time.process_time() - cpu, cpu_of_database(postmaster) - server
                rows.append((count / seconds, own / count * 1000, theirs / count * 1000, (own + theirs) / count * 1000))
            rate, own, theirs, both = map(statistics.median, zip(*rows, strict=True))
            print(f"{kind} {in_flight} in flight: {rate:7.0f}/s {own:6.3f} {theirs:6.3f} {both:6.3f}")
    group.close()
    packs.seal()
    index.close()
    database.close()


if __name__ == "__main__":
    main()
