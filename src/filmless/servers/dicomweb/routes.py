"""The DICOMweb resources of this origin server, one row each."""

from filmless.access.roles import Right
from filmless.archive.frame_access import FrameAccess
from filmless.pixels.view import Picture
from filmless.servers.dicomweb.capabilities import Capabilities
from filmless.servers.dicomweb.negotiation import DICOM_JSON
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
from filmless.servers.dicomweb.wado_uri import WadoUri
from filmless.servers.routes import Route

STUDY = "/dicomweb/studies/{study}"
SERIES = STUDY + "/series/{series}"
INSTANCE = SERIES + "/instances/{instance}"
FRAMES = INSTANCE + "/frames/{frames}"

DELETING = ("reason",)
STORED = tuple(
    f'multipart/related; type="{kind}"' for kind in ("application/dicom", DICOM_JSON, "application/dicom+xml")
)
SEARCHED = (DICOM_JSON, 'multipart/related; type="application/dicom+xml"')
RENDERING = ("viewport", "window", "quality", "annotation", "iccprofile")

URI_PARAMETERS = (
    "requestType",
    "studyUID",
    "seriesUID",
    "objectUID",
    "contentType",
    "charset",
    "anonymize",
    "annotation",
    "rows",
    "columns",
    "region",
    "windowCenter",
    "windowWidth",
    "frameNumber",
    "imageQuality",
    "presentationUID",
    "presentationSeriesUID",
    "transferSyntax",
)


def dicomweb_routes(service: Service, renderer: Renderer, access: FrameAccess, bin_: Bin) -> list[Route]:
    """Every row."""
    search = Qido(service)
    store = Stow(service).store
    wado = Wado(service, renderer)
    retrieve = wado.retrieve
    metadata = Metadata(service).retrieve
    located = LocatedFrames(service, access)
    frames = Frames(service, access, located, renderer).retrieve
    pictures = Pictures(service, located, renderer)
    rendered = Rendered(service, located, pictures)
    by_parameters = WadoUri(service, wado, pictures).retrieve
    bulkdata = Bulkdata(service).retrieve
    delete = Delete(service, bin_).delete
    rows = [
        Route("POST", "/dicomweb/studies", Right.STORE, store, "Store instances", takes=STORED),
        Route("POST", STUDY, Right.STORE, store, "Store instances of one study", takes=STORED),
        Route(
            "GET",
            "/dicomweb/patients",
            Right.FIND,
            search.patients,
            "Search for patients",
            SEARCH_PARAMETERS,
            gives=SEARCHED,
        ),
        Route(
            "GET",
            "/dicomweb/studies",
            Right.FIND,
            search.studies,
            "Search for studies",
            SEARCH_PARAMETERS,
            gives=SEARCHED,
        ),
        Route(
            "GET", "/dicomweb/series", Right.FIND, search.series, "Search for series", SEARCH_PARAMETERS, gives=SEARCHED
        ),
        Route(
            "GET",
            "/dicomweb/instances",
            Right.FIND,
            search.instances,
            "Search for instances",
            SEARCH_PARAMETERS,
            gives=SEARCHED,
        ),
        Route(
            "GET",
            STUDY + "/series",
            Right.FIND,
            search.series,
            "Search for a study's series",
            SEARCH_PARAMETERS,
            gives=SEARCHED,
        ),
        Route(
            "GET",
            STUDY + "/instances",
            Right.FIND,
            search.instances,
            "Search for a study's instances",
            SEARCH_PARAMETERS,
            gives=SEARCHED,
        ),
        Route(
            "GET",
            SERIES + "/instances",
            Right.FIND,
            search.instances,
            "Search for a series' instances",
            SEARCH_PARAMETERS,
            gives=SEARCHED,
        ),
        Route(
            "GET",
            "/dicomweb/wado",
            Right.RETRIEVE,
            by_parameters,
            "Retrieve an object by parameters (WADO-URI)",
            URI_PARAMETERS,
        ),
        Route("GET", STUDY, Right.RETRIEVE, retrieve, "Retrieve a study"),
        Route("GET", SERIES, Right.RETRIEVE, retrieve, "Retrieve a series"),
        Route("GET", INSTANCE, Right.RETRIEVE, retrieve, "Retrieve an instance"),
        Route("DELETE", STUDY, Right.DELETE, delete, "Put a study into the bin", DELETING),
        Route("DELETE", SERIES, Right.DELETE, delete, "Put a series into the bin", DELETING),
        Route("DELETE", INSTANCE, Right.DELETE, delete, "Put an instance into the bin", DELETING),
        Route("GET", STUDY + "/metadata", Right.RETRIEVE, metadata, "Retrieve a study's metadata"),
        Route("GET", SERIES + "/metadata", Right.RETRIEVE, metadata, "Retrieve a series' metadata"),
        Route("GET", INSTANCE + "/metadata", Right.RETRIEVE, metadata, "Retrieve an instance's metadata"),
        Route("GET", FRAMES, Right.RETRIEVE, frames, "Retrieve frames of an instance"),
        Route("GET", INSTANCE + "/bulkdata/{path*}", Right.RETRIEVE, bulkdata, "Retrieve a value by its address"),
        *_pictures(rendered),
    ]
    capabilities = Capabilities(service, rows).retrieve
    return [Route("OPTIONS", "/dicomweb", Right.SESSION, capabilities, "Retrieve capabilities"), *rows]


def _pictures(rendered: Rendered) -> list[Route]:
    levels = {STUDY: "a study", SERIES: "a series", INSTANCE: "an instance", FRAMES: "frames of an instance"}
    kinds = (
        ("rendered", rendered.retrieve, "Retrieve {} as pictures", RENDERING),
        ("thumbnail", rendered.thumbnail, "A small picture of {}", RENDERING[:1]),
    )
    return [
        Route("GET", f"{path}/{name}", Right.RETRIEVE, answer, summary.format(what), query, gives=tuple(Picture))
        for name, answer, summary, query in kinds
        for path, what in levels.items()
    ]
