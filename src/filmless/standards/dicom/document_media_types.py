"""What the encapsulated documents are (PS3.3 A.45, A.85)."""

PDF = "application/pdf"

_STORAGE = "1.2.840.10008.5.1.4.1.1.104."
DOCUMENT_MEDIA_TYPES = {
    f"{_STORAGE}1": PDF,
    f"{_STORAGE}2": "text/xml",
    f"{_STORAGE}3": "model/stl",
    f"{_STORAGE}4": "model/obj",
    f"{_STORAGE}5": "model/mtl",
}
"""SOP class of an encapsulated document to its media type."""
