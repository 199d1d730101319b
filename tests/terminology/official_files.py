"""Small official files made in the tests: a tabular list of a few categories, its order file, zips of every kind."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable

Content = bytes | str

SEVENTH = (
    '<sevenChrDef><extension char="A">initial encounter</extension><extension char="D">subsequent encounter</extension>'
    '<extension char="S">sequela</extension></sevenChrDef>'
)
BODY = f"""<chapter><name>9</name><desc>Diseases of the circulatory system</desc>
<section id="I10-I1A"><desc>Hypertensive diseases</desc>
<diag><name>I10</name><desc>Essential (primary) hypertension</desc><inclusionTerm><note>high blood pressure</note></inclusionTerm></diag></section>
<section id="I30-I5A"><desc>Other forms of heart disease</desc>
<diag><name>I42</name><desc>Cardiomyopathy</desc>
<diag><name>I42.0</name><desc>Dilated cardiomyopathy</desc><inclusionTerm><note>Congestive cardiomyopathy</note></inclusionTerm></diag>
<diag><name>I42.9</name><desc>Cardiomyopathy, unspecified</desc></diag></diag></section></chapter>
<chapter><name>19</name><desc>Injury</desc><section id="S20-S29"><desc>Injuries to the thorax</desc>
<diag><name>S23</name><desc>Dislocation and sprain of joints and ligaments of thorax</desc>{SEVENTH}
<diag><name>S23.4</name><desc>Sprain of ribs and sternum</desc>
<diag><name>S23.41</name><desc>Sprain of ribs</desc></diag>
<diag><name>S23.42</name><desc>Sprain of sternum</desc>
<diag><name>S23.420</name><desc>Sprain of sternoclavicular (joint) (ligament)</desc></diag>
<diag><name>S23.421</name><desc>Sprain of chondrosternal joint</desc></diag></diag></diag></diag></section></chapter>"""

ORDER = (
    ("I10", 1, "Essential (primary) hypertension"),
    ("I42", 0, "Cardiomyopathy"),
    ("I420", 1, "Dilated cardiomyopathy"),
    ("I429", 1, "Cardiomyopathy, unspecified"),
    ("S23", 0, "Dislocation and sprain of joints and ligaments of thorax"),
    ("S234", 0, "Sprain of ribs and sternum"),
    ("S2341", 0, "Sprain of ribs"),
    *((f"S2341X{letter}", 1, f"Sprain of ribs, {text}") for letter, text in (("A", "initial encounter"), ("D", "subsequent encounter"))),
    ("S2341XS", 1, "Sprain of ribs, sequela"),
    ("S2342", 0, "Sprain of sternum"),
    ("S23420", 0, "Sprain of sternoclavicular (joint) (ligament)"),
    ("S23420A", 1, "Sprain of sternoclavicular (joint) (ligament), initial encounter"),
    ("S23420D", 1, "Sprain of sternoclavicular (joint) (ligament), subsequent encounter"),
    ("S23420S", 1, "Sprain of sternoclavicular (joint) (ligament), sequela"),
    ("S23421", 0, "Sprain of chondrosternal joint"),
    ("S23421A", 1, "Sprain of chondrosternal joint, initial encounter"),
    ("S23421D", 1, "Sprain of chondrosternal joint, subsequent encounter"),
    ("S23421S", 1, "Sprain of chondrosternal joint, sequela"),
)
CODES, BILLABLE = len(ORDER), sum(flag for _, flag, _ in ORDER)

SCHEMA = """<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema">
<xsd:element name="ICD10CM.tabular"><xsd:complexType><xsd:sequence><xsd:element name="version" type="xsd:gYear"/>
<xsd:any minOccurs="0" maxOccurs="unbounded" processContents="skip"/></xsd:sequence></xsd:complexType></xsd:element></xsd:schema>"""

DRUGS = """<ICD10CM.index><version>2030</version><indexHeading><head col="1">Substance</head><head col="2">Poisoning Accidental</head></indexHeading>
<letter><title>A</title><mainTerm><title>Aspirin</title><cell col="2">T39.011</cell></mainTerm></letter></ICD10CM.index>"""
NEOPLASMS = DRUGS.replace("Substance", "Neoplasm").replace("Poisoning Accidental", "Malignant Primary").replace("Aspirin", "abdomen")
INDEX = """<ICD10CM.index><version>2030</version><letter><title>A</title><mainTerm><title>Hypertension</title><code>I10</code></mainTerm>
</letter></ICD10CM.index>"""
EXTERNAL = INDEX.replace("<letter>", "<title>EXTERNAL CAUSE of INJURIES INDEX</title><letter>").replace("I10", "X58")


def tabular(version: str = "2030", body: str = BODY) -> str:
    return f'<?xml version="1.0" encoding="utf-8"?>\n<ICD10CM.tabular><version>{version}</version>{body}</ICD10CM.tabular>'


def order(rows: Iterable[tuple[str, int, str]] = ORDER) -> str:
    return "".join(f"{number:05} {code:<7} {flag} {title[:60]:<60} {title}\r\n" for number, (code, flag, title) in enumerate(rows, 1))


def zipped(files: dict[str, Content], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()
