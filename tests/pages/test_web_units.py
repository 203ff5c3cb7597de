"""The web application's own type check and unit tests."""

import subprocess
import sys
from pathlib import Path

import pytest

BUILDER = Path(__file__).resolve().parents[2] / "tools" / "build_web.py"


@pytest.mark.slow
def test_names_dates_addresses_and_uploads_hold_in_vitest() -> None:
    checked = subprocess.run([sys.executable, BUILDER, "check"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
