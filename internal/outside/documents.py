"""Makes the sample documents of retriever/format/all/testdata with programs that people use, from the text in text.json there.

    apt-get install --no-install-recommends libreoffice-writer libreoffice-calc pandoc groff ghostscript
    pip install -r internal/outside/documents-requirements.txt
    python internal/outside/documents.py [PRODUCER...]

A program that is missing is named, and its samples stay as they are. Each sample is named for what made it.
"""

import datetime
import email.message
import html
import json
import pathlib
import re
import subprocess
import sys
import tempfile

FOLDER = pathlib.Path(__file__).parents[2] / "retriever/format/all/testdata"
TEXT = json.loads((FOLDER / "text.json").read_text(encoding="utf-8"))
TITLE = TEXT["title"]
DATE = datetime.datetime(2026, 3, 2, 10, 0, tzinfo=datetime.timezone.utc)


def blocks(chapter):
    """The blocks of a chapter: ("text", s), ("list", [s]), ("table", [[s]])."""
    out = []
    for line in chapter["paragraphs"]:
        text = line.replace("*", "")
        kind = {"-": "list", "|": "table"}.get(line[0], "text")
        if kind == "text":
            out.append((kind, text))
            continue
        item = text[1:] if kind == "list" else text[1:].split("|")
        if out and out[-1][0] == kind:
            out[-1][1].append(item)
        else:
            out.append((kind, [item]))
    return out


CHAPTERS = [(c["heading"], blocks(c)) for c in TEXT["chapters"]]


def run(*command, **options):
    return subprocess.run([str(c) for c in command], check=True, capture_output=True, **options).stdout


def markdown(page=""):
    out = [f"---\ntitle: {TITLE}\nlang: en\n---\n"]
    for i, (heading, parts) in enumerate(CHAPTERS):
        if i and page:
            out.append(page)
        out.append(f"# {heading}\n")
        for kind, part in parts:
            if kind == "text":
                out.append(part + "\n")
            elif kind == "list":
                out.append("\n".join("- " + s for s in part) + "\n")
            else:
                rows = ["| " + " | ".join(r) + " |" for r in part]
                out.append("\n".join([rows[0], "|--|--|------|", *rows[1:]]) + "\n")
    return "\n".join(out)


def pandoc():
    pages = {
        "docx": '```{=openxml}\n<w:p><w:r><w:br w:type="page"/></w:r></w:p>\n```\n',
        "rtf": "```{=rtf}\n{\\pard\\page\\par}\n```\n",
    }
    for form in ["docx", "odt", "rtf", "epub", "html", "pptx"]:
        text = markdown(pages.get(form, "")).encode()
        run("pandoc", "-s", "-f", "markdown", "-t", form, "-o", FOLDER / f"pandoc.{form}", input=text)


OFFICE = """<?xml version="1.0" encoding="UTF-8"?>
<office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0"
 xmlns:svg="urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:presentation="urn:oasis:names:tc:opendocument:xmlns:presentation:1.0"
 xmlns:meta="urn:oasis:names:tc:opendocument:xmlns:meta:1.0" office:version="1.3" office:mimetype="application/vnd.oasis.opendocument.%s">
<office:meta><dc:title>%s</dc:title></office:meta>
<office:styles><style:style style:name="Heading_20_1" style:display-name="Heading 1" style:family="paragraph" style:class="text"
 style:default-outline-level="1"><style:text-properties fo:font-size="18pt" fo:font-weight="bold"/></style:style></office:styles>
<office:automatic-styles>
<style:style style:name="next" style:family="paragraph" style:parent-style-name="Heading_20_1">
<style:paragraph-properties fo:break-before="page"/></style:style>
</office:automatic-styles>
<office:body>%s</office:body></office:document>"""


def writer_text():
    out = ["<office:text>"]
    for i, (heading, parts) in enumerate(CHAPTERS):
        style = "next" if i else "Heading_20_1"
        out.append(f'<text:h text:style-name="{style}" text:outline-level="1">{html.escape(heading)}</text:h>')
        for kind, part in parts:
            if kind == "text":
                out.append(f"<text:p>{html.escape(part)}</text:p>")
            elif kind == "list":
                out.append("<text:list>" + "".join(f"<text:list-item><text:p>{html.escape(s)}</text:p></text:list-item>" for s in part))
                out.append("</text:list>")
            else:
                out.append("<table:table>" + "<table:table-column/>" * len(part[0]))
                for row in part:
                    cells = "".join(f"<table:table-cell><text:p>{html.escape(c)}</text:p></table:table-cell>" for c in row)
                    out.append(f"<table:table-row>{cells}</table:table-row>")
                out.append("</table:table>")
    return "".join(out) + "</office:text>"


def flat(parts):
    """The blocks of a chapter as lines."""
    for kind, part in parts:
        if kind == "text":
            yield part
        else:
            yield from (p if kind == "list" else ": ".join(p) for p in part)


def rows(parts):
    """The blocks of a chapter as rows of a sheet."""
    yield ["Subject", "What is known", "Remark"]
    for n, (kind, part) in enumerate(parts):
        if kind == "table":
            yield from part[1:]
        else:
            yield from ([f"Note {n + 1}", s, ""] for s in (part if kind == "list" else [part]))


def sheets():
    out = ["<office:spreadsheet>"]
    for heading, parts in CHAPTERS:
        out.append(f'<table:table table:name="{html.escape(heading)}">')
        for row in rows(parts):
            cells = (f'<table:table-cell office:value-type="string"><text:p>{html.escape(c)}</text:p></table:table-cell>' for c in row)
            out.append(f"<table:table-row>{''.join(cells)}</table:table-row>")
        out.append("</table:table>")
    return "".join(out) + "</office:spreadsheet>"


def libreoffice():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for source, kind, body, forms in [
            ("libreoffice.fodt", "text", writer_text(), ["pdf", "docx"]),
            ("libreoffice.fods", "spreadsheet", sheets(), ["xlsx"]),
        ]:
            (folder / source).write_text(OFFICE % (kind, TITLE, body), encoding="utf-8")
            for form in forms:
                run("soffice", f"-env:UserInstallation=file://{folder}/user", "--headless", "--convert-to", form, "--outdir", FOLDER,
                    folder / source)


def python_docx():
    import docx
    d = docx.Document()
    d.core_properties.title = TITLE
    for i, (heading, parts) in enumerate(CHAPTERS):
        if i:
            d.add_page_break()
        d.add_heading(heading, 1)
        for kind, part in parts:
            if kind == "text":
                d.add_paragraph(part)
            elif kind == "list":
                for s in part:
                    d.add_paragraph(s, style="List Bullet")
            else:
                table = d.add_table(0, len(part[0]))
                for row in part:
                    for cell, text in zip(table.add_row().cells, row):
                        cell.text = text
    d.save(FOLDER / "python-docx.docx")


def python_pptx():
    import pptx
    p = pptx.Presentation()
    p.core_properties.title = TITLE
    for heading, parts in CHAPTERS:
        slide = p.slides.add_slide(p.slide_layouts[1])
        slide.shapes.title.text = heading
        slide.placeholders[1].text = "\n".join(s for kind, part in parts if kind != "table" for s in (part if kind == "list" else [part]))
        for kind, part in parts:
            if kind == "table":
                table = slide.shapes.add_table(len(part), len(part[0]), 0, 0, 9_000_000, 3_000_000).table
                for i, row in enumerate(part):
                    for j, text in enumerate(row):
                        table.cell(i, j).text = text
    p.save(FOLDER / "python-pptx.pptx")


def openpyxl():
    import openpyxl as package
    book = package.Workbook()
    book.remove(book.active)
    book.properties.title = TITLE
    for heading, parts in CHAPTERS:
        sheet = book.create_sheet(heading)
        for row in rows(parts):
            sheet.append(row)
    book.save(FOLDER / "openpyxl.xlsx")


def xlsxwriter():
    import xlsxwriter as package
    book = package.Workbook(str(FOLDER / "xlsxwriter.xlsx"))
    book.set_properties({"title": TITLE, "created": DATE})
    for heading, parts in CHAPTERS:
        sheet = book.add_worksheet(heading)
        for i, row in enumerate(rows(parts)):
            sheet.write_row(i, 0, row)
    book.close()


def ebooklib():
    from ebooklib import epub
    book = epub.EpubBook()
    book.set_identifier("selby")
    book.set_title(TITLE)
    book.set_language("en")
    chapters = []
    for i, (heading, parts) in enumerate(CHAPTERS):
        c = epub.EpubHtml(title=heading, file_name=f"chapter{i}.xhtml", lang="en")
        c.content = f"<h1>{heading}</h1>" + "".join(f"<p>{html.escape(s)}</p>" for s in flat(parts))
        book.add_item(c)
        chapters.append(c)
    book.toc = chapters
    book.add_item(epub.EpubNcx())
    book.add_item(epub.EpubNav())
    book.spine = ["nav", *chapters]
    epub.write_epub(str(FOLDER / "ebooklib.epub"), book)


def reportlab():
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.pdfgen import canvas
    from reportlab.platypus import ListFlowable, PageBreak, Paragraph, SimpleDocTemplate, Table
    style = getSampleStyleSheet()
    story = []
    for i, (heading, parts) in enumerate(CHAPTERS):
        if i:
            story.append(PageBreak())
        story.append(Paragraph(heading, style["Heading1"]))
        for kind, part in parts:
            if kind == "text":
                story.append(Paragraph(html.escape(part), style["BodyText"]))
            elif kind == "list":
                story.append(ListFlowable([Paragraph(s, style["BodyText"]) for s in part], bulletType="bullet"))
            else:
                story.append(Table([[Paragraph(c, style["BodyText"]) for c in row] for row in part]))
    SimpleDocTemplate(str(FOLDER / "reportlab.pdf"), title=TITLE, invariant=1).build(story)
    # A file without text: lines that look like those of a page.
    scan = canvas.Canvas(str(FOLDER / "scan-reportlab.pdf"), invariant=1)
    for _ in range(3):
        for y in range(100, 700, 20):
            scan.rect(72, y, 400, 3, fill=1)
        scan.showPage()
    scan.save()


def fpdf2():
    import fpdf
    for name, password in [("fpdf2.pdf", ""), ("locked-fpdf2.pdf", "secret")]:
        pdf = fpdf.FPDF()
        pdf.set_creation_date(DATE)
        pdf.set_title(TITLE)
        if password:
            pdf.set_encryption(owner_password="owner", user_password=password)
        for heading, parts in CHAPTERS:
            pdf.add_page()
            pdf.set_font("helvetica", size=18)
            pdf.multi_cell(0, 10, heading, new_x="LMARGIN", new_y="NEXT")
            pdf.set_font("helvetica", size=11)
            for s in flat(parts):
                # The fonts of PDF itself have no quotes as books have.
                pdf.multi_cell(0, 6, s.replace("“", '"').replace("”", '"'), align="J", new_x="LMARGIN", new_y="NEXT")
                pdf.ln(3)
        pdf.output(str(FOLDER / name))


def typst():
    import typst as package
    out = [f'#set document(title: "{TITLE}", date: none)', "#set par(justify: true)", '#set text(lang: "en", hyphenate: true)',
           "#set page(columns: 2)"]
    for i, (heading, parts) in enumerate(CHAPTERS):
        if i:
            out.append("#pagebreak()")
        out.append(f"= {heading}\n")
        for kind, part in parts:
            if kind == "table":
                cells = ", ".join(f"[{c}]" for row in part for c in row)
                out.append(f"#table(columns: {len(part[0])}, {cells})\n")
            else:
                out.extend(("- " if kind == "list" else "") + s + "\n" for s in (part if kind == "list" else [part]))
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "text.typ"
        source.write_text("\n".join(out), encoding="utf-8")
        package.compile(str(source), output=str(FOLDER / "typst.pdf"))


def roff():
    out = [f".TL\n{TITLE}"]
    for i, (heading, parts) in enumerate(CHAPTERS):
        out.append((".bp\n" if i else "") + f".SH\n{heading}")
        for s in flat(parts):
            out.append(f".PP\n{s}")
    return "\n".join(out).encode() + b"\n"


def groff():
    (FOLDER / "groff.pdf").write_bytes(run("groff", "-k", "-ms", "-Tpdf", input=roff()))


def ghostscript():
    postscript = run("groff", "-k", "-ms", "-Tps", input=roff())
    run("ps2pdf", "-", FOLDER / "ghostscript.pdf", input=postscript)


def nbformat():
    import nbformat.v4 as v4
    book = v4.new_notebook()
    for i, (heading, parts) in enumerate(CHAPTERS):
        book.cells.append(v4.new_markdown_cell(f"## {heading}\n\n" + "\n\n".join(flat(parts)), id=f"cell-{i}"))
    import nbformat as package
    package.write(book, FOLDER / "nbformat.ipynb")


def mail():
    message = email.message.EmailMessage()
    message["From"] = "Zoë Brændt <zoe@example.org>"
    message["To"] = "Max <max@example.org>"
    message["Subject"] = TITLE
    message["Date"] = DATE
    message.set_content("\n\n".join(s for _, parts in CHAPTERS for s in flat(parts)))
    page = "".join(f"<h2>{h}</h2>" + "".join(f"<p>{html.escape(s)}</p>" for s in flat(p)) for h, p in CHAPTERS)
    message.add_alternative(page, subtype="html")
    (FOLDER / "python-email.eml").write_bytes(re.sub(rb"={15}\d+==", b"=-part-=", bytes(message)))


PRODUCERS = [pandoc, libreoffice, python_docx, python_pptx, openpyxl, xlsxwriter, ebooklib, reportlab, fpdf2, typst, groff, ghostscript,
             nbformat, mail]


def main():
    wanted = sys.argv[1:] or [p.__name__ for p in PRODUCERS]
    failed = []
    for producer in PRODUCERS:
        if producer.__name__ not in wanted:
            continue
        try:
            producer()
            print(f"{producer.__name__}: made")
        except (ImportError, FileNotFoundError) as e:
            failed.append(producer.__name__)
            print(f"{producer.__name__}: is missing: {e}")
        except subprocess.CalledProcessError as e:
            failed.append(producer.__name__)
            print(f"{producer.__name__}: failed: {e.stderr.decode(errors='replace')[-500:]}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
