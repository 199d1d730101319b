"""What a clinician who is not the provider may supply, by the table of guideline I.B.14."""

from __future__ import annotations

import pytest

from fhir_coder.code_ranges import parse_ranges
from fhir_coder.coding.documentation_sources import ANY, SIDE, SITE, ground, source_rules, why_not_from
from fhir_coder.model import Authority, Note, RejectionReason
from terminology.codebook import Codebook


def note(authority: str = "clinician", *, is_signed: bool = True) -> Note:
    return Note("n", "", authority=Authority(authority), is_signed=is_signed)


@pytest.mark.parametrize(
    ("authority", "is_signed", "reason"),
    [
        ("provider", True, None),
        ("provider", False, None),
        ("unknown", False, None),
        ("report", True, None),
        ("report", False, RejectionReason.UNSIGNED_REPORT),
        ("results", True, RejectionReason.LABORATORY_VALUE),
        ("results", False, RejectionReason.LABORATORY_VALUE),
        ("clinician", True, RejectionReason.NOT_PROVIDERS),
        ("clinician", False, RejectionReason.NOT_PROVIDERS),
    ],
)
def test_notes_that_diagnoses_are_coded_from(authority: str, is_signed: bool, reason: RejectionReason | None) -> None:
    assert why_not_from(note(authority, is_signed=is_signed)) is reason


@pytest.mark.parametrize(
    ("code", "provided", "completes"),
    [
        ("Z68.34", {"E66.9"}, ""),
        ("Z68.34", {"R63.5"}, ""),
        ("Z68.34", {"I10"}, None),
        ("Z68.34", set(), None),
        ("R29.707", {"I63.9"}, ""),
        ("R29.707", {"I10"}, None),
        ("R40.2410", {"S06.0X0A"}, ""),
        ("R40.2410", set(), None),
        ("Y90.5", {"F10.129"}, ""),
        ("Y90.5", {"I10"}, None),
        ("Z59.00", set(), ""),
        ("Z55.0", {"I10"}, ""),
        ("Z66", {"I10"}, None),
        ("Z28.310", set(), ""),
        ("Z28.21", set(), None),
        ("L89.153", {"L89.159"}, "L89.159"),
        ("L89.153", {"L89.152"}, None),
        ("L89.153", {"L89.90"}, None),
        ("L89.153", {"I10"}, None),
        ("L97.522", {"L97.529"}, "L97.529"),
        ("L97.522", {"L97.509"}, "L97.509"),
        ("L97.522", {"L97.519"}, None),
        ("L98.412", {"L98.419"}, "L98.419"),
        ("M25.562", {"M25.569"}, "M25.569"),
        ("M25.562", {"M25.561"}, None),
        ("M25.562", {"M25.561", "M25.569"}, None),
        ("M25.562", {"M17.9"}, None),
        ("S52.502A", {"S52.509A"}, "S52.509A"),
        ("S52.502D", {"S52.509A"}, None),
        ("I50.9", {"I10"}, None),
        ("E11.9", set(), None),
        ("E66.9", {"Z68.34"}, None),
    ],
)
def test_what_a_clinician_may_supply(codebook: Codebook, code: str, provided: set[str], completes: str | None) -> None:
    found = ground(note(), code, provided, provided, codebook)
    assert (found.completes if found else None) == completes
    assert found is None or found.source.startswith("I.B.1")


def test_social_determinants_need_a_signed_note_and_nothing_else_does(codebook: Codebook) -> None:
    unsigned = note(is_signed=False)
    assert ground(unsigned, "Z59.00", {"I10"}, {"I10"}, codebook) is None
    assert ground(unsigned, "Z68.34", {"E66.9"}, {"E66.9"}, codebook) is not None
    assert [rule.family for rule in source_rules() if rule.must_be_signed] == ["social-determinants"]


def test_a_visit_has_one_body_mass_index(codebook: Codebook) -> None:
    assert ground(note(), "Z68.34", {"E66.9", "Z68.31"}, {"E66.9", "Z68.31"}, codebook) is None
    assert ground(note(), "Z68.34", {"E66.9"}, {"E66.9", "Z68.31"}, codebook) is None
    assert ground(note(), "Z68.34", {"E66.9"}, {"E66.9", "Z68.34", "Z59.00"}, codebook) is not None
    assert [rule.family for rule in source_rules() if rule.is_single] == ["body-mass-index", "blood-alcohol"]


@pytest.mark.parametrize("authority", ["results", "report", "unknown", "provider"])
def test_only_a_clinicians_note_is_asked(codebook: Codebook, authority: str) -> None:
    assert ground(note(authority, is_signed=False), "Z68.34", {"E66.9"}, {"E66.9"}, codebook) is None


def test_the_table_is_that_of_the_guideline(codebook: Codebook) -> None:
    exceptions = "body-mass-index ulcer-depth pressure-ulcer-stage coma-scale stroke-scale social-determinants laterality blood-alcohol"
    assert {rule.family for rule in source_rules()} == {*exceptions.split(), "underimmunization"}
    for rule in source_rules():
        assert rule.codes and rule.source
        assert rule.beside in {"", ANY, SITE, SIDE} or parse_ranges(rule.beside)
