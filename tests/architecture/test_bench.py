"""The measures of ``bench/`` run with what they measure: a small run of each ends well and prints a figure."""

import re
import subprocess
import sys
from pathlib import Path

import pydicom
import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"
SMALL_RUNS = {
    "scan.py": ("--seconds", "0.1"),
    "dimse_receive.py": ("--count", "20", "--kib", "16"),
    "store.py": ("--ct", "8", "--mr", "8", "--in-flight", "4", "--repeats", "1"),
    "dicom_json.py": (str(Path(pydicom.__file__).parent / "data/test_files"), "--repeats", "1"),
    "find.py": ("--sizes", "1000", "--queries", "20"),
}

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("measure", SMALL_RUNS)
def test_a_measure_runs_and_prints_figures(measure: str) -> None:
    argv = [sys.executable, BENCH / measure, *SMALL_RUNS[measure]]
    outcome = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=110)
    assert outcome.returncode == 0, outcome.stderr
    assert re.search(r"\d+(/s| headers per CPU second| ms of CPU each)", outcome.stdout)


def test_every_measure_has_a_small_run() -> None:
    assert {path.name for path in BENCH.glob("*.py")} == set(SMALL_RUNS)
