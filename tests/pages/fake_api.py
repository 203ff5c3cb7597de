"""A small server with the built pages and answers made to order: for states hard to provoke in a real server."""

import io
import json
import math
import queue
import random
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from PIL import Image, ImageDraw

import filmless.servers.pages

ASSETS = Path(filmless.servers.pages.__file__).parent / "assets"
CSP = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; img-src 'self' blob: data:; "
    "style-src 'self' 'unsafe-inline'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
MEDIA_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
NAMES = [
    ("Novák^Eva", None, "19610402", "F"),
    ("Müller^Jonas", None, "20091123", "M"),
    ("Rossi^Marco", None, "19600714", "M"),
    ("O'Brien^Sean^Patrick", None, "19600229", "M"),
    ("Yamada^Tarou", "山田^太郎", "20060601", "M"),
    ("García Núñez^María José", None, "19480803", "F"),
    ("Iyer^Priya", None, "20250211", "F"),
    ("Kowalska^Zofia", None, "19961030", "F"),
    ("Hong^Gildong", "洪^吉洞", "19760920", "M"),
    ("Okafor^Chidi", None, None, "M"),
]
EXAMS = [
    ("CT", "CT Chest with contrast", "CHEST", 501),
    ("MR", "MR Lumbar spine", "LSPINE", 410),
    ("CT", "CT Head", "HEAD", 312),
    ("MG", "Screening tomosynthesis", "BREAST", 189),
    ("DX", "Chest PA and lateral", "CHEST", 2),
    ("US", "Abdomen complete", "ABDOMEN", 64),
    ("PT,CT", "PET/CT skull base to mid-thigh", "WHOLEBODY", 830),
    ("XA", "Coronary angiography", "HEART", 834),
    ("CT", "CT Abdomen and pelvis, portal venous phase, with oral contrast", "ABDOMEN", 652),
    ("CR", "Left wrist 3 views", "HAND", 3),
]


@dataclass
class State:
    """What the server answers; a test sets it before it acts."""

    studies: int = 10_240
    failing: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)  # path prefix -> status, problem
    signed_in: bool = False
    rights: list[str] = field(default_factory=lambda: ["find", "retrieve", "store"])
    deletions: list[dict[str, Any]] = field(default_factory=list)  # newest first
    dicom: dict[str, Any] = field(default_factory=lambda: {"host": "127.0.0.1", "port": 11112, "is_local": True})
    warnings: list[str] = field(default_factory=list)
    stored: list[str] = field(default_factory=list)  # instance UIDs that arrived
    refuse: dict[str, int] = field(default_factory=dict)  # instance UID -> failure reason
    hold: threading.Event | None = None  # while it is not set, stores wait
    settings: dict[str, Any] = field(default_factory=dict)
    version: int = 0  # of the settings
    changes: "queue.Queue[dict[str, list[str]] | None]" = field(default_factory=queue.Queue)  # None ends the stream
    changed: dict[str, dict[str, Any]] = field(default_factory=dict)  # UID -> what is otherwise in its row
    extra: list[int] = field(default_factory=list)  # numbers of studies that have come on top of the list


def study(number: int) -> dict[str, Any]:
    """The row of one study, the same for the same number."""
    chance = random.Random(number)
    name, ideographic, born, sex = NAMES[number % len(NAMES)]
    modality, description, _, instances = EXAMS[(number * 7 + number // 10) % len(EXAMS)]
    day = date(2026, 3, 1) - timedelta(days=number // 6)
    return {
        "study_uid": f"1.2.826.0.1.3680043.10.1.{number + 1}",
        "patient": {
            "name": name,
            "name_ideographic": ideographic,
            "id": str(100_000 + number * 7919 % 900_000),
            "issuer": "ST-ANNA" if number % 3 else None,
            "birth_date": born,
            "sex": sex,
        },
        "date": f"{day:%Y%m%d}",
        "time": f"{chance.randrange(7, 19):02}{chance.randrange(60):02}12.000",
        "modalities": modality.split(","),
        "description": description,
        "accession": f"A{20_260_000 + number}",
        "series": chance.randrange(1, 12),
        "instances": instances,
        "received_at": f"{day}T18:{chance.randrange(60):02}:00Z",
        "warnings": 2 if number % 9 == 1 else 0,
        "referrer": "Lind^Karin",
        "body_parts": [EXAMS[(number * 7 + number // 10) % len(EXAMS)][2]],
        "institutions": ["St. Anna, Berlin"] if number % 2 else ["Nord"],
        "arriving": False,
    }


def detail(number: int) -> dict[str, Any]:
    """One study with its series and findings."""
    row = study(number)
    kinds = ["Scout", "Axial 1.5 mm soft tissue", "Axial lung", "Coronal 3 mm", "Sagittal 3 mm", "Axial 5 mm delayed"]
    series = [
        {
            "series_uid": f"{row['study_uid']}.{at}",
            "number": at,
            "modality": row["modalities"][0],
            "description": kinds[at % len(kinds)],
            "body_part": "CHEST",
            "instances": max(1, row["instances"] // row["series"]),
            "thumbnail": f"/dicomweb/studies/{row['study_uid']}/series/{row['study_uid']}.{at}/thumbnail",
            "kind": "CT Image Storage",
            "first_instance": f"{row['study_uid']}.{at}.1",
        }
        for at in range(1, row["series"] + 1)
    ]
    series.append(
        {
            "series_uid": f"{row['study_uid']}.99",
            "number": 999,
            "modality": "SR",
            "description": "Dose report",
            "body_part": None,
            "instances": 1,
            "thumbnail": None,
            "kind": "X-Ray Radiation Dose SR Storage",
            "first_instance": None,
        }
    )
    findings = [
        {
            "kind": "patient",
            "text": "Patient ID 44821 also came with the name SMITH^J.",
            "found_at": "2026-03-01T10:17:00Z",
        },
        {
            "kind": "conflict",
            "text": "3 instances came again with different content; the first is served.",
            "found_at": "2026-03-01T10:19:00Z",
        },
    ]
    return {**row, "series": series, "findings": findings if row["warnings"] else []}


def deletion(number: int, **more: Any) -> dict[str, Any]:
    """A study in the bin."""
    row = study(number)
    return {
        "id": f"00000000-0000-4000-8000-{number:012}",
        "study_uid": row["study_uid"],
        "series_uid": None,
        "instance_uid": None,
        "reason": "Sent to the wrong patient",
        "actor": "user:j.fischer",
        "deleted_at": "2026-03-01T10:17:00Z",
        "instances": row["instances"],
        "restored_by": None,
        "restored_at": None,
        "patient": {each: row["patient"][each] for each in ("name", "name_ideographic", "id")},
        "date": row["date"],
        "description": row["description"],
        **more,
    }


def picture(seed: int) -> bytes:
    """A drawn slice as JPEG."""
    chance = random.Random(seed)
    image = Image.new("L", (256, 256), 0)
    draw = ImageDraw.Draw(image)
    draw.ellipse((18, 46, 238, 214), fill=178)
    draw.ellipse((26, 54, 230, 206), fill=132)
    for left in (44, 140):
        draw.ellipse((left, 72, left + 74, 184), fill=22)
    draw.ellipse((108, 96, 158 + chance.randrange(14), 160), fill=196)
    for at in range(26):
        angle = at * math.tau / 26
        x, y = 128 + 92 * math.cos(angle), 130 + 66 * math.sin(angle)
        draw.ellipse((x - 3, y - 3, x + 3, y + 3), fill=232)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def instance_uids(body: bytes) -> list[str]:
    """Instance UIDs of the Part 10 files in a multipart body, from their file meta information."""
    found = re.findall(rb"DICM.*?\x02\x00\x03\x00UI(..)([0-9.]+)", body, re.DOTALL)
    return [value[: int.from_bytes(length, "little")].decode() for length, value in found]


class Handler(BaseHTTPRequestHandler):
    """Answers by the state of its server."""

    server: "FakeServer"
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Serve pages, answers and pictures."""
        url = urlsplit(self.path)
        if self._fails(url.path):
            return
        if url.path.endswith("/thumbnail"):
            self._answer(200, picture(len(url.path)), "image/jpeg")
        elif url.path.startswith("/dicomweb/"):
            self._answer(200, b"PK\x05\x06" + bytes(18), "application/zip")
        elif url.path.startswith("/api/") and not self.server.state.signed_in:
            self._json(401, {"title": "Sign in first."})
        elif url.path == "/api/changes":
            self._changes()
        elif url.path in (answers := self._answers(parse_qs(url.query))):
            self._json(200, *answers[url.path]())
        elif url.path.startswith("/api/studies/"):
            self._json(200, self._detail(int(url.path.rsplit(".", 1)[-1]) - 1))
        else:
            self._file(url.path)

    def do_POST(self) -> None:
        """Sign in and out, take uploads."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        state = self.server.state
        if self._fails(self.path):
            return
        if self.path == "/dicomweb/studies":
            self._store(body)
            return
        if self.path.startswith("/api/bin/"):
            entry = next(each for each in state.deletions if each["id"] == self.path.split("/")[3])
            entry |= {"restored_by": "user:Dr. E. Reyes", "restored_at": "2026-03-02T08:00:00Z"}
            self._json(200, {"restored": entry["instances"]})
            return
        if self.path == "/api/login" and json.loads(body)["password"] != "correct horse battery":
            self._json(401, {"title": "User name or password is wrong."})
            return
        state.signed_in = self.path != "/api/logout"
        self._json(200, self._session())

    def do_PUT(self) -> None:
        """Keep settings, unless somebody else was faster."""
        value, state = json.loads(self.rfile.read(int(self.headers["Content-Length"]))), self.server.state
        if self._fails(self.path):
            return
        if self.headers["If-Match"] != f'"{state.version}"':
            self._json(412, {"title": "These settings were changed meanwhile."})
            return
        state.settings, state.version = value, state.version + 1
        self._json(200, value, {"ETag": f'"{state.version}"'})

    def do_DELETE(self) -> None:
        """Put a study or a series into the bin."""
        url = urlsplit(self.path)
        if self._fails(url.path):
            return
        if not self.server.state.signed_in:
            self._json(401, {"title": "Sign in first."})
            return
        _, _, _, study_uid, *series = url.path.split("/")
        number = int(study_uid.rsplit(".", 1)[-1]) - 1
        entry = deletion(
            number,
            id=f"00000000-0000-4000-9000-{len(self.server.state.deletions):012}",
            series_uid=series[1] if series else None,
            reason=parse_qs(url.query)["reason"][0],
            actor="user:Dr. E. Reyes",
        )
        self.server.state.deletions.insert(0, entry)
        self._answer(204, b"", "text/plain")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it
        """Say nothing."""

    def _answers(self, query: dict[str, list[str]]) -> dict[str, Callable[[], tuple[Any, ...]]]:
        """What is answered at one address: the value, and headers where it has any."""
        state = self.server.state
        parts = sorted({exam[2] for exam in EXAMS})
        return {
            "/api/session": lambda: (self._session(),),
            "/api/settings": lambda: (state.settings, {"ETag": f'"{state.version}"'}),
            "/api/choices": lambda: ({"body_parts": parts, "institutions": ["Nord", "St. Anna, Berlin"]},),
            "/api/studies": lambda: (self._list(query),),
            "/api/bin": lambda: ({"deletions": state.deletions},),
        }

    def _session(self) -> dict[str, Any]:
        user = {"name": "Dr. E. Reyes", "role": "radiologist"}
        state = self.server.state
        archive = {"ae_title": "FILMLESS", "version": "0.1.0", "dicom": state.dicom}
        return {
            "user": user, "rights": state.rights, "csrf": "token", "archive": archive, "insecure": state.warnings
        }  # fmt: skip

    def _gone(self) -> set[str]:
        """UIDs of studies and series that lie in the bin."""
        lying = [each for each in self.server.state.deletions if each["restored_at"] is None]
        return {each["series_uid"] or each["study_uid"] for each in lying}

    def _detail(self, number: int) -> dict[str, Any]:
        found = detail(number)
        gone = self._gone()
        return {**found, "series": [each for each in found["series"] if each["series_uid"] not in gone]}

    def _list(self, query: dict[str, list[str]]) -> dict[str, Any]:
        if "study" in query:
            return self._named(query)
        text = query.get("text", [""])[0].casefold()
        if "sounds" in query:
            text = text.replace("novack", "novák")
        wanted = set(query["modality"][0].split(",")) if "modality" in query else None
        limit, at = int(query["limit"][0]), int(query.get("cursor", ["0"])[0])
        parts = set(query["body_part"][0].split("\\")) if "body_part" in query else None
        sites = set(query["institution"][0].split("\\")) if "institution" in query else None
        narrowed = text or wanted or parts or sites
        rows = [study(number) for number in range(min(self.server.state.studies, 10_240))] if narrowed else None
        if rows is not None:
            rows = [row for row in rows if text in json.dumps(row, ensure_ascii=False).casefold()]
            rows = [row for row in rows if not wanted or wanted & set(row["modalities"])]
            rows = [row for row in rows if not parts or parts & set(row["body_parts"])]
            rows = [row for row in rows if not sites or sites & set(row["institutions"])]
        total = self.server.state.studies if rows is None else len(rows)
        page = (
            [study(number) for number in range(at, min(at + limit, total))] if rows is None else rows[at : at + limit]
        )
        if at == 0 and rows is None:
            page = [self._row(number) for number in self.server.state.extra] + [self._row(n) for n in range(len(page))]
        gone = self._gone()
        page = [row for row in page if row["study_uid"] not in gone]
        cursor = str(at + limit) if at + limit < total else None
        return {"studies": page, "cursor": cursor, "total": {"number": min(total, 10_000), "exact": total <= 10_000}}

    def _changes(self) -> None:
        """Tell of what the test puts into the queue until it ends the stream."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        message: dict[str, list[str]] | None = {"new": [], "changed": [], "gone": []}
        while message is not None:
            data = json.dumps({"new": [], "changed": [], "gone": []} | message)
            try:
                self.wfile.write(f"event: studies\nid: 1772000000\ndata: {data}\n\n".encode())
                self.wfile.flush()
            except OSError:
                return
            message = self.server.state.changes.get()

    def _row(self, number: int) -> dict[str, Any]:
        row = study(number)
        return row | self.server.state.changed.get(row["study_uid"], {})

    def _named(self, query: dict[str, list[str]]) -> dict[str, Any]:
        """Studies named by UID, as far as the filters have them."""
        text = query.get("text", [""])[0].casefold()
        rows = [self._row(int(uid.rsplit(".", 1)[-1]) - 1) for uid in query["study"][0].split(",")]
        rows = [row for row in rows if text in json.dumps(row, ensure_ascii=False).casefold()]
        return {"studies": rows, "cursor": None, "total": {"number": len(rows), "exact": True}}

    def _store(self, body: bytes) -> None:
        state = self.server.state
        if state.hold is not None:
            state.hold.wait(20)
        answer: dict[str, Any] = {}
        for uid in instance_uids(body):
            item: dict[str, Any] = {"00081155": {"vr": "UI", "Value": [uid]}}
            tag = "00081198" if uid in state.refuse else "00081199"
            if uid in state.refuse:
                item["00081197"] = {"vr": "US", "Value": [state.refuse[uid]]}
            else:
                state.stored.append(uid)
            answer.setdefault(tag, {"vr": "SQ", "Value": []})["Value"].append(item)
        self._answer(200, json.dumps(answer).encode(), "application/dicom+json")

    def _fails(self, path: str) -> bool:
        for prefix, (status, problem) in self.server.state.failing.items():
            if path.startswith(prefix):
                self._json(status, problem, {"Retry-After": "3"} if status == 429 else {})
                return True
        return False

    def _file(self, path: str) -> None:
        target = (ASSETS / path.lstrip("/")).resolve()
        if not target.is_relative_to(ASSETS) or not target.is_file():
            target = ASSETS / "index.html"
        self._answer(200, target.read_bytes(), MEDIA_TYPES.get(target.suffix, "font/woff2"))

    def _json(self, status: int, value: object, headers: dict[str, str] | None = None) -> None:
        self._answer(status, json.dumps(value).encode(), "application/json", headers)

    def _answer(self, status: int, body: bytes, media_type: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        every = {"Content-Type": media_type, "Content-Length": str(len(body)), "Content-Security-Policy": CSP}
        for name, value in {**every, **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


class FakeServer(ThreadingHTTPServer):
    """The server on a free port of the loopback, in a thread of its own."""

    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.state = State()

    @property
    def url(self) -> str:
        """Base address."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> Self:
        """Start serving."""
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        """Stop serving."""
        self.shutdown()
        self.server_close()
