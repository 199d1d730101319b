"""Over the whole release: what must always fire, what never may, and that nothing crashes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import islice

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.manifestations import is_manifestation
from fhir_coder.edits.registry import all_edits
from fhir_coder.edits.run import check_codes
from fhir_coder.edits.validity import CodeFault, diagnose
from fhir_coder.model import Severity
from terminology.codebook import Codebook, NoteKind
from terminology.release import Release

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
    manifestations = [code for code in billable if is_manifestation(code, codebook.title(code))]
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


def test_ten_thousand_random_code_lists_never_crash(release: Release, codebook: Codebook, billable: tuple[str, ...]) -> None:
    chance = random.Random(5)
    pool = [*chance.sample(billable, 1500), *chance.sample(list(codebook.codes()), 200), "", "X", "E11.", "W21.89A", "I10.XXXA", "é", "123"]
    for _ in range(10_000):
        codes = chance.choices(pool, k=chance.choice((0, 1, 1, 1, 2, 3)))
        findings, _ = check_codes(case_of(release, *codes), {})
        assert not [finding for finding in findings if "could not be run" in finding.detail]


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
