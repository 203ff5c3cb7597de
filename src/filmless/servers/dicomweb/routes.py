"""The DICOMweb resources of this origin server, one row each."""

from filmless.access.roles import Right
from filmless.archive.frame_access import FrameAccess
from filmless.pixels.view import Picture
from filmless.servers.dicomweb.capabilities import DESCRIBED, Capabilities
from filmless.servers.dicomweb.negotiation import DICOM_JSON, ZIP
from filmless.servers.dicomweb.render.documents import HTML, MP4, PLAIN, SVG
from filmless.servers.dicomweb.render.pictures import Pictures, Renderer
from filmless.servers.dicomweb.render.rendered import Rendered
from filmless.servers.dicomweb.retrieve.bulkdata import Bulkdata
from filmless.servers.dicomweb.retrieve.frames import Frames
from filmless.servers.dicomweb.retrieve.located import LocatedFrames
from filmless.servers.dicomweb.retrieve.metadata import Metadata
from filmless.servers.dicomweb.retrieve.wado import Wado
from filmless.servers.dicomweb.search.qido import Qido
from filmless.servers.dicomweb.search.query_parameters import SEARCH_PARAMETERS
from filmless.servers.dicomweb.service import Service
from filmless.servers.dicomweb.store.delete import Bin, Delete
from filmless.servers.dicomweb.store.stow import Stow
from filmless.servers.dicomweb.uri_parameters import PARAMETERS
from filmless.servers.dicomweb.wado_uri import WadoUri
from filmless.servers.http_messages import JSON
from filmless.servers.routes import ATTRIBUTES, Route

STUDY = "/dicomweb/studies/{study}"
SERIES = STUDY + "/series/{series}"
INSTANCE = SERIES + "/instances/{instance}"
FRAMES = INSTANCE + "/frames/{frames}"
BULK_DATA = INSTANCE + "/bulkdata/{path*}"

DELETING = ("reason",)
STORED = tuple(
    f'multipart/related; type="{kind}"' for kind in ("application/dicom", DICOM_JSON, "application/dicom+xml")
)
SEARCHED = (DICOM_JSON, JSON, 'multipart/related; type="application/dicom+xml"')
STORE_ANSWERS = (DICOM_JSON, JSON, "application/dicom+xml")
OBJECTS = ('multipart/related; type="application/dicom"', ZIP)
OBJECT = (*OBJECTS, "application/dicom", "application/pdf", "video/mp4", "*/*")  # the document within, of any type
ANYTHING = ("*/*",)  # as the object is kept
REPRESENTATION = ("accept", "charset")  # PS3.18 8.3.3
RENDERING = ("viewport", "window", "quality", "annotation", "iccprofile", *REPRESENTATION)
THUMBNAIL = ("viewport", *REPRESENTATION)
DOCUMENTS = (HTML, PLAIN, SVG, MP4, "application/pdf", "text/xml")
RENDERED = (*Picture, *DOCUMENTS, *(f'multipart/related; type="{each}"' for each in Picture))
SEARCHING = (*SEARCH_PARAMETERS, ATTRIBUTES)


def dicomweb_routes(service: Service, renderer: Renderer, access: FrameAccess, bin_: Bin) -> list[Route]:
    """Every row."""
    store = Stow(service, renderer).store
    wado = Wado(service, renderer)
    retrieve = wado.retrieve
    located = LocatedFrames(service, access)
    frames = Frames(service, access, located, renderer).retrieve
    pictures = Pictures(service, located, renderer)
    rendered = Rendered(service, located, pictures)
    by_uri = WadoUri(service, wado, pictures).retrieve
    bulkdata = Bulkdata(service).retrieve
    delete = Delete(service, bin_).delete
    read, put, drop = Right.RETRIEVE, Right.STORE, Right.DELETE
    rows = [
        Route("POST", "/dicomweb/studies", put, store, "Store instances", REPRESENTATION, STORED, STORE_ANSWERS),
        Route("POST", STUDY, put, store, "Store instances of one study", REPRESENTATION, STORED, STORE_ANSWERS),
        *_searches(Qido(service)),
        Route("GET", "/dicomweb/wado", read, by_uri, "An object by parameters (WADO-URI)", PARAMETERS, (), ANYTHING),
        Route("GET", STUDY, read, retrieve, "Retrieve a study", REPRESENTATION, gives=OBJECTS),
        Route("GET", SERIES, read, retrieve, "Retrieve a series", REPRESENTATION, gives=OBJECTS),
        Route("GET", INSTANCE, read, retrieve, "Retrieve an instance", REPRESENTATION, gives=OBJECT),
        Route("DELETE", STUDY, drop, delete, "Put a study into the bin", DELETING, gives=()),
        Route("DELETE", SERIES, drop, delete, "Put a series into the bin", DELETING, gives=()),
        Route("DELETE", INSTANCE, drop, delete, "Put an instance into the bin", DELETING, gives=()),
        *_metadata(Metadata(service)),
        Route("GET", FRAMES, read, frames, "Retrieve frames of an instance", REPRESENTATION, gives=ANYTHING),
        Route("GET", BULK_DATA, read, bulkdata, "Retrieve a value by its address", REPRESENTATION, gives=ANYTHING),
        *_pictures(rendered),
    ]
    capabilities = Capabilities(service, rows).retrieve
    summary = "Retrieve capabilities"
    return [Route("OPTIONS", "/dicomweb", Right.SESSION, capabilities, summary, ("accept",), gives=DESCRIBED), *rows]


def _searches(search: Qido) -> list[Route]:
    resources = (
        ("/dicomweb/patients", search.patients, "patients"),
        ("/dicomweb/studies", search.studies, "studies"),
        ("/dicomweb/series", search.series, "series"),
        ("/dicomweb/instances", search.instances, "instances"),
        (STUDY + "/series", search.series, "a study's series"),
        (STUDY + "/instances", search.instances, "a study's instances"),
        (SERIES + "/instances", search.instances, "a series' instances"),
    )
    return [
        Route("GET", path, Right.FIND, answer, f"Search for {what}", SEARCHING, gives=SEARCHED)
        for path, answer, what in resources
    ]


def _metadata(metadata: Metadata) -> list[Route]:
    levels = (
        (STUDY, "a study's", ()),
        (SERIES, "a series'", ()),
        (INSTANCE, "an instance's", ("application/dicom+xml",)),
    )
    return [
        Route(
            "GET",
            path + "/metadata",
            Right.RETRIEVE,
            metadata.retrieve,
            f"Retrieve {whose} metadata",
            REPRESENTATION,
            gives=(*SEARCHED, *alone),
        )
        for path, whose, alone in levels
    ]


def _pictures(rendered: Rendered) -> list[Route]:
    levels = {STUDY: "a study", SERIES: "a series", INSTANCE: "an instance", FRAMES: "frames of an instance"}
    kinds = (
        ("rendered", rendered.retrieve, "Retrieve {} as pictures", RENDERING, RENDERED),
        ("thumbnail", rendered.thumbnail, "A small picture of {}", THUMBNAIL, tuple(Picture)),
    )
    return [
        Route("GET", f"{path}/{name}", Right.RETRIEVE, answer, summary.format(what), query, gives=gives)
        for name, answer, summary, query, gives in kinds
        for path, what in levels.items()
    ]
