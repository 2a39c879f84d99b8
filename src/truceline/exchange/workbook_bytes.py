"""Workbooks with the same bytes for the same content, whenever and beside whatever they are written.

The library that writes workbooks puts the present moment into them, and names spaces by what other libraries
of the process have registered. Here the parts are packed anew with fixed dates, and the part that says who
made the workbook, and when, is written whole. Knows nothing of sheets and cells.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import datetime
from xml.sax.saxutils import escape

_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
"""The earliest that a zip file can hold."""
_CORE = "docProps/core.xml"
_CORE_PROPERTIES = (
    "<?xml version='1.0' encoding='UTF-8' standalone='yes'?>\n"
    '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    "<dc:title>{title}</dc:title><dc:creator>{creator}</dc:creator>"
    '<dcterms:created xsi:type="dcterms:W3CDTF">{moment}</dcterms:created>'
    '<dcterms:modified xsi:type="dcterms:W3CDTF">{moment}</dcterms:modified></cp:coreProperties>'
)


def settle_workbook(
    data: bytes,
    *,
    creator: str,
    title: str,
    moment: datetime,
    change: Callable[[str, bytes], bytes] = lambda name, content: content,
) -> bytes:
    """Return a workbook (.xlsx) as made by `creator` at `moment` (UTC without zone).

    change: makes what is to stand in a part of it, of the part's name and content.
    """
    core = _CORE_PROPERTIES.format(
        title=escape(title), creator=escape(creator), moment=moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    ).encode("utf-8")
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for part in old.infolist():
            content = core if part.filename == _CORE else change(part.filename, old.read(part))
            info = zipfile.ZipInfo(part.filename, _ZIP_DATE)
            info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, 0, 0
            new.writestr(info, content)
    return out.getvalue()
