"""A document as a page for people: what all of them have in common."""

from collections.abc import Iterable
from html import escape

STYLE = (
    ":root{color-scheme:light dark}"
    "body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:0 auto;padding:1.5rem}"
    "h1{font-size:1.6rem;margin:0 0 1rem}h2,h3,h4,h5,h6{font-size:1.1rem;margin:1.2rem 0 .3rem}"
    "header dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem;margin:0}"
    "dt{color:GrayText}dd{margin:0}main{border-top:1px solid GrayText;margin-top:1rem;padding-top:.5rem}"
    "ul{list-style:none;margin:0;padding-left:1rem}section>ul{padding-left:0}li{margin:.2rem 0}"
    ".concept{font-weight:600}.context{color:GrayText}.value{white-space:pre-wrap}"
    "table{border-collapse:collapse;margin:.5rem 0}td{border:1px solid GrayText;padding:.1rem .5rem}"
)
"""The one style sheet of the page; the policy of the answer names its hash."""


def html_page(title: str, facts: Iterable[tuple[str, str]], body: Iterable[str]) -> bytes:
    """A page with a heading; ``body`` is HTML, the rest is escaped. It loads nothing."""
    listed = "".join(f"<dt>{escape(label)}</dt><dd>{escape(value)}</dd>" for label, value in facts)
    title = escape(title)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>'
        f"<body><header><h1>{title}</h1><dl>{listed}</dl></header><main>{''.join(body)}</main></body></html>\n"
    ).encode()
