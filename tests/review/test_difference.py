"""What changed since the coding before: the list itself, and where a reviewer sees it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
from flask.testing import FlaskClient

from fhir_coder.exchange import CodingResult
from fhir_coder.model import Note
from fhir_coder.review.difference import difference
from fhir_coder.store.records import EarlierCoding, NoteMark
from tests.review.conftest import LAUNCHED, Site, get, sign_in
from tests.store.conftest import NOTE, coding_result

AT = datetime(2026, 5, 4, 9, tzinfo=UTC)


def coding(codes: list[str], notes: dict[str, str]) -> Any:
    assigned = [SimpleNamespace(code=one, display=f"title of {one}") for one in codes]
    return cast(
        "Any", SimpleNamespace(assignments=assigned, notes=[SimpleNamespace(reference=a, id=a, sha256=b) for a, b in notes.items()])
    )


def before(codes: list[str], notes: dict[str, str]) -> EarlierCoding:
    return EarlierCoding("c0", AT, tuple(codes), {"I10": "Hypertension"}, tuple(NoteMark(a, b) for a, b in notes.items()))


CODES: dict[str, tuple[list[str], list[str], list[str], list[str], list[tuple[str, str]]]] = {
    "the same": (["I10"], ["I10"], [], [], []),
    "one more": (["I10"], ["I10", "R05.9"], ["R05.9"], [], []),
    "one less": (["I10", "R05.9"], ["R05.9"], [], ["I10"], []),
    "another of its category": (["E11.9"], ["E11.65"], [], [], [("E11.9", "E11.65")]),
    "two for one": (["E11.9"], ["E11.65", "E11.22"], ["E11.65", "E11.22"], ["E11.9"], []),
    "of another category": (["J06.9"], ["J01.90"], ["J01.90"], ["J06.9"], []),
}


@pytest.mark.parametrize(("old", "new", "added", "gone", "changed"), CODES.values(), ids=CODES.keys())
def test_codes(old: list[str], new: list[str], added: list[str], gone: list[str], changed: list[tuple[str, str]]) -> None:
    found = difference(before(old, {}), coding(new, {}))
    assert ([one for one, _ in found.added], [one for one, _ in found.gone], list(found.changed)) == (added, gone, changed)
    assert found.has_same_codes is not bool(added or gone or changed)
    assert all(title == f"title of {one}" for one, title in found.added)


def test_notes() -> None:
    found = difference(before([], {"a": "1", "b": "1", "c": "1"}), coding([], {"a": "1", "b": "2", "d": "1"}))
    assert (found.notes_added, found.notes_changed, found.notes_gone) == (("d",), ("b",), ("c",))


def result(notes: tuple[Note, ...], leaves_out: str = "") -> CodingResult:
    made = coding_result()
    coded = made.disposition.report.coded
    kept = tuple(one for one in coded.assignments if one.code != leaves_out)
    report = replace(made.disposition.report, coded=replace(coded, assignments=kept))
    disposition = replace(made.disposition, report=report, by_code=made.disposition.by_code[: len(kept)])
    return replace(made, intake=replace(made.intake, encounter=replace(made.intake.encounter, notes=notes)), disposition=disposition)


def test_a_page_says_what_changed_since_the_coding_before(site: Site, browser: FlaskClient) -> None:
    addendum = Note("n3", "Addendum: more cough.", "DocumentReference/n3", version="1")
    first = site.repository.save("default", "main", result((NOTE,), leaves_out="Q87.89"))
    site.repository.save("default", "other", result((NOTE,)))
    second = site.repository.save("default", "main", result((NOTE, addendum)))
    sign_in(site, browser, LAUNCHED)
    page = get(browser, f"/review/encounters/{second}").text
    since = page.split('<details class="since"')[1].split("</details>")[0]
    assert f"/review/encounters/{first}" in since
    assert "Added" in since and "Q87.89" in since and "Notes added" in since and "DocumentReference/n3" in since
    assert "Gone" not in since and "The codes are the same" not in since
    assert 'class="since"' not in get(browser, f"/review/encounters/{first}").text


def test_the_worklist_tells_which_encounters_were_coded_before(site: Site, browser: FlaskClient) -> None:
    first = site.repository.save("default", "main", result((NOTE,)))
    sign_in(site, browser, LAUNCHED)
    assert "coded again" not in get(browser, "/review/worklist").text
    site.repository.save("north", "main", result((NOTE,)))
    site.repository.save("default", "other", result((NOTE,)))
    second = site.repository.save("default", "main", result((NOTE,)))
    listed = get(browser, "/review/worklist").text
    assert listed.count("coded again") == 1 and second in listed and first not in listed
