"""A header of the body mass index is completed by the number of the note, with the bands that the release prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from fhir_coder.coding.specificity import complete
from fhir_coder.reading.body_mass import body_mass_code
from terminology import embedded
from terminology.codebook import Codebook
from terminology.loading.archive import read_sources
from terminology.loading.change_lists import read_changes
from terminology.loading.overlay import apply_changes
from terminology.tabular import parse_tabular

LIST = """<ICD10CM.tabular><version>2027</version><chapter><name>21</name><desc>Factors</desc><section id="Z68"><desc>BMI</desc>
<diag><name>Z68</name><desc>Body mass index [BMI]</desc>
<diag><name>Z68.1</name><desc>Body mass index [BMI] 19.9 or less, adult</desc>
<diag><name>Z68.18</name><desc>Body mass index [BMI] 18.4 or less, adult</desc></diag>
<diag><name>Z68.19</name><desc>Body mass index [BMI] 18.5-19.9, adult</desc></diag></diag>
<diag><name>Z68.2</name><desc>Body mass index [BMI] 20-29, adult</desc>
<diag><name>Z68.20</name><desc>Body mass index [BMI] 20.0-20.9, adult</desc></diag></diag></diag></section></chapter></ICD10CM.tabular>"""


@pytest.fixture(scope="module")
def parted() -> Codebook:
    return Codebook(parse_tabular(LIST.encode()))


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("BMI 17", "Z68.18"),
        ("BMI 18.4", "Z68.18"),
        ("BMI 18.45", "Z68.18"),
        ("BMI 18.5", "Z68.19"),
        ("vitals: 5' 9\", BMI (kg/m2) 19", "Z68.19"),
        ("age 17, BMI 19.95", "Z68.19"),
        ("body mass index less than twenty", None),
        ("BMI 20.0", None),
    ],
)
def test_the_number_of_the_mention_decides(parted: Codebook, words: str, code: str | None) -> None:
    assert complete(parted, "Z68.1", (words, "", "BMI 17 last year, now " + words)) == code


def test_a_release_that_does_not_part_the_band_keeps_its_code(codebook: Codebook) -> None:
    assert complete(codebook, "Z68.1", ("BMI 18.2",)) == "Z68.1"
    assert complete(codebook, "Z68.34", ("BMI 34.2",)) == "Z68.34"


@pytest.mark.parametrize(("words", "code"), [("BMI 18.2", "Z68.18"), ("BMI 19.2", "Z68.19"), ("BMI 31", "Z68.31")])
def test_the_changes_of_fy2027(shared: Path, words: str, code: str) -> None:
    folder = shared / "terminology" / "FY2027"
    if not folder.is_dir():
        pytest.skip("the changes of FY2027 are not here")
    book = Codebook(apply_changes(parse_tabular(embedded.read_embedded()), read_changes(read_sources(folder))))
    assert book.is_header("Z68.1")
    assert complete(book, body_mass_code(int(words.split()[1].split(".")[0])), (words,)) == code
