"""Lists of a Medicare Code Editor that a site loads take the place of those shipped; its lists of inpatient principal diagnoses are never loaded."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fhir_coder.cli import main
from fhir_coder.edits.editor_file import read_editor_file
from fhir_coder.edits.lists import Lists, lists_at, shipped_lists
from fhir_coder.edits.run import check_codes
from fhir_coder.installed import lists_file, open_lists
from fhir_coder.record.artifacts import knowledge_sources
from fhir_coder.settings import Settings

pytestmark = pytest.mark.usefixtures("loaded_once")

OWN = Path(__file__).parent / "editor_lists.txt"
WELL_VISITS = (
    {"codes": ["Z00.00"], "birthDate": "1970-02-01", "gender": "male"},
    {"codes": ["Z12.31"], "birthDate": "1965-02-01", "gender": "female"},
    {"codes": ["Z23"], "birthDate": "2020-02-01", "gender": "female"},
    {"codes": ["Z34.91", "Z3A.12"], "birthDate": "1995-02-01", "gender": "female"},
    {"codes": ["Z00.129"], "birthDate": "2020-02-01", "gender": "male"},
    {"codes": ["I10"], "birthDate": "1960-02-01", "gender": "male"},
    {"codes": ["E11.9"], "birthDate": "1960-02-01", "gender": "female"},
)
Maker = Callable[[Path, str], Lists]


@pytest.fixture
def loaded(tmp_path: Path) -> Maker:
    """The lists of a file as they are kept and read again."""

    def load(path: Path, year: str) -> Lists:
        kept = tmp_path / "editor_lists.tsv"
        kept.write_text(read_editor_file(path.read_text(encoding="utf-8"), year).table(), encoding="utf-8")
        return lists_at(kept)

    return load


def found(build_case, lists: Lists, row: dict) -> set[str]:
    case = replace(build_case({"serviceDate": "2026-05-04", **row}), lists=lists)
    return {f"{one.name} {' '.join(one.codes)}" for one in check_codes(case, {})[0] if one.severity != "information"}


def test_loaded_lists_take_the_place_of_the_shipped(build_case, loaded: Maker) -> None:
    lists = loaded(OWN, "FY2026")
    man = {"birthDate": "1950-01-01", "gender": "male"}
    assert found(build_case, lists, {"codes": ["K59.00"], **man}) == {"age-conflict K59.00"}
    assert found(build_case, lists, {"codes": ["K59.09"], **man}) == {"manifestation-first K59.09"}
    assert found(build_case, lists, {"codes": ["N80.00"], **man}) == set()  # shipped as of women, not in this file
    assert found(build_case, lists, {"codes": ["N40.1"], "gender": "female"}) == {"sex-conflict N40.1"}
    assert found(build_case, lists, {"codes": ["Z34.91", "Z3A.12"], "birthDate": "1940-01-01", "gender": "female"}) == {
        "age-conflict Z34.91"
    }


def test_rows_of_guidelines_and_of_the_tabular_list_stay(build_case, loaded: Maker) -> None:
    row = {"codes": ["P07.30"], "birthDate": "1980-01-01"}
    assert "age-conflict P07.30" in found(build_case, loaded(OWN, "FY2026"), row)
    assert "age-conflict P07.30" in found(build_case, shipped_lists(), row)


def test_the_source_and_its_year_are_recorded(loaded: Maker) -> None:
    assert loaded(OWN, "FY2026").sources[0] == "CMS Definitions of Medicare Code Edits v43 (FY2026)"
    assert "CMS Definitions of Medicare Code Edits v37 (FY2020)" not in " ".join(loaded(OWN, "FY2026").sources[:1])


@pytest.mark.parametrize("row", WELL_VISITS, ids=lambda row: row["codes"][0])
def test_well_visits_and_chronic_disease_stay_silent(build_case, loaded: Maker, row: dict) -> None:
    assert found(build_case, loaded(OWN, "FY2026"), row) == set()
    assert found(build_case, shipped_lists(), row) == set()


def test_unacceptable_and_questionable_principal_diagnoses_are_left(loaded: Maker) -> None:
    read = read_editor_file(OWN.read_text(encoding="utf-8"), "FY2026")
    assert {name for name, _ in read.codes} & {"Principal_Unacceptable", "Principal_Questionable_Admit"} == set()
    assert read.left == {"Principal_Questionable_Admit": 2, "Principal_Unacceptable": 4, "Female_Only": 2}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: "", "first line must name"),
        (lambda text: text.replace("ICD_Code\t", "Code\t"), "first line must name ICD_Code"),
        (lambda text: text.replace("Newborn_Only", "Newborns"), "lacks the lists Newborn_Only"),
        (lambda text: text.replace("K5900", "K59 0"), "not a code"),
        (lambda text: text.replace("43\t10\t4\tA", "44\t10\t4\tA"), "not of one version"),
    ],
)
def test_a_file_of_another_form_is_refused(change: Callable[[str], str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_editor_file(change(OWN.read_text(encoding="utf-8")), "FY2026")


def test_the_command_loads_and_the_coverage_shows(tmp_path: Path, monkeypatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FHIR_CODER_DATA", str(tmp_path))
    before = knowledge_sources(tmp_path)
    assert main(["edits", "load-lists", str(OWN), "--year", "FY2026"]) == 0
    out = capsys.readouterr().out
    assert "v43 (FY2026)" in out and "left out: Principal_Unacceptable  4 lines" in out
    settings = Settings.from_environment()
    assert open_lists(settings).sources[0].endswith("v43 (FY2026)")
    assert set(knowledge_sources(tmp_path)) - set(before) == {"fhir_coder/edits/editor_lists.tsv"}
    lists_file(settings).write_text("nothing\n", encoding="utf-8")
    assert main(["edits", "coverage"]) == 2
    assert "load the lists again" in capsys.readouterr().err
    lists_file(settings).unlink()
    assert open_lists(settings) == shipped_lists()
    assert main(["edits", "coverage", "--json"]) == 0
    assert any("v37 (FY2020)" in one for one in json.loads(capsys.readouterr().out)["lists"])


def test_a_file_that_is_none_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xff\xfe\x00")
    assert main(["edits", "load-lists", str(path), "--year", "FY2026"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_an_official_file_loads_and_leaves_good_claims_alone(build_case, loaded: Maker, shared: Path) -> None:
    path = shared / "terminology" / "MCE" / "MCE_Simple_Code_Edits_v37.txt"
    if not path.is_file():
        pytest.skip("the official lists of the editor are not here")
    lists = loaded(path, "FY2020")
    for row in WELL_VISITS:
        assert found(build_case, lists, row) == set()
    assert found(build_case, lists, {"codes": ["N40.1"], "gender": "female"}) == {"sex-conflict N40.1"}
    assert "manifestation-first E08.22" in found(build_case, lists, {"codes": ["E08.22", "I10"]})
