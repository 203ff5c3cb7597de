"""The JSON API of the pages, health, and the description of everything, one row each."""

from collections.abc import Callable

from filmless.access.roles import Right
from filmless.servers.http_messages import JSON, Answer, Problem, Request, json_answer
from filmless.servers.openapi import describe
from filmless.servers.pages.associations import AssociationList
from filmless.servers.pages.session import Session
from filmless.servers.pages.studies import Studies
from filmless.servers.routes import Route

PLAIN, TAKEN = ("text/plain",), (JSON,)
SIGNING = ("username", "password")
LISTING = (
    "patient_id", "accession", "name", "modality", "body_part", "institution", "status", "from", "to", "text", "sounds",
    "study", "limit", "cursor", "sort",
)  # fmt: skip
PAGING = ("ae", "failed", "limit", "after")


def page_routes(
    session: Session,
    studies: Studies,
    associations: AssociationList,
    is_ready: Callable[[], bool],
    has_space: Callable[[], bool],
) -> list[Route]:
    """Every row but the description itself; ``is_ready`` and ``has_space`` answer at once, from what is known."""

    async def healthz(_: Request) -> Answer:
        return Answer(200, b"ok", "text/plain")

    async def readyz(_: Request) -> Answer:
        if not is_ready():
            raise Problem(503, "Not ready.", ((b"retry-after", b"1"),))
        return Answer(200, b"ok" if has_space() else b"ok; store: no space", "text/plain")

    return [
        Route("GET", "/healthz", None, healthz, "Whether the process runs", gives=PLAIN),
        Route("GET", "/readyz", None, readyz, "Whether requests can be served", gives=PLAIN),
        Route("POST", "/api/login", None, session.log_in, "Sign in with a password", takes=TAKEN, members=SIGNING),
        Route(
            "POST",
            "/api/setup",
            None,
            session.set_up,
            "Make the first administrator by the one-time link",
            takes=TAKEN,
            members=("token", *SIGNING),
        ),
        Route("POST", "/api/logout", Right.SESSION, session.log_out, "Sign out", gives=()),
        Route("GET", "/api/session", Right.SESSION, session.show, "Who is signed in"),
        Route("GET", "/api/studies", Right.FIND, studies.list, "The study list", LISTING),
        Route("GET", "/api/choices", Right.FIND, studies.choices, "Body parts and institutions that studies have"),
        Route("GET", "/api/studies/{study}", Right.FIND, studies.show, "A study with its series and findings"),
        Route("GET", "/api/associations", Right.AUDIT, associations.list, "What DICOM peers asked for and got", PAGING),
        Route("GET", "/api/inbox", Right.REVIEW, studies.inbox, "What somebody must look at"),
    ]


def with_description(routes: list[Route]) -> list[Route]:
    """The rows and the one that describes them all, itself included."""

    async def openapi(_: Request) -> Answer:
        return json_answer(described)

    every = [*routes, Route("GET", "/api/openapi.json", Right.SESSION, openapi, "This description")]
    described = describe(every)
    return every
