"""The first page of a PDF as a picture, drawn by PDFium; runs in the codec child."""

import pypdfium2
from PIL import Image

PER_POINT = 150 / 72  # pixels, where no viewport asks for others
MAX_PIXELS = 16_000_000
_PASSWORD = 4  # FPDF_ERR_PASSWORD


def first_page(document: bytes, room: tuple[int, int] | None) -> Image.Image | str:
    """The page as large as fits into ``room`` (columns, rows), or at 150 dpi; or why there is none, as a phrase."""
    try:
        opened = pypdfium2.PdfDocument(document)
        page = opened[0]
    except pypdfium2.PdfiumError as error:
        return "Protected by a password" if error.err_code == _PASSWORD else "Damaged document"
    width, height = page.get_size()
    if not (width > 0 and height > 0):
        return "Damaged page"
    scale = min(PER_POINT, (MAX_PIXELS / (width * height)) ** 0.5)
    if room is not None:
        scale = min(room[0] / width, room[1] / height)
    try:
        picture: Image.Image = page.render(scale=max(scale, 1 / width, 1 / height)).to_pil()
    except pypdfium2.PdfiumError:
        return "Damaged page"
    return picture.convert("RGB")
