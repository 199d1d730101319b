"""Over the whole release: what must always fire, what never may, and that nothing crashes."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.lists import shipped_lists
from fhir_coder.edits.registry import Edit, all_edits
from fhir_coder.edits.run import check_codes
from fhir_coder.edits.validity import CodeFault, diagnose
from fhir_coder.model import Severity
from terminology.codebook import Codebook, NoteKind
from terminology.release import Release
from tests.effort import tries

CASES = Path(__file__).parent / "cases"
BY_NAME = {edit.name: edit for edit in all_edits()}
EXCLUDES = [BY_NAME["excludes1"], BY_NAME["excludes1-unrelated"]]


def case_of(release: Release, *codes: str) -> EditCase:
    return EditCase(codes, None, "", None, release, "undated")


def names(release: Release, *codes: str) -> set[str]:
    findings, _ = check_codes(case_of(release, *codes), {})
    assert not [finding for finding in findings if "could not be run" in finding.detail]
    return {finding.name for finding in findings}


@pytest.fixture(scope="module")
def billable(codebook: Codebook) -> tuple[str, ...]:
    return tuple(codebook.billable_codes())


def test_every_billable_code_is_valid_and_every_header_is_not(codebook: Codebook) -> None:
    for code in codebook.codes():
        invalid = diagnose(code, codebook)
        if codebook.is_billable(code):
            assert invalid is None, code
        else:
            assert invalid is not None, code
            assert invalid.fault in {CodeFault.HEADER, CodeFault.SEVENTH_MISSING}
            assert invalid.nearest, code


def test_every_full_code_without_its_last_character_or_placeholder_is_explained(codebook: Codebook, billable: tuple[str, ...]) -> None:
    full = [code for code in billable if codebook.stem(code) != code]
    for code in random.Random(1).sample(full, 3000):
        stem = codebook.stem(code)
        assert diagnose(code[:-1], codebook).fault is CodeFault.SEVENTH_MISSING
        assert diagnose(code[:-1] + "!", codebook).fault is CodeFault.UNKNOWN
        unpadded = stem + code[-1] if "." in stem else f"{stem}.{code[-1]}"
        if codebook.normalize(unpadded) is None:
            assert diagnose(unpadded, codebook).fault is CodeFault.PLACEHOLDER_MISSING
            assert diagnose(unpadded, codebook).nearest == (code,)


def test_every_manifestation_fires_when_first_listed(release: Release, codebook: Codebook, billable: tuple[str, ...]) -> None:
    manifestations = [code for code in billable if shipped_lists().is_manifestation(code, codebook.title(code))]
    assert len(manifestations) > 300
    for code in manifestations:
        findings, _ = check_codes(case_of(release, code, "I10"), {}, [BY_NAME["manifestation-first"]])
        assert [finding.codes for finding in findings] == [(code,)]


def test_every_external_cause_fires_when_first_listed(release: Release, billable: tuple[str, ...]) -> None:
    causes = [code for code in billable if code[0] in "VWXY"]
    for code in random.Random(2).sample(causes, 500):
        findings, _ = check_codes(case_of(release, code, "S52.501A"), {}, [BY_NAME["external-cause-first"]])
        assert [finding.codes for finding in findings] == [(code,)]


def excluded_pairs(codebook: Codebook, kind: NoteKind, billable: tuple[str, ...], seed: int) -> Iterator[tuple[str, str]]:
    """Random pairs of billable codes of which a note of this kind parts the first from the second."""
    chance = random.Random(seed)
    for code in chance.sample(billable, len(billable)):
        references = [reference for note in codebook.notes(code, kind) for reference in note.references]
        if not references:
            continue
        reference = chance.choice(references)
        first = codebook.normalize(reference.first)
        others = [one for one in codebook.billable_under(first) if reference.covers(one)] if first else []
        if others and not reference.covers(code):
            yield code, chance.choice(others)


def test_excludes1_pairs_fire_in_both_orders(release: Release, codebook: Codebook, billable: tuple[str, ...]) -> None:
    pairs = list(islice(excluded_pairs(codebook, NoteKind.EXCLUDES1, billable, 3), 3000))
    assert len(pairs) == 3000
    blocking = 0
    for code, other in pairs:
        for ordered in ((code, other), (other, code)):
            findings, _ = check_codes(case_of(release, *ordered), {}, EXCLUDES)
            assert [finding.codes for finding in findings] == [ordered]
        blocking += findings[0].severity is Severity.BLOCKING
    assert blocking > 0.8 * len(pairs)


def test_excludes2_only_pairs_never_fire(release: Release, codebook: Codebook, billable: tuple[str, ...]) -> None:
    def is_parted(code: str, other: str) -> bool:
        notes = codebook.notes(code, NoteKind.EXCLUDES1)
        return any(reference.covers(other) for note in notes for reference in note.references)

    pairs = (
        pair for pair in excluded_pairs(codebook, NoteKind.EXCLUDES2, billable, 4) if not is_parted(*pair) and not is_parted(*pair[::-1])
    )
    for code, other in islice(pairs, 1500):
        findings, _ = check_codes(case_of(release, code, other), {}, EXCLUDES)
        assert findings == ()


def test_random_code_lists_never_crash(release: Release, codebook: Codebook, billable: tuple[str, ...]) -> None:
    chance = random.Random(5)
    pool = [*chance.sample(billable, 1500), *chance.sample(list(codebook.codes()), 200), "", "X", "E11.", "W21.89A", "I10.XXXA", "é", "123"]
    for _ in range(tries(2_000, 10_000)):
        codes = chance.choices(pool, k=chance.choice((0, 1, 1, 2, 3, 12)))
        findings, _ = check_codes(case_of(release, *codes), {})
        assert not [finding for finding in findings if "could not be run" in finding.detail]


def lists_of_neighbours(codebook: Codebook, count: int) -> Iterator[list[str]]:
    """Random lists of codes that have to do with each other: some of a few categories, all of pregnancy and birth, or first Z codes."""
    chance = random.Random(6)
    categories: dict[str, list[str]] = {}
    for code in codebook.codes():
        categories.setdefault(code[:3], []).append(code)
    near = [name for name in categories if name[0] in "OPZ"]
    for number in range(count):
        chosen = chance.sample(near if number % 2 else list(categories), 4)
        yield [code for name in chosen for code in chance.sample(categories[name], min(3, len(categories[name])))]


def told(case: EditCase, edits: Sequence[Edit]) -> set[tuple[str, tuple[str, ...]]]:
    """What the edits find, whatever the order of codes within a finding."""
    return {(finding.edit, tuple(sorted(finding.codes))) for finding in check_codes(case, {}, edits)[0]}


def case_rows() -> list[dict[str, Any]]:
    files = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(CASES.glob("*.json"))]
    return [row for file in files for row in (*file["fires"], *file["silent"])]


def test_only_edits_about_order_depend_on_order(release: Release, codebook: Codebook) -> None:
    chance = random.Random(7)
    others = [edit for edit in all_edits() if not edit.is_about_order]
    served = date(2026, 5, 1)
    for codes in [*lists_of_neighbours(codebook, tries(200, 1200)), *(row["codes"] for row in case_rows())]:
        born = served - timedelta(days=chance.randrange(34_000))
        gender = chance.choice(("female", "male", ""))
        ordered, shuffled = (
            EditCase(tuple(one), born, gender, served, release, "covered") for one in (codes, chance.sample(codes, len(codes)))
        )
        assert told(ordered, others) == told(shuffled, others)


def test_with_notes_too_only_edits_about_order_depend_on_order(build_case) -> None:
    others = [edit for edit in all_edits() if not edit.is_about_order]
    for row in case_rows():
        assert told(build_case(row), others) == told(build_case({**row, "codes": row["codes"][::-1]}), others), row


@pytest.mark.parametrize("edit", [edit for edit in all_edits() if edit.is_about_order], ids=lambda edit: edit.id)
def test_an_edit_about_order_finds_something_else_in_another_order(edit: Edit, build_case) -> None:
    rows = json.loads((CASES / f"{edit.id}.json").read_text(encoding="utf-8"))["fires"]
    assert [row for row in rows if told(build_case(row), [edit]) != told(build_case({**row, "codes": row["codes"][::-1]}), [edit])]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=12))
def test_no_text_crashes_the_check_of_a_code(text: str, release: Release) -> None:
    assert names(release, text, "I10") or text.strip().upper() == "I10"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**9))
def test_edits_do_not_depend_on_each_other(seed: int, release: Release, billable: tuple[str, ...]) -> None:
    chance = random.Random(seed)
    case = case_of(release, *chance.choices(billable, k=6))
    shuffled = chance.sample(all_edits(), len(all_edits()))
    assert check_codes(case, {}, shuffled) == check_codes(case, {})
    alone = {finding for edit in all_edits() for finding in check_codes(case, {}, [edit])[0]}
    assert alone == set(check_codes(case, {})[0])


def test_edits_that_look_at_no_code_find_the_same_for_any_codes(build_case) -> None:
    """What a review need not run again when codes change."""
    blind = [edit for edit in all_edits() if not edit.is_about_codes]
    assert blind
    for row in case_rows():
        found, without = (check_codes(build_case({**row, "codes": codes}), {}, blind)[0] for codes in (row["codes"], ["I10", "M25.561"]))
        assert found == without, row
