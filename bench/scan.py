"""Headers per second of the scanner, over CT headers of some 125 elements with nested sequences and private blocks.

PYTHONPATH=src python bench/scan.py [--seconds 2]
"""

import argparse
import struct
import time

from filmless.archive.header import WANTED
from filmless.standards.data_set.fault import Fault
from filmless.standards.data_set.scanner import scan
from filmless.standards.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN

LONG = ("SQ", "OW")


def element(tag: int, vr: str, value: bytes) -> bytes:
    """One element in Explicit VR Little Endian (PS3.5 7.1.2)."""
    value += (b"\0" if vr == "UI" else b" ") * (len(value) % 2)
    head = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, vr.encode())
    return head + (struct.pack("<HI", 0, len(value)) if vr in LONG else struct.pack("<H", len(value))) + value


def sequence(tag: int, *items: bytes) -> bytes:
    return element(tag, "SQ", b"".join(b"\xfe\xff\x00\xe0" + struct.pack("<I", len(item)) + item for item in items))


def undefined_sequence(tag: int, item: bytes) -> bytes:
    head = struct.pack("<HH2sHI", tag >> 16, tag & 0xFFFF, b"SQ", 0, 0xFFFFFFFF)
    return head + b"\xfe\xff\x00\xe0\xff\xff\xff\xff" + item + b"\xfe\xff\x0d\xe0\0\0\0\0" + b"\xfe\xff\xdd\xe0\0\0\0\0"


def text(tags: str, vr: str, value: str) -> bytes:
    return b"".join(element(int(tag, 16), vr, value.encode()) for tag in tags.split())


def code(meaning: str) -> bytes:
    return text("00080100", "SH", "C1") + text("00080102", "SH", "99BENCH") + text("00080104", "LO", meaning)


def ct_header(number: int) -> bytes:
    """A CT data set up to its 512 x 512 pixels, whose value is left out of the count but not of the bytes."""
    uid = f"1.2.826.0.1.3680043.10.1519.1.1000001.100.{10000 + number}"
    reference = text("00081150", "UI", "1.2.840.10008.5.1.4.1.1.2") + text("00081155", "UI", uid)
    parts = (
        text("00080005", "CS", "ISO_IR 100") + text("00080008", "CS", r"ORIGINAL\PRIMARY\AXIAL\HELIX"),
        text("00080012", "DA", "20240101") + text("00080013", "TM", "101112.000"),
        text("00080016", "UI", "1.2.840.10008.5.1.4.1.1.2") + text("00080018", "UI", uid),
        text("00080020 00080021 00080022 00080023", "DA", "20240101"),
        text("00080030 00080031 00080032 00080033", "TM", "081112.000123") + text("00080050", "SH", "A000000001"),
        text("00080060", "CS", "CT") + text("00080070 00080080", "LO", "Bench Medical Systems"),
        text("00080081", "ST", "1 Loopback Street") + text("00080090", "PN", "REFER^DOCTOR^^DR"),
        text("00081010", "SH", "SCANNER01") + text("00081030", "LO", "STUDY DESCRIPTION 4"),
        sequence(0x00081032, code("Procedure")) + text("0008103E 00081040", "LO", "SERIES 1 0.6mm"),
        text("00081050 00081070", "PN", "PERFORM^DOCTOR") + text("00081090", "LO", "Bench 9000"),
        undefined_sequence(0x00081110, reference),
        sequence(0x00081140, *[reference + sequence(0x0040A170, code("Localizer"))] * 3),
        text("00090010 00091001", "LO", "BENCH_IDEN_01") + text("00091002", "SH", "CT01"),
        element(0x00091027, "UL", b"\0\1\2\3") + text("000910E3", "UI", "1.2.3.8.1"),
        text("00100010", "PN", "BENCH^PATIENT1") + text("00100020 00100021", "LO", "BENCH00001"),
        text("00100030", "DA", "19300101") + text("00100040", "CS", "M") + text("00101000", "LO", "OLD000001"),
        text("00101010", "AS", "045Y") + text("00101020 00101030", "DS", "71.5"),
        text("001021B0 00104000", "LT", "generated, no real patient") + text("00180010", "LO", "OMNI 350"),
        text("00180015 00180022", "CS", "CHEST") + text("00180050 00180060 00180090", "DS", "0.625"),
        text("00181000 00181020 00181030", "LO", "SN12345") + text("00181100 00181110 00181111", "DS", "949.07"),
        text("00181120 00181130", "DS", "151.2") + text("00181140", "CS", "CW"),
        text("00181150 00181151 00181152 00181170", "IS", "500") + text("00181160 00181210", "SH", "STANDARD"),
        text("00181190", "DS", "1.2") + text("00185100", "CS", "FFS"),
        *[element(tag, "FD", bytes(8)) for tag in (0x00189305, 0x00189306, 0x00189307, 0x00189311)],
        text("00190010", "LO", "BENCH_ACQU_01"),
        *[element(0x00191002 + k, "DS" if k % 2 else "LO", b"%d" % (k * 1000 + number)) for k in range(12)],
        text("0020000D 0020000E", "UI", uid[:-6]) + text("00200010", "SH", "S1"),
        text("00200011 00200012", "IS", "1") + text("00200013", "IS", str(number)),
        text("00200032", "DS", rf"-250.0\-250.0\{number * 0.625:.3f}") + text("00200037", "DS", r"1\0\0\0\1\0"),
        text("00200052", "UI", uid) + text("00201040", "LO", "SN") + text("00201041", "DS", "12.500"),
        text("00204000", "LT", "image comment") + text("00210010 00211003 00211035 00211091", "LO", "BENCH_RELA_01"),
        element(0x00280002, "US", b"\1\0") + text("00280004", "CS", "MONOCHROME2"),
        *[element(tag, "US", b"\0\2") for tag in (0x00280010, 0x00280011)],
        text("00280030", "DS", r"0.976562\0.976562"),
        *[element(tag, "US", b"\x10\0") for tag in (0x00280100, 0x00280101, 0x00280102, 0x00280103)],
        element(0x00280120, "SS", b"\x30\xf8") + text("00281050 00281051", "DS", r"400\1500"),
        text("00281052 00281053", "DS", "-1024") + text("00281054", "LO", "HU"),
        text("00400002 00400244", "DA", "20240101") + text("00400003 00400245", "TM", "100000"),
        text("00400253", "SH", "PPS1") + text("00400254", "LO", "CT CHEST"),
        sequence(0x00400275, text("00400007", "LO", "step") + sequence(0x00400008, code("Chest"))),
        element(0x7FE00010, "OW", bytes(512 * 512 * 2)),
    )
    return b"".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=2.0)
    seconds = parser.parse_args().seconds
    headers = [ct_header(number) for number in range(1, 33)]
    found = scan(headers[0], EXPLICIT_VR_LITTLE_ENDIAN, WANTED)
    assert not isinstance(found, Fault)
    scanned = 0
    start = time.process_time()
    while (spent := time.process_time() - start) < seconds:
        for header in headers:
            scan(header, EXPLICIT_VR_LITTLE_ENDIAN, WANTED)
        scanned += len(headers)
    print(
        f"scan: {scanned / spent:,.0f} headers per CPU second, {len(found.values)} values kept of {len(WANTED)} wanted"
    )


if __name__ == "__main__":
    main()
