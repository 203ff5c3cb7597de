"""Settings: the order of their sources, and sentences for what is wrong."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from filmless.cli import serve
from filmless.settings import Address, Settings, SettingsError, read

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "settings.md"
NAMES = [field.name for field in fields(Settings)]


def test_every_setting_has_its_heading_and_its_flag() -> None:
    headings = re.findall(r"^## (\w+)$", REFERENCE.read_text(), re.MULTILINE)
    flags = [name for name in serve.__annotations__ if name not in ("config", "return")]
    assert headings == NAMES
    assert sorted(flags) == sorted(NAMES)


def test_a_flag_wins_over_a_variable_and_that_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "filmless.toml").write_text('ae = "FILE"\nworkers = 1\nassociations = 7\n')
    environment = {"FILMLESS_AE": "VARIABLE", "FILMLESS_WORKERS": "2", "PATH": "/bin"}
    found = read({"data": tmp_path, "ae": "FLAG", "http": None}, environment)
    assert (found.ae, found.workers, found.associations) == ("FLAG", 2, 7)
    assert found.http == Address("127.0.0.1", 8080)


def test_the_data_folder_of_the_environment_brings_its_file(tmp_path: Path) -> None:
    (tmp_path / "filmless.toml").write_text('dimse = "[::1]:104"\n')
    assert read({}, {"FILMLESS_DATA": str(tmp_path)}).dimse == Address("::1", 104)


def test_an_unknown_variable_is_named() -> None:
    with pytest.raises(SettingsError, match="FILMLESS_PROT"):
        read({}, {"FILMLESS_PROT": "1"})


def test_an_unknown_key_is_named(tmp_path: Path) -> None:
    (tmp_path / "filmless.toml").write_text("prot = 1\n")
    with pytest.raises(SettingsError, match='"prot"'):
        read({"data": tmp_path}, {})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("http", "8080"),
        ("http", "localhost:70000"),
        ("ae", "SEVENTEEN_LETTERS"),
        ("ae", "BACK\\SLASH"),
        ("workers", "-1"),
        ("workers", "two"),
        ("behind_proxy", "perhaps"),
    ],
)
def test_a_value_that_cannot_be_understood_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f'"{name}"'):
        read({name: value}, {})


def test_a_named_settings_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="There is no settings file"):
        read({}, {}, tmp_path / "none.toml")


def test_a_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "filmless.toml").write_text("ae = \n")
    with pytest.raises(SettingsError, match="cannot be read"):
        read({"data": tmp_path}, {})


@pytest.mark.parametrize(
    ("host", "expected"), [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False)]
)
def test_loopback_is_told_from_the_rest(host: str, expected: bool) -> None:
    assert Address(host, 1).is_loopback is expected
