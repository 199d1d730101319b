"""Builds the files of the document zoo that no editor writes: other charsets, PDF, pictures. Output: tests/notes/zoo (committed).

    python tools/build_note_zoo.py

Needs reportlab (BSD) and Pillow, which the project itself does not. The output is the same on every run. The files of text formats stand in the folder as they were written by hand.
"""

from __future__ import annotations

import base64
import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import reportlab
from PIL import Image
from reportlab.lib.pagesizes import letter
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

ZOO = Path(__file__).resolve().parents[1] / "tests" / "notes" / "zoo"
FRENCH = "Assessment: Ménière’s disease – right ear, “stable”.\nTemp 38 °C.\n"

CHARSETS = {
    "charset-windows-1252.txt": FRENCH.encode("cp1252"),
    "charset-iso-8859-1-c1.txt": FRENCH.encode("cp1252"),
    "charset-undeclared-1252.txt": FRENCH.encode("cp1252"),
    "charset-utf-8-that-is-1252.txt": FRENCH.encode("cp1252"),
    "charset-utf-8.txt": FRENCH.encode(),
    "charset-1252-that-is-utf-8.txt": FRENCH.encode(),
    "charset-ascii-that-is-utf-8.txt": FRENCH.encode(),
    "charset-utf-8-mark.txt": b"\xef\xbb\xbf" + FRENCH.encode(),
    "charset-encoded-twice.txt": FRENCH.encode().decode("latin-1").encode(),
    "charset-utf-16le-mark.txt": b"\xff\xfe" + FRENCH.encode("utf-16-le"),
    "charset-utf-16be-declared.txt": FRENCH.encode("utf-16-be"),
    "charset-utf-16-undeclared.txt": FRENCH.encode("utf-16-le"),
    "charset-utf-16-that-is-utf-8.txt": b"Assessment: gout, left toe.\n\n",
    "charset-cp437.txt": "Temp 38 °C, ½ tablet, Ménière\n".encode("cp437"),
    "charset-macintosh.txt": FRENCH.encode("mac_roman"),
    "charset-gb18030.txt": "诊断: 高血压 (hypertension)\n".encode("gb18030"),
    "charset-shift-jis.txt": "診断: 高血圧 ﾃｽﾄ①\n".encode("cp932"),
    "charset-koi8-r.txt": "Диагноз: гипертония\n".encode("koi8_r"),
    "charset-euc-kr.txt": "진단: 고혈압\n".encode("cp949"),
    "charset-unknown.txt": FRENCH.encode(),
    "charset-utf-7.txt": b"Assessment: gout +- rash\n",
    "charset-wrong-mark.txt": b"\xff\xfe\x00",
    "plain-line-ends.txt": b"HPI\r\nCough.\rFever.\x0bChills.\x0cPLAN\xe2\x80\xa8Rest.\xc2\x85Fluids.\n",
    "plain-null-padded.txt": b"Assessment: gout.\n" + b"\0" * 200,
    "plain-control-bytes.txt": bytes(range(1, 32)) * 6,
}

PICTURES = {
    "image-png.png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\0\0\0\0:~\x9bU",
    "image-declared-text.txt": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "image-jpeg.jpg": b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01",
    "image-tiff.tif": b"II*\0\x08\0\0\0\0\0",
    "image-gif.gif": b"GIF89a\1\0\1\0\0\0\0",
    "image-dicom.dcm": b"\0" * 128 + b"DICM\x02\0\0\0UL\x04\0",
    "audio-wav.wav": b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0",
    "video-mp4.mp4": b"\0\0\0\x18ftypmp42\0\0\0\0",
    "office-doc.doc": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 64,
}

PROSE = (
    "The patient reports burning epigastric pain for three weeks, worse after meals and at night, with no weight loss, no melena and no "
    "dysphagia. She has taken antacids with partial relief and denies any use of anti-inflammatory drugs. There is no family history of "
    "gastric cancer. She drinks two cups of coffee a day and does not smoke. "
)


def main() -> None:
    """Write every file."""
    for name, data in (CHARSETS | PICTURES).items():
        (ZOO / name).write_bytes(data)
    (ZOO / "office-docx.docx").write_bytes(archive())
    pdfmetrics.registerFont(TTFont("Vera", Path(reportlab.__file__).with_name("fonts") / "Vera.ttf"))
    for draw in DRAWINGS:
        (ZOO / (draw.__name__.replace("_", "-") + ".pdf")).write_bytes(drawn(draw))
    one = (ZOO / "pdf-table.pdf").read_bytes()
    (ZOO / "pdf-truncated.pdf").write_bytes(one[: len(one) // 2])
    (ZOO / "pdf-header-only.pdf").write_bytes(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    (ZOO / "pdf-without-table-of-objects.pdf").write_bytes(one[: one.rindex(b"xref")])
    (ZOO / "pdf-is-plain.txt").write_bytes(one)
    (ZOO / "pdf-is-nothing-declared.bin").write_bytes(one)
    (ZOO / "pdf-page-tree-loop.pdf").write_bytes(bare(b"<</Type/Pages/Kids[2 0 R]/Count 1>>"))
    (ZOO / "pdf-page-tree-lies.pdf").write_bytes(bare(b"<</Type/Pages/Kids[3 0 R]/Count 100000000>>"))
    body = base64.encodebytes(one).decode()
    attached = f'<component><nonXMLBody><text mediaType="application/pdf" representation="B64">{body}</text></nonXMLBody></component>'
    (ZOO / "cda-attached-pdf.xml").write_text(f'<ClinicalDocument xmlns="urn:hl7-org:v3">{attached}</ClinicalDocument>', encoding="utf-8")


def archive() -> bytes:
    """A zip archive as an office program writes it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr(zipfile.ZipInfo("word/document.xml"), "<w:document/>")
    return buffer.getvalue()


def bare(pages: bytes) -> bytes:
    """A PDF of three objects with the given page tree."""
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", pages, b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]>>"]
    data, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj%s endobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return data + b"xref\n0 4\n0000000000 65535 f \n" + table + b"trailer<</Size 4/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % len(data)


def drawn(draw: Callable[[Canvas], None]) -> bytes:
    """The PDF that a function draws."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=letter, invariant=1, pageCompression=1)
    canvas.setFont("Helvetica", 11)
    draw(canvas)
    canvas.save()
    return buffer.getvalue()


def wrapped(text: str, width: int) -> list[str]:
    """Lines of at most ``width`` characters."""
    return re.findall(rf".{{1,{width}}}(?:\s+|$)", text)


def write(canvas: Canvas, lines: list[str], x: float = 72, y: float = 700, step: float = 14) -> float:
    """Lines down the page; an empty one leaves half a line. Returns the height below the last."""
    for line in lines:
        if line:
            canvas.drawString(x, y, line.rstrip())
        y -= step if line else step / 2 + 3
    return y


def furnish(canvas: Canvas, number: int, of: int) -> None:
    """The footer first and then the header, as some report writers do."""
    canvas.setFont("Helvetica", 8)
    canvas.drawString(72, 36, f"Page {number} of {of}")
    canvas.drawString(72, 756, "Example Clinic, Family Medicine")
    canvas.drawRightString(540, 756, "Visit of 2026-05-04")
    canvas.setFont("Helvetica", 11)


def pdf_one_column(canvas: Canvas) -> None:
    """Two pages, a sentence across the page break, a word and a compound broken at line ends."""
    furnish(canvas, 1, 2)
    lines = [
        "HISTORY OF PRESENT ILLNESS:",
        *wrapped(PROSE * 7, 92),
        "He was seen in the emergency department for high blood pressure, hyper-",
    ]
    y = write(
        canvas,
        [*lines, "tension being known since 2011; the report asks for an early follow-", "up. The hypertension is", "treated"],
        y=720,
    )
    assert y > 60  # noqa: S101 - a builder of test files stops on a page that overflows
    canvas.showPage()
    furnish(canvas, 2, 2)
    write(
        canvas,
        [
            "with lisinopril.",
            "",
            "ASSESSMENT AND PLAN:",
            "1. Gastro-esophageal reflux disease without esophagitis.",
            "2. Essential hypertension.",
        ],
        y=720,
    )


def pdf_two_columns(canvas: Canvas) -> None:
    """The left column first, then the right one, as text processors write them."""
    canvas.drawString(72, 740, "Consultation report")
    write(canvas, ["HISTORY", *wrapped(PROSE, 40)])
    write(canvas, ["ASSESSMENT", "Gastro-esophageal reflux", "disease without esophagitis.", "", "PLAN", "Omeprazole 20 mg daily."], x=330)


def pdf_columns_by_line(canvas: Canvas) -> None:
    """The same two columns printed line by line across the page."""
    left = wrapped(PROSE, 40)
    right = wrapped("In summary this is gastro-esophageal reflux disease without esophagitis, and there are no alarm signs that would call for "
                    "an endoscopy now. We start omeprazole and raise the head of the bed, and see the patient again in eight weeks.", 40)  # fmt: skip
    for number in range(max(len(left), len(right))):
        for x, column in ((72, left), (330, right)):
            if number < len(column):
                canvas.drawString(x, 700 - 14 * number, column[number].rstrip())


def pdf_table(canvas: Canvas) -> None:
    """A table, with an empty cell and a label in front."""
    canvas.drawString(72, 720, "PROBLEM LIST")
    rows = [("Problem", "Status", "Since"), ("Type 2 diabetes", "controlled", "2015"), ("Chronic kidney disease, stage 3a", "", "2024")]
    for number, row in enumerate(rows):
        for x, cell in zip((72, 260, 350), row, strict=True):
            canvas.drawString(x, 700 - 20 * number, cell)
    canvas.drawString(72, 620, "Allergies:")
    canvas.drawString(160, 620, "penicillin (hives)")


def pdf_lists(canvas: Canvas) -> None:
    """Numbers and bullets apart from their words; a raised and a lowered figure."""
    for number, problem in enumerate(["Asthma, mild persistent", "Obesity, BMI 36"], 1):
        canvas.drawString(72, 720 - 14 * number, f"{number}.")
        canvas.drawString(100, 720 - 14 * number, problem)
    canvas.drawString(72, 660, "•")
    canvas.drawString(100, 660, "Vitamin B")
    canvas.setFont("Helvetica", 7)
    canvas.drawString(147, 657, "12")
    canvas.setFont("Helvetica", 11)
    canvas.drawString(158, 660, "deficiency")


def pdf_form_fields(canvas: Canvas) -> None:
    """Labels on the page, answers in fields; one box ticked, one not."""
    for y, label in ((700, "Chief complaint:"), (640, "Diabetes"), (620, "Asthma")):
        canvas.drawString(100, y, label)
    form = canvas.acroForm
    form.textfield(name="complaint", value="Right ankle pain", x=200, y=692, width=250, height=20)
    form.checkbox(name="diabetes", checked=True, x=76, y=636, size=16)
    form.checkbox(name="asthma", checked=False, x=76, y=616, size=16)


def pdf_annotations(canvas: Canvas) -> None:
    """Text typed onto the page is read; a comment is not; text outside the page is not."""
    canvas.drawString(72, 700, "Assessment: lateral epicondylitis.")
    canvas.freeTextAnnotation("Addendum: right elbow", Rect=(72, 640, 300, 660), DA="0 0 0 rg /Helv 10 Tf")
    canvas.textAnnotation("Reviewer: check the side", Rect=(400, 640, 420, 660))
    canvas.drawString(72, -40, "Printer job 4711")
    canvas.drawString(700, 700, "outside")


def pdf_rotated(canvas: Canvas) -> None:
    """A page turned by 90 degrees whose text stands upright when shown, and a stamp across it."""
    canvas.setPageRotation(90)
    canvas.setPageSize(letter)
    canvas.saveState()
    canvas.translate(letter[0], 0)
    canvas.rotate(90)
    write(canvas, ["ASSESSMENT", "Trigger finger, left ring finger.", "", "PLAN", "Steroid injection today."], y=500)
    canvas.restoreState()
    canvas.saveState()
    canvas.translate(200, 300)
    canvas.rotate(45)
    canvas.setFont("Helvetica", 40)
    canvas.drawString(0, 0, "COPY")
    canvas.restoreState()


def pdf_upside_down(canvas: Canvas) -> None:
    """A page scanned head down and turned by its text."""
    canvas.translate(letter[0], letter[1])
    canvas.rotate(180)
    write(canvas, ["ASSESSMENT", "Ingrown nail, right great toe."])


def pdf_ligatures(canvas: Canvas) -> None:
    """Glyphs that stand for two letters, accents, and signs."""
    canvas.setFont("Vera", 11)
    write(canvas, ["Sufﬁcient ﬂuid; ﬁbrosis. Ménière, 38 °C, ½ tablet."])


def pdf_values_after_labels(canvas: Canvas) -> None:
    """All labels of a form first, then all values over them."""
    for number, label in enumerate(["Diagnosis:", "Side:", "Plan:"]):
        canvas.drawString(72, 700 - 20 * number, label)
    for number, value in enumerate(["De Quervain tenosynovitis", "right", "Thumb splint for four weeks"]):
        canvas.drawString(140, 700 - 20 * number, value)


def pdf_owner_password(canvas: Canvas) -> None:
    """Encrypted, but open to everybody who reads."""
    canvas.setEncrypt(locked("", "owner"))
    write(canvas, ["Assessment: blepharitis, both eyes."])


def pdf_password(canvas: Canvas) -> None:
    """Needs a password."""
    canvas.setEncrypt(locked("user", "owner"))
    write(canvas, ["Assessment: blepharitis, both eyes."])


def locked(user: str, owner: str) -> object:
    """Standard encryption."""
    from reportlab.lib.pdfencrypt import StandardEncryption

    return StandardEncryption(user, owner, canPrint=1, canCopy=0)


def pdf_scan(canvas: Canvas) -> None:
    """A picture of a page, under the line that a fax machine stamps."""
    canvas.drawImage(grey(), 0, 0, *letter)
    canvas.drawString(30, 775, "2026-05-04 10:12 FAX P 1/1")


def pdf_scan_and_text(canvas: Canvas) -> None:
    """One page of text, one scanned."""
    write(canvas, ["ASSESSMENT", "Chronic venous insufficiency of both legs."])
    canvas.showPage()
    canvas.drawImage(grey(), 0, 0, *letter)


def pdf_scan_with_text_layer(canvas: Canvas) -> None:
    """A picture with the invisible text of a text recognition over it."""
    canvas.drawImage(grey(), 0, 0, *letter)
    for number, line in enumerate(["ASSESSMENT", "Chronic venous insufficiency of both legs with a healed ulcer."]):
        text = canvas.beginText(72, 700 - 14 * number)
        text.setTextRenderMode(3)
        text.textLine(line)
        canvas.drawText(text)


def grey() -> ImageReader:
    """A small grey picture."""
    return ImageReader(Image.new("L", (8, 8), 200))


def pdf_blank(canvas: Canvas) -> None:
    """An empty page."""
    canvas.showPage()


def pdf_drawn_letters(canvas: Canvas) -> None:
    """Lines only, as if letters were drawn."""
    canvas.line(72, 700, 100, 720)
    canvas.line(100, 720, 128, 700)


DRAWINGS = (
    pdf_one_column, pdf_two_columns, pdf_columns_by_line, pdf_table, pdf_lists, pdf_form_fields, pdf_annotations, pdf_rotated,
    pdf_upside_down, pdf_ligatures, pdf_values_after_labels, pdf_owner_password, pdf_password, pdf_scan, pdf_scan_and_text,
    pdf_scan_with_text_layer, pdf_blank, pdf_drawn_letters,
)  # fmt: skip

if __name__ == "__main__":
    main()
