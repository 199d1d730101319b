"""Several releases side by side, as a person loads them and a server codes with them: small ones always, the official ones under ``soak``."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_coder.api.health import Readiness, readiness_object
from fhir_coder.api.outcome import outcome_of_result
from fhir_coder.app import build_coder
from fhir_coder.batch import coded_line
from fhir_coder.cli import main
from fhir_coder.coding.policy import outpatient
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.run import check_codes
from fhir_coder.errors import ConfigurationError
from fhir_coder.exchange import CodingResult, Intake
from fhir_coder.model import Encounter, Note
from fhir_coder.pipeline import Coder
from fhir_coder.settings import Settings

sys.path.insert(0, str(Path(__file__).parent / "terminology"))

from official_files import tabular, zipped

CHANGES = {
    "added.csv": 'I42.00,true,"Dilated cardiomyopathy, unspecified"\nI42.01,true,Familial dilated cardiomyopathy\n',
    "headers.txt": "I42.0\n",
}
OVERLAY = "2030-10-01"


def copy_by_links(source: Path, target: Path) -> None:
    """The releases and indexes of one data directory in another, without their bytes."""
    for name in ("releases", "index"):
        for path in (source / name).rglob("*"):
            if path.is_file() and not any(part.startswith(".") for part in path.relative_to(source).parts):
                (target / path.relative_to(source)).parent.mkdir(parents=True, exist_ok=True)
                (target / path.relative_to(source)).hardlink_to(path)


@pytest.fixture(scope="module")
def loaded(built: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with the embedded release, a whole small one of FY2030 and an overlay of FY2031 on it."""
    folder = tmp_path_factory.mktemp("several")
    data = folder / "data"
    copy_by_links(Settings.from_environment().data, data)
    (folder / "fy2030.zip").write_bytes(zipped({"icd10cm_tabular_2030.xml": tabular()}))
    (folder / "changes").mkdir()
    for name, text in CHANGES.items():
        (folder / "changes" / name).write_text(text)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("FHIR_CODER_DATA", str(data))
        assert main(["terminology", "load", str(folder / "fy2030.zip")]) == 0
        assert main(["terminology", "load", str(folder / "changes"), "--from", OVERLAY, "--on", "2029-10-01"]) == 0
    return data


@pytest.fixture(scope="module")
def several(loaded: Path) -> Coder:
    return build_coder(Settings.from_environment({"FHIR_CODER_DATA": str(loaded)}))


def encounter(text: str, day: date | None) -> Encounter:
    return Encounter(id="e", notes=(Note(id="n", text=text),), service_date=day)


@pytest.mark.parametrize(
    ("day", "release", "status", "code"),
    [
        (date(2026, 9, 30), "2026-04-01", "covered", "I42.0"),
        (date(2026, 10, 1), "2026-04-01", "gap", "I42.0"),
        (date(2029, 9, 30), "2026-04-01", "gap", "I42.0"),
        (date(2029, 10, 1), "2029-10-01", "covered", "I42.0"),
        (date(2030, 9, 30), "2029-10-01", "covered", "I42.0"),
        (date(2030, 10, 1), OVERLAY, "covered", "I42.00"),
        (date(2031, 9, 30), OVERLAY, "covered", "I42.00"),
        (date(2031, 10, 1), OVERLAY, "later", "I42.00"),
    ],
)
def test_each_side_of_a_boundary_is_coded_with_its_own_release(several: Coder, day: date, release: str, status: str, code: str) -> None:
    disposition, use = several.code_encounter(encounter("Assessment: Dilated cardiomyopathy, on carvedilol.\n", day), outpatient())
    assert (use.id, use.status) == (release, status)
    assert [one.code for one in disposition.report.coded.assignments] == [code]
    names = {finding.name for finding in disposition.report.findings if finding.name.startswith("release-")}
    expected = {"gap": {"release-gap"}, "later": {"release-later"}, "covered": {"release-codes-only"} if release == OVERLAY else set()}
    assert names == expected[status]
    assert bool(use.caveat) == (release == OVERLAY)


def test_a_code_that_became_a_header_is_refused_from_its_first_day(several: Coder) -> None:
    def faults(day: date) -> set[str]:
        choice = several.catalogue.for_date(day)
        findings, _ = check_codes(EditCase(("I42.0",), None, "", day, choice.release, choice.status), {})
        return {finding.name for finding in findings if finding.severity == "blocking"}

    assert faults(date(2030, 9, 30)) == set()
    assert faults(date(2030, 10, 1)) == {"header-code"}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    words=st.lists(
        st.sampled_from(
            [
                "dilated cardiomyopathy",
                "htn",
                "CKD stage 3a",
                "long COVID",
                "obesity class 2",
                "right knee osteoarthritis",
                "BMI 19.2",
                "arrhythmogenic cardiomyopathy",
                "sternal sprain",
                "type 2 diabetes with CKD",
                "plantar fasciitis",
                "hx of colon cancer",
            ]
        ),
        min_size=1,
        max_size=6,
    ),
    day=st.sampled_from([date(2026, 5, 1), date(2028, 1, 1), date(2030, 1, 1), date(2031, 1, 1)]),
)
def test_nothing_outside_the_release_of_the_day_is_ever_named(several: Coder, words: list[str], day: date) -> None:
    text = "ASSESSMENT AND PLAN\n" + "".join(f"{number}. {word}, stable.\n" for number, word in enumerate(words, 1))
    disposition, use = several.code_encounter(encounter(text, day), outpatient())
    book = several.catalogue.get(use.id).codebook
    coded = disposition.report.coded
    assert all(book.is_billable(one.code) for one in coded.assignments)
    assert all(one.code in book for one in coded.rejected)
    assert all(one.instead in book for one in coded.rejected if one.instead)


def test_answer_and_health_say_what_of_a_release_is_not_up_to_date(several: Coder) -> None:
    coded = encounter("Assessment: hypertension.\n", date(2030, 10, 1))
    disposition, use = several.code_encounter(coded, outpatient())
    issues = outcome_of_result(CodingResult(Intake(coded), disposition, use, {}), ())["issue"]
    assert [one["severity"] for one in issues if "codes only: notes and index not updated" in one["diagnostics"]] == ["information"] * 2
    assert coded_line("e", disposition, use)["release"]["caveat"] == "codes only: notes and index not updated"
    state = readiness_object(Readiness({}, ((use.id, use.effective_from, use.effective_to),), caveats={use.id: use.caveat}))
    assert state["releases"] == [
        {"id": OVERLAY, "from": "2030-10-01", "to": "2031-09-30", "caveat": "codes only: notes and index not updated"}
    ]
    _, whole = several.code_encounter(encounter("Assessment: hypertension.\n", date(2030, 1, 1)), outpatient())
    assert "caveat" not in coded_line("e", disposition, whole)["release"]


def test_a_release_without_its_index_keeps_the_server_from_starting(loaded: Path, tmp_path: Path) -> None:
    copy_by_links(loaded, tmp_path)
    for path in (tmp_path / "index").glob("2029-10-01-*/terms.json"):
        path.unlink()
    with pytest.raises(ConfigurationError, match=r"2029-10-01.*terms.json is missing; run `fhir-coder index build`"):
        build_coder(Settings.from_environment({"FHIR_CODER_DATA": str(tmp_path)}))


# ----------------------------------------------------------------------------------------------------------------- the command line


@pytest.fixture
def data(loaded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same in a directory of one's own, named by the environment."""
    copy_by_links(loaded, tmp_path / "own")
    monkeypatch.setenv("FHIR_CODER_DATA", str(tmp_path / "own"))
    return tmp_path / "own"


def test_the_list_says_what_serves_when(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["terminology", "list"]) == 0
    out = capsys.readouterr().out
    assert "2029-10-01  ICD-10-CM FY2030  service dates 2029-10-01 to 2030-09-30  19 codes" in out
    assert "2030-10-01  ICD-10-CM FY2031, codes only" in out
    assert "used for 2030-10-01 to 2031-09-30; no vocabulary; codes only: notes and index not updated" in out
    assert "made on 2029-10-01" in out


def test_verify_takes_one_release_and_finds_what_small_ones_lack(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["terminology", "verify", "2026-04-01"]) == 0
    assert capsys.readouterr().out.strip().endswith(": ok")
    assert main(["terminology", "verify", "2029-10-01"]) == 1
    assert "E11.22 is not billable" in capsys.readouterr().out
    manifest = data / "releases" / "2029-10-01" / "manifest.json"
    text = manifest.read_text().replace('"codes": 19', '"codes": 20')
    manifest.unlink()  # not written through: it is a link to the session's
    manifest.write_text(text)
    assert main(["terminology", "verify", "2029-10-01"]) == 1
    assert "19 codes and 12 billable instead of 20 and 12" in capsys.readouterr().out


def test_diff_as_text_and_as_json(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["terminology", "diff", "2029-10-01", OVERLAY]) == 0
    out = capsys.readouterr().out
    assert "2 added, 2 of them billable\n  I42.00  Dilated cardiomyopathy, unspecified" in out
    assert "1 billable before, header now\n  I42.0  Dilated cardiomyopathy" in out
    assert "terminology/lexicon/terms/cardiology.tsv:" in out
    assert main(["terminology", "diff", "2029-10-01", OVERLAY, "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert [one["code"] for one in value["added"]] == ["I42.00", "I42.01"]
    assert value["toHeader"] == ["I42.0"]
    assert {"code": "I42.0", "fault": "header"}.items() <= next(one for one in value["broken"] if one["code"] == "I42.0").items()


def test_remove_takes_release_and_index(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["terminology", "remove", OVERLAY]) == 0
    assert sorted(path.name for path in (data / "releases").iterdir() if path.is_dir()) == ["2026-04-01", "2029-10-01"]
    assert not list((data / "index").glob(f"{OVERLAY}-*"))
    assert main(["terminology", "remove", OVERLAY]) == 2
    assert main(["terminology", "remove", "2026-04-01"]) == 2
    assert capsys.readouterr().err.splitlines()[-1].endswith("is the embedded one and cannot be removed")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["load", "/no/such"], "FC102: /no/such: no such file or folder"),
        (["load", __file__], "holds neither an ICD-10-CM tabular list in XML nor lists of changes"),
        (["diff", "2026-04-01", "1999-10-01"], "FC102: no release 1999-10-01 is loaded"),
        (["verify", "1999-10-01"], "FC102: no release 1999-10-01 is loaded"),
    ],
)
def test_a_mistake_is_one_line_and_status_two(data: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["terminology", *arguments]) == 2
    assert message in capsys.readouterr().err.splitlines()[-1]


def test_a_date_that_is_none_is_a_usage_error(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["terminology", "load", "x", "--from", "October"])
    assert "not a date (YYYY-MM-DD): October" in capsys.readouterr().err


def test_loading_again_changes_nothing(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "fy2030.zip").write_bytes(zipped({"icd10cm_tabular_2030.xml": tabular()}))
    before = {path: path.stat().st_mtime_ns for path in data.rglob("*") if path.is_file()}
    assert main(["terminology", "load", str(tmp_path / "fy2030.zip")]) == 0
    assert "already loaded: 2029-10-01" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in before} == before


# --------------------------------------------------------------------------------------------------------------- the official files

BOUNDARIES = [
    (date(2020, 12, 31), "2021-01-01", "earlier"),
    (date(2021, 1, 1), "2021-01-01", "covered"),
    (date(2021, 9, 30), "2021-01-01", "covered"),
    (date(2021, 10, 1), "2021-01-01", "gap"),
    (date(2025, 3, 31), "2021-01-01", "gap"),
    (date(2025, 4, 1), "2025-04-01", "covered"),
    (date(2025, 9, 30), "2025-04-01", "covered"),
    (date(2025, 10, 1), "2025-04-01", "gap"),
    (date(2026, 3, 31), "2025-04-01", "gap"),
    (date(2026, 4, 1), "2026-04-01", "covered"),
    (date(2026, 9, 30), "2026-04-01", "covered"),
    (date(2026, 10, 1), "2026-10-01", "covered"),
    (date(2027, 9, 30), "2026-10-01", "covered"),
    (date(2027, 10, 1), "2026-10-01", "later"),
]


@pytest.fixture(scope="module")
def official(built: None, shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Coder:
    """January 2021, April 2025 and the changes of FY2027 beside the embedded release: three loads, minutes."""
    data = tmp_path_factory.mktemp("official")
    copy_by_links(Settings.from_environment().data, data)
    folder = shared / "terminology"
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("FHIR_CODER_DATA", str(data))
        assert main(["terminology", "load", str(folder / "FY2021")]) == 0
        assert main(["terminology", "load", str(folder / "FY2025")]) == 0
        assert main(["terminology", "load", str(folder / "FY2027"), "--from", "2026-10-01", "--on", "2026-04-01"]) == 0
        assert main(["terminology", "verify"]) == 0
    return build_coder(Settings.from_environment({"FHIR_CODER_DATA": str(data)}))


@pytest.mark.soak
@pytest.mark.parametrize(("day", "release", "status"), BOUNDARIES)
def test_an_encounter_on_each_side_of_every_boundary(official: Coder, day: date, release: str, status: str) -> None:
    text = "Assessment: 1. Dilated cardiomyopathy. 2. Plantar fasciitis, right foot. 3. Hypertension. 4. CKD stage 3a. 5. BMI 19.2\n"
    disposition, use = official.code_encounter(encounter(text, day), outpatient())
    assert (use.id, use.status) == (release, status)
    codes = [one.code for one in disposition.report.coded.assignments]
    book = official.catalogue.get(release).codebook
    assert codes
    assert all(book.is_billable(code) for code in codes)
    assert ("I42.0" in codes) == (release != "2026-10-01")
    assert not {"I42.0", "M72.2", "Z68.1"} & set(codes) or release != "2026-10-01"


@pytest.mark.soak
@pytest.mark.parametrize(
    ("day", "index", "code"),
    [
        (date(2026, 9, 30), "18.2", "Z68.1"),
        (date(2026, 10, 1), "18.2", "Z68.18"),
        (date(2026, 10, 1), "18.5", "Z68.19"),
        (date(2026, 10, 1), "31.0", None),
    ],
)
def test_a_low_body_mass_index_has_its_band_of_the_day(official: Coder, day: date, index: str, code: str | None) -> None:
    disposition, _ = official.code_encounter(encounter(f"Vitals: BMI {index}\nAssessment: 1. Underweight.\n", day), outpatient())
    codes = {one.code for one in disposition.report.coded.assignments}
    assert "R63.6" in codes
    assert {one for one in codes if one.startswith("Z68.1")} == ({code} if code else set())


@pytest.mark.soak
@pytest.mark.parametrize("code", ["D69.1", "I42.0", "I49.8", "M72.2"])
def test_codes_that_fy2027_made_headers_are_refused_from_its_first_day(official: Coder, code: str) -> None:
    for day, names in ((date(2026, 9, 30), set()), (date(2026, 10, 1), {"header-code"})):
        choice = official.catalogue.for_date(day)
        findings, _ = check_codes(EditCase((code,), None, "", day, choice.release, choice.status), {})
        assert {finding.name for finding in findings if finding.severity == "blocking"} == names
