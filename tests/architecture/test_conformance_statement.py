"""The conformance statement is what the tables say now."""

import importlib.util
from pathlib import Path

GENERATOR = Path(__file__).resolve().parents[2] / "tools" / "generate_conformance_statement.py"


def test_the_statement_is_current() -> None:
    found = importlib.util.spec_from_file_location("generate_conformance_statement", GENERATOR)
    assert found is not None
    assert found.loader is not None
    generator = importlib.util.module_from_spec(found)
    found.loader.exec_module(generator)
    assert generator.TARGET.read_text(encoding="utf-8") == generator.statement(), f"run {GENERATOR}"
