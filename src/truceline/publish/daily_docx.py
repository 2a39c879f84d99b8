"""The daily report as a Word document on A4: headings, tables with repeated heads, page numbers.

The same page as the HTML, and the same bytes for the same page: no clock, no user name, files in a fixed
order. The annex stands across.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from truceline.publish.daily_page import Block, Bullets, Grid, Page, Paragraph, Plate, Section

A4_MM = (210, 297)
MARGIN_MM = 18
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
"""The earliest a zip archive can say."""
_FONT = "Calibri"
_INK, _MUTED, _RULE, _SOFT = "1F2A33", "5D6B76", "D8DEE3", "F4F6F7"
_BODY_PT, _NOTE_PT, _TABLE_PT, _SMALL_PT = 10, 8.5, 8.5, 7.5
_ANNEX_PT = 6.5
_UNITS_PER_MM = 36_000
"""English Metric Units, in which a document measures."""


def render_daily_docx(page: Page, pictures: Mapping[str, bytes], *, dated: datetime) -> bytes:
    """Return the page as a .docx file; `pictures` are PNG by name, `dated` the date in its properties."""
    import docx

    document = docx.Document()
    _set_look(document, page.language)
    _set_properties(document, page, dated)
    _lay_out(document.sections[0], across=False)
    _add_head(document, page)
    for section in page.sections:
        if section.is_wide:
            from docx.enum.section import WD_SECTION

            _lay_out(document.add_section(WD_SECTION.NEW_PAGE), across=True)
        _add_section(document, section, pictures)
    _add_paragraph(document, Paragraph(page.footer, "note"))
    for one in document.sections:
        _number_pages(one, page)
    out = io.BytesIO()
    document.save(out)
    return _repack(out.getvalue())


def _repack(data: bytes) -> bytes:
    """Return the archive with the same files, all of one fixed time, in the order of their names."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        # Readers want the list of content types first.
        for name in sorted(old.namelist(), key=lambda name: (name != "[Content_Types].xml", name)):
            entry = zipfile.ZipInfo(name, _ZIP_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            entry.create_system = 3
            new.writestr(entry, old.read(name))
    return out.getvalue()


def _set_look(document: Any, language: str) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Pt, RGBColor

    for name, size, bold, before, after in (
        ("Normal", _BODY_PT, False, 0, 4),
        ("Title", 24, True, 0, 4),
        ("Heading 1", 15, True, 16, 4),
        ("Heading 2", 11, True, 10, 3),
    ):
        style = document.styles[name]
        style.font.name, style.font.size, style.font.bold = _FONT, Pt(size), bold
        style.font.color.rgb = RGBColor.from_string(_INK)
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for script in ("ascii", "hAnsi", "cs", "eastAsia"):
            fonts.set(qn(f"w:{script}"), _FONT)
        for theme in ("asciiTheme", "hAnsiTheme", "cstheme", "eastAsiaTheme"):
            fonts.attrib.pop(qn(f"w:{theme}"), None)
        style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(before), Pt(after)
    borders = document.styles["Title"].element.find(f".//{qn('w:pBdr')}")
    if borders is not None:
        borders.getparent().remove(borders)
    properties = document.styles["Normal"].element.get_or_add_rPr()
    tongue = OxmlElement("w:lang")
    tongue.set(qn("w:val"), language)
    properties.append(tongue)


def _set_properties(document: Any, page: Page, dated: datetime) -> None:
    said = document.core_properties
    said.title, said.subject, said.author = _clean(page.title), _clean(page.mission), page.brand
    said.last_modified_by, said.comments, said.keywords = page.brand, "", ""
    said.language, said.revision = page.language, 1
    said.created = said.modified = dated.replace(microsecond=0)


def _lay_out(section: Any, *, across: bool) -> None:
    from docx.enum.section import WD_ORIENT
    from docx.shared import Mm

    short, long = A4_MM
    section.orientation = WD_ORIENT.LANDSCAPE if across else WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = (Mm(long), Mm(short)) if across else (Mm(short), Mm(long))
    for side in ("left", "right", "top", "bottom"):
        setattr(section, f"{side}_margin", Mm(MARGIN_MM))


def _width_mm(document: Any) -> float:
    section = document.sections[-1]
    return float(section.page_width - section.left_margin - section.right_margin) / _UNITS_PER_MM


def _add_head(document: Any, page: Page) -> None:
    _write(document.add_paragraph(), f"{page.brand}  ·  {page.mission}", size=_NOTE_PT, colour=_MUTED)
    _write(document.add_paragraph(style="Title"), page.title)
    for place, line in enumerate(page.lines):
        _write(document.add_paragraph(), line, bold=place == 0)
    for notice in page.notices:
        _add_paragraph(document, Paragraph(notice, "alarm"))
    table = _start_table(document, [1.0] * len(page.stats), len(page.stats))
    cells = table.add_row().cells
    for cell, stat in zip(cells, page.stats, strict=True):
        first = cell.paragraphs[0]
        _write(first, stat.what, bold=True, size=_NOTE_PT)
        _write(cell.add_paragraph(), stat.number, bold=True, size=20)
        _write(cell.add_paragraph(), stat.band, size=_SMALL_PT)
        _write(cell.add_paragraph(), stat.more, size=_SMALL_PT, colour=_MUTED)


def _add_section(document: Any, section: Section, pictures: Mapping[str, bytes]) -> None:
    _write(document.add_paragraph(style="Heading 1"), section.title)
    for block in section.blocks:
        _add_block(document, block, pictures)


def _add_block(document: Any, block: Block, pictures: Mapping[str, bytes]) -> None:
    if isinstance(block, Paragraph):
        _add_paragraph(document, block)
    elif isinstance(block, Bullets):
        for lead, text in block.items:
            line = document.add_paragraph(style="List Bullet")
            _write(line, f"{lead}: ", bold=True)
            _write(line, text)
    elif isinstance(block, Plate):
        if block.name in pictures:
            _add_picture(document, block, pictures[block.name])
    else:
        _add_grid(document, block)


def _add_picture(document: Any, plate: Plate, picture: bytes) -> None:
    from docx.shared import Mm

    paragraph = document.add_paragraph()
    shape = paragraph.add_run().add_picture(io.BytesIO(picture), width=Mm(_width_mm(document)))
    shape._inline.docPr.set("descr", _clean(plate.label))


def _add_paragraph(document: Any, block: Paragraph) -> None:
    paragraph = document.add_paragraph()
    if block.lead:
        _write(paragraph, f"{block.lead}. ", bold=True)
    if block.kind == "note":
        _write(paragraph, block.text, size=_NOTE_PT, colour=_MUTED)
    else:
        _write(paragraph, block.text, bold=block.kind == "alarm")


def _add_grid(document: Any, grid: Grid) -> None:
    _write(document.add_paragraph(style="Heading 2"), grid.title)
    if grid.rows:
        size = _ANNEX_PT if len(grid.heads) > 10 else _SMALL_PT if grid.is_small else _TABLE_PT
        _fill_table(document, grid, size)
    if grid.note:
        _write(document.add_paragraph(), grid.note, size=_NOTE_PT, colour=_MUTED)


def _fill_table(document: Any, grid: Grid, size: float) -> None:
    """Write head and rows as XML at once: python-docx takes milliseconds for each cell it is asked for."""
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    table = _start_table(document, [head.share for head in grid.heads], len(grid.heads))
    is_number = [head.is_number for head in grid.heads]
    head = _row_xml([head.text for head in grid.heads], is_number, size, kind="head")
    rows = [_row_xml(row.cells, is_number, size, kind=row.kind) for row in grid.rows]
    made = parse_xml(f"<w:tbl {nsdecls('w')}>{head}{''.join(rows)}</w:tbl>")
    for row in list(made):
        table._tbl.append(row)


def _row_xml(cells: Any, is_number: list[bool], size: float, *, kind: str) -> str:
    from xml.sax.saxutils import escape

    span = f'<w:gridSpan w:val="{len(is_number)}"/>' if kind == "group" else ""
    fill = f'<w:shd w:val="clear" w:color="auto" w:fill="{_SOFT}"/>' if kind in ("head", "total") else ""
    bold = "<w:b/>" if kind in ("head", "total", "group") else ""
    slant = "<w:i/>" if kind == "out" else ""
    colour = _MUTED if kind in ("head", "out") else _INK
    look = f'{bold}{slant}<w:color w:val="{colour}"/><w:sz w:val="{round(2 * size)}"/>'
    repeat = "<w:tblHeader/>" if kind == "head" else ""
    made = []
    for cell, right in zip(cells, is_number, strict=False):
        side = '<w:jc w:val="right"/>' if right and kind != "group" else ""
        words = f'<w:t xml:space="preserve">{escape(_clean(cell))}</w:t>'
        made.append(
            f"<w:tc><w:tcPr>{span}{fill}</w:tcPr><w:p><w:pPr>"
            f'<w:spacing w:before="20" w:after="20"/>{side}</w:pPr>'
            f"<w:r><w:rPr>{look}</w:rPr>{words}</w:r></w:p></w:tc>"
        )
    return f"<w:tr><w:trPr><w:cantSplit/>{repeat}</w:trPr>{''.join(made)}</w:tr>"


def _start_table(document: Any, shares: list[float], n_columns: int) -> Any:
    """Return a table without rows, as wide as the page, with thin lines between its rows."""
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls, qn

    table = document.add_table(rows=0, cols=n_columns)
    table.autofit = False
    borders = "".join(
        f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="{_RULE}"/>'
        for side in ("top", "bottom", "insideH")
    )
    properties = table._tbl.tblPr
    made = parse_xml(f"<w:tblBorders {nsdecls('w')}>{borders}</w:tblBorders>")
    properties.find(qn("w:tblLayout")).addprevious(made)  # the schema fixes the order
    width_mm = _width_mm(document)
    for column, share in zip(table.columns, shares, strict=True):
        column.width = int(width_mm * share / sum(shares) * _UNITS_PER_MM)
    return table


def _number_pages(section: Any, page: Page) -> None:
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    section.footer.is_linked_to_previous = False
    paragraph = section.footer.paragraphs[0]
    _write(paragraph, f"{page.title}  ·  {page.mission}  ·  {page.page_word} ", size=_SMALL_PT, colour=_MUTED)
    look = f'<w:rPr><w:color w:val="{_MUTED}"/><w:sz w:val="{round(2 * _SMALL_PT)}"/></w:rPr>'
    field = f'<w:fldSimple {nsdecls("w")} w:instr=" PAGE "><w:r>{look}<w:t>1</w:t></w:r></w:fldSimple>'
    paragraph._p.append(parse_xml(field))


def _write(paragraph: Any, text: str, *, bold: bool = False, size: float = 0.0, colour: str = "") -> None:
    from docx.shared import Pt, RGBColor

    run = paragraph.add_run(_clean(text))
    if bold:
        run.bold = True
    if size:
        run.font.size = Pt(size)
    if colour:
        run.font.color.rgb = RGBColor.from_string(colour)


def _clean(text: str) -> str:
    """Return text without characters that XML forbids."""
    return "".join(
        c if c >= " " and c not in "\x7f￾￿" and not "\ud800" <= c <= "\udfff" else " " for c in text
    )
