"""DICOM JSON of whole files: our one-pass writer beside ``pydicom.dcmread`` and ``to_json`` on the same bytes.

PYTHONPATH=src python bench/dicom_json.py [FOLDER] [--repeats 5]
"""

import argparse
import io
import logging
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import pydicom
from pydicom import dcmread

from filmless.standards.data_set.fault import Fault
from filmless.standards.data_set.part10 import read_head
from filmless.standards.models.dicom_json import data_set_json

CORPUS = Path(__file__).parents[2] / "shared/data/dicom"
OWN = Path(pydicom.__file__).parent / "data/test_files"  # where there is no corpus
MAX_BYTES = 20 << 20  # of a file
URL = "http://archive/dicomweb/studies/1/series/2/instances/3"


def files(folder: Path) -> list[tuple[bytes, bytes, str]]:
    """Each file that both can write: all of it, its data set, its transfer syntax."""
    found = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.stat().st_size > MAX_BYTES:
            continue
        whole = path.read_bytes()
        head = read_head(whole)
        if isinstance(head, Fault):
            continue
        try:
            theirs(whole)
        except Exception:  # noqa: BLE001  what it cannot write is not compared
            continue
        found.append((whole, whole[head.head_length :], head.transfer_syntax_uid))
    return found


def theirs(whole: bytes) -> str:
    """By the library."""
    return dcmread(io.BytesIO(whole), force=True).to_json(1024, lambda _: URL)


def seconds(work: Callable[[], None], repeats: int) -> float:
    """CPU seconds of one pass, the least of several."""
    measured = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        measured.append(time.process_time() - start)
    return min(measured)


def main() -> None:
    """Print the two and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=CORPUS if CORPUS.is_dir() else OWN)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    compared = files(options.folder)
    if not compared:
        print(f"no DICOM files in {options.folder}")
        return

    def ours_pass() -> None:
        for _, data_set, syntax in compared:
            data_set_json(data_set, syntax, URL)

    def theirs_pass() -> None:
        for whole, _, _ in compared:
            theirs(whole)

    ours, library = seconds(ours_pass, options.repeats), seconds(theirs_pass, options.repeats)
    count = len(compared)
    print(f"{count} files: ours {1e3 * ours / count:.3f} ms, pydicom {1e3 * library / count:.3f} ms of CPU each")
    print(f"ratio {library / ours:.1f}")


if __name__ == "__main__":
    main()
