"""Every setting of the program: default, then ``filmless.toml``, then ``FILMLESS_*``, then flag."""

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

PREFIX = "FILMLESS_"
FILE = "filmless.toml"


class SettingsError(Exception):
    """A setting is unknown or cannot be understood; the text is a sentence that names it."""


@dataclass(frozen=True, slots=True)
class Address:
    """A host and TCP port to listen on."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it."""
        return self.host in ("localhost", "::1") or self.host.startswith("127.")


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    raise ValueError("is a text")


def _path(value: object) -> Path:
    return Path(value if isinstance(value, Path) else _text(value)).expanduser()


def _optional_path(value: object) -> Path | None:
    return _path(value) if value else None


def _number(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    raise ValueError("is a whole number")


def _switch(value: object) -> bool:
    switches = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False, "": False}
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in switches:
        return switches[value.lower()]
    raise ValueError("is true or false")


def parse_address(value: object) -> Address:
    """HOST:PORT or [IPv6]:PORT; ``ValueError`` says what it should be."""
    parts = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\s]+)):(\d{1,5})", value) if isinstance(value, str) else None
    if parts is None or int(parts[3]) > 65535:
        raise ValueError("is HOST:PORT, as 127.0.0.1:8080 or [::1]:8080")
    return Address(parts[1] or parts[2], int(parts[3]))


def _ae_title(value: object) -> str:
    title = _text(value).strip()
    if not re.fullmatch(r"[!-\[\]-~](?:[ -\[\]-~]{0,14}[!-\[\]-~])?", title):
        raise ValueError("is an AE title: 1 to 16 printable characters without backslash (PS3.5 6.2)")
    return title


def _base_url(value: object) -> str:
    url = _text(value).rstrip("/")
    if url and not re.fullmatch(r"https?://[^\s/?#@]+(?:/[^\s?#]*)?", url):
        raise ValueError("is an address such as https://pacs.example.org")
    return url


def _origins(value: object) -> frozenset[str]:
    listed = value.split(",") if isinstance(value, str) else value
    if not isinstance(listed, list | tuple | frozenset):
        raise ValueError("is a list of origins")
    origins = frozenset(_text(one).strip().lower() for one in listed if _text(one).strip())
    for origin in origins:
        if not re.fullmatch(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?", origin):
            raise ValueError("is a list of origins such as https://viewer.example.org, without path and never *")
    return origins


@dataclass(frozen=True, slots=True)
class JwtIssuer:
    """Whose JSON Web Tokens are believed while associating: how they are signed, and for whom they must be made."""

    issuer: str
    audience: str
    algorithm: str
    key: Path  # PEM public key, or the shared secret for HS256


ALGORITHMS = ("HS256", "RS256", "ES256")


def _jwt_issuers(value: object) -> tuple[JwtIssuer, ...]:
    listed = json.loads(value) if isinstance(value, str) and value else value or []
    names = {"issuer", "audience", "algorithm", "key"}
    if not isinstance(listed, list) or any(not isinstance(one, dict) or set(one) != names for one in listed):
        raise ValueError("is a list of tables with issuer, audience, algorithm and key")
    found = tuple(
        JwtIssuer(_text(one["issuer"]), _text(one["audience"]), _text(one["algorithm"]), _path(one["key"]))
        for one in listed
    )
    if any(one.algorithm not in ALGORITHMS for one in found):
        raise ValueError(f"has as algorithm one of {', '.join(ALGORITHMS)}")
    return found


def _optional_address(value: object) -> Address | None:
    return parse_address(value) if value else None


def _setting(default: Any, parse: Callable[[object], object]) -> Any:
    return field(default=default, metadata={"parse": parse})


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set, by the names used everywhere; ``docs/reference/settings.md`` explains each."""

    data: Path = _setting(Path("data"), _path)
    http: Address = _setting(Address("127.0.0.1", 8080), parse_address)
    dimse: Address = _setting(Address("127.0.0.1", 11112), parse_address)
    ae: str = _setting("FILMLESS", _ae_title)
    workers: int = _setting(0, _number)  # server processes; 0: one per core
    database_url: str = _setting("", _text)
    tls_certificate: Path | None = _setting(None, _optional_path)
    tls_key: Path | None = _setting(None, _optional_path)
    behind_proxy: bool = _setting(parse=_switch, default=False)
    base_url: str = _setting("", _base_url)  # how others reach the web: in answers; empty: as the connection came
    cors_origins: frozenset[str] = _setting(frozenset(), _origins)  # pages of other sites that may use DICOMweb
    dimse_tls: Address | None = _setting(None, _optional_address)  # DICOM over TLS; none: not served
    dimse_tls_certificate: Path | None = _setting(None, _optional_path)
    dimse_tls_key: Path | None = _setting(None, _optional_path)
    dimse_tls_authorities: Path | None = _setting(None, _optional_path)  # that peers' certificates come from
    dimse_tls_optional: bool = _setting(parse=_switch, default=False)  # peers may come without a certificate
    any_called_ae: bool = _setting(parse=_switch, default=False)  # serve whatever title a peer calls
    jwt_issuers: tuple[JwtIssuer, ...] = _setting((), _jwt_issuers)
    associations: int = _setting(500, _number)
    associations_per_peer: int = _setting(50, _number)
    settle_after: int = _setting(60, _number)  # seconds in which nothing came for a study


_PARSERS: dict[str, Callable[[object], object]] = {field.name: field.metadata["parse"] for field in fields(Settings)}


def read(flags: Mapping[str, object], environment: Mapping[str, str], config: Path | None = None) -> Settings:
    """Settings from all sources; a flag of None was not given. ``config`` replaces the data folder's file."""
    given = {name: value for name, value in flags.items() if value is not None}
    variables = _variables(environment)
    data = _path(given.get("data") or variables.get("data") or Settings().data)
    values = {**_file(config, data), **variables, **given}
    parsed: dict[str, Any] = {name: _parsed(name, value) for name, value in values.items()}
    return Settings(**parsed)


def _variables(environment: Mapping[str, str]) -> dict[str, object]:
    found: dict[str, object] = {}
    for variable, value in environment.items():
        name = variable.removeprefix(PREFIX).lower()
        if not variable.startswith(PREFIX) or name == "config":
            continue
        if name not in _PARSERS:
            raise SettingsError(f"The environment has {variable}, which is no setting of Filmless.")
        found[name] = value
    return found


def _file(config: Path | None, data: Path) -> dict[str, object]:
    path = config or data / FILE
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        if config is not None:
            raise SettingsError(f"There is no settings file {path}.") from None
        return {}
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} cannot be read: {error}.") from None
    for name in found:
        if name not in _PARSERS:
            raise SettingsError(f'{path} has the key "{name}", which is no setting of Filmless.')
    return found


def _parsed(name: str, value: object) -> Any:
    parse = _PARSERS[name]
    try:
        return parse(value)
    except ValueError as error:
        raise SettingsError(f'The setting "{name}" {error}; it was given as "{value}".') from None
