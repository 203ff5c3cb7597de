"""Every command of the tour in README.md works when it is pasted, in order."""

import re
import subprocess
from pathlib import Path

import pytest

from serving import Server, clean_environment

pytestmark = pytest.mark.slow

README = Path(__file__).parents[2] / "README.md"


def test_the_tour_works_when_it_is_pasted(tmp_path: Path) -> None:
    """In one shell, with this run's ports and folders in the place of the usual ones."""
    root = README.parent
    server = Server(tmp_path / "data").start()
    try:
        (tmp_path / ".venv").symlink_to(root / ".venv")
        blocks = re.findall(r"^```sh\n(.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL)
        assert len(blocks) >= 6
        script = "set -eux\n" + "\n".join(blocks)
        script = script.replace("http://127.0.0.1:8080", server.url).replace("11112", str(server.port))
        outcome = subprocess.run(
            ["bash"], input=script, cwd=tmp_path, env=clean_environment(), capture_output=True, text=True, check=False
        )
        assert outcome.returncode == 0, outcome.stderr[-3000:]
        assert "no problems" in outcome.stderr
        assert '"0020000D"' in outcome.stdout
    finally:
        server.close()
