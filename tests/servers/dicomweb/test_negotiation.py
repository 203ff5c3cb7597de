"""Content negotiation: the representation that is wanted most, or 406 with what there is (PS3.18 8.7)."""

import pytest

from filmless.servers.dicomweb.negotiation import DICOM, ZIP, Form, Offer, both_forms, negotiate
from filmless.servers.http_messages import Problem
from filmless.servers.media_types import accepted
from filmless.standards.dicom.pixel_media_types import OCTETS, PIXEL_MEDIA_TYPES, media_type_of
from filmless.standards.dicom.transfer_syntaxes import TRANSFER_SYNTAXES

EXPLICIT, JPEG_LS, HTJ2K = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.201"

OF_AN_INSTANCE = [
    Offer(DICOM, frozenset((JPEG_LS,)), Form.MULTIPART),
    Offer(ZIP, frozenset((JPEG_LS,)), by_name=True),
    Offer(DICOM, frozenset((JPEG_LS,))),
    Offer(DICOM, frozenset((EXPLICIT,)), Form.MULTIPART, is_default=False, is_made=True),
]
OF_A_FRAME = both_forms(
    [
        Offer("image/jls", frozenset((JPEG_LS,))),
        Offer(OCTETS, frozenset((JPEG_LS,)), is_default=False),
        Offer(OCTETS, frozenset((EXPLICIT,)), is_made=True),
        Offer("image/jphc", frozenset((HTJ2K,)), is_made=True),
    ]
)
DICOM_PARTS = f'multipart/related; type="{DICOM}"'
OCTET_PARTS = f'multipart/related; type="{OCTETS}"'


@pytest.mark.parametrize(
    ("accept", "given"),
    [
        ("", f"{DICOM_PARTS}; transfer-syntax={JPEG_LS}"),
        ("*/*", f"{DICOM_PARTS}; transfer-syntax={JPEG_LS}"),
        (DICOM_PARTS, f"{DICOM_PARTS}; transfer-syntax={JPEG_LS}"),
        ("multipart/related", f"{DICOM_PARTS}; transfer-syntax={JPEG_LS}"),
        ("multipart/*", f"{DICOM_PARTS}; transfer-syntax={JPEG_LS}"),
        (f"{DICOM_PARTS}; transfer-syntax=*", f"{DICOM_PARTS}; transfer-syntax={JPEG_LS}"),
        (f"{DICOM_PARTS}; transfer-syntax={EXPLICIT}", f"{DICOM_PARTS}; transfer-syntax={EXPLICIT}"),
        (
            f'multipart/related; type="{DICOM}; transfer-syntax={EXPLICIT}"',
            f"{DICOM_PARTS}; transfer-syntax={EXPLICIT}",
        ),
        (f'MULTIPART/Related; TYPE="{DICOM.upper()}"', f"{DICOM_PARTS}; transfer-syntax={JPEG_LS}"),
        (f"{DICOM}, */*;q=0.9", f"{DICOM}; transfer-syntax={JPEG_LS}"),
        ("application/*", f"{DICOM}; transfer-syntax={JPEG_LS}"),
        (ZIP, f"{ZIP}; transfer-syntax={JPEG_LS}"),
        (f"{ZIP};q=0.5, */*;q=0.1", f"{ZIP}; transfer-syntax={JPEG_LS}"),
        (f"{ZIP};q=0.5, */*", f"{DICOM_PARTS}; transfer-syntax={JPEG_LS}"),
        ("*/*, multipart/related;q=0", f"{DICOM}; transfer-syntax={JPEG_LS}"),
        (f"text/html, {DICOM};q=nonsense", f"{DICOM}; transfer-syntax={JPEG_LS}"),
    ],
)
def test_an_instance_is_given_as_it_is_wanted_most(accept: str, given: str) -> None:
    assert str(negotiate(accepted(accept), OF_AN_INSTANCE)) == given


@pytest.mark.parametrize(
    ("accept", "media_type", "transfer_syntax", "form"),
    [
        (OCTET_PARTS, OCTETS, EXPLICIT, Form.MULTIPART),
        (f"{OCTET_PARTS}; transfer-syntax=*", OCTETS, JPEG_LS, Form.MULTIPART),
        (f"{OCTET_PARTS}; transfer-syntax={JPEG_LS}", OCTETS, JPEG_LS, Form.MULTIPART),
        (f"{OCTET_PARTS}; transfer-syntax={EXPLICIT}", OCTETS, EXPLICIT, Form.MULTIPART),
        (OCTETS, OCTETS, EXPLICIT, Form.SINGLE),
        ("*/*", "image/jls", JPEG_LS, Form.MULTIPART),
        ("image/*", "image/jls", JPEG_LS, Form.SINGLE),
        ('multipart/related; type="image/*"', "image/jls", JPEG_LS, Form.MULTIPART),
        (f'{OCTET_PARTS}, multipart/related; type="image/jls"', "image/jls", JPEG_LS, Form.MULTIPART),
        (f'multipart/related; type="image/jls";q=0.5, {OCTET_PARTS}', OCTETS, EXPLICIT, Form.MULTIPART),
        ("image/jphc", "image/jphc", HTJ2K, Form.SINGLE),
        (f"image/jphc; transfer-syntax={HTJ2K}", "image/jphc", HTJ2K, Form.SINGLE),
        ("image/*;q=0.5, image/jls;q=0", "image/jphc", HTJ2K, Form.SINGLE),
    ],
)
def test_a_frame_is_given_as_it_is_stored_before_it_is_made(
    accept: str, media_type: str, transfer_syntax: str, form: Form
) -> None:
    given = negotiate(accepted(accept), OF_A_FRAME)
    assert (given.media_type, given.transfer_syntaxes, given.form) == (media_type, {transfer_syntax}, form)


@pytest.mark.parametrize(
    "accept",
    [
        "text/csv",
        f"{DICOM};q=0",
        "*/*;q=0",
        f"{DICOM}; transfer-syntax=1.2.3",
        OCTET_PARTS,
        "image/*",
        "application/gzip",
    ],
)
def test_what_there_is_not_is_refused_with_what_there_is(accept: str) -> None:
    with pytest.raises(Problem) as refused:
        negotiate(accepted(accept), OF_AN_INSTANCE)
    assert refused.value.status == 406
    assert f"{DICOM_PARTS}; transfer-syntax={JPEG_LS}" in refused.value.detail


def test_parts_of_several_transfer_syntaxes_are_given_to_who_names_none() -> None:
    mixed = [Offer(DICOM, frozenset((EXPLICIT, JPEG_LS)), Form.MULTIPART)]
    assert negotiate(accepted(f"{DICOM_PARTS}; transfer-syntax=*"), mixed) is mixed[0]
    with pytest.raises(Problem):
        negotiate(accepted(f"{DICOM_PARTS}; transfer-syntax={EXPLICIT}"), mixed)


def test_every_row_names_known_transfer_syntaxes_each_once() -> None:
    named = [uid for row in PIXEL_MEDIA_TYPES for uid in row.transfer_syntaxes]
    assert len(set(named)) == len(named)
    assert set(named) <= set(TRANSFER_SYNTAXES)
    assert media_type_of(JPEG_LS).name == "image/jls"  # type: ignore[union-attr]
    assert media_type_of("1.2.840.10008.1.2.8.1") is None
