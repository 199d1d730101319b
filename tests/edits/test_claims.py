"""Whole claims, as an auditor for a payer reads them: nothing may be said against good ones, and each fault of bad ones must be found."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.registry import all_edits
from fhir_coder.edits.run import check_codes
from fhir_coder.model import Finding, ServiceLine, Severity
from terminology.release import Release
from tests.each import for_each

FOLDER = Path(__file__).parent
SERVED = date(2026, 6, 15)
GENDERS = {"F": "female", "M": "male"}
CPT = "http://www.ama-assn.org/go/cpt"


def claims(name: str) -> list[dict[str, str]]:
    """The rows of one of the two files."""
    with (FOLDER / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader((line for line in lines if not line.startswith("#")), delimiter="\t", quoting=csv.QUOTE_NONE))


def born(age: str) -> date:
    """A date of birth that makes this age on the date of service: "12m", "5d" or years."""
    if age.endswith("d"):
        return SERVED - timedelta(days=int(age[:-1]))
    if age.endswith("m"):
        return SERVED - timedelta(days=round(int(age[:-1]) * 30.5) + 3)
    return date(SERVED.year - int(age), 2, 3)


def lines_of(text: str) -> Iterator[ServiceLine]:
    for line in text.split(";"):
        procedure, _, reasons = line.partition(":")
        yield ServiceLine(CPT, procedure.strip(), "Procedure/1", tuple(reasons.split()), ())


def findings(claim: dict[str, str], release: Release) -> list[Finding]:
    """What is said of the claim, information left out."""
    services = tuple(lines_of(claim["lines"])) if claim.get("lines") else None
    case = EditCase(tuple(claim["codes"].split()), born(claim["age"]), GENDERS[claim["sex"]], SERVED, release, "covered", services=services)
    found, _ = check_codes(case, {})
    return [finding for finding in found if finding.severity is not Severity.INFORMATION]


def facts(claim: dict[str, str]) -> tuple[str, ...]:
    return claim["codes"], claim["age"], claim["sex"], claim.get("lines", "")


def identity(claim: dict[str, str]) -> str:
    return f"{claim['codes']} ({claim['what']})"


def test_both_files_are_what_they_promise() -> None:
    clean, faulty = claims("clean_claims.tsv"), claims("faulty_claims.tsv")
    assert len({facts(claim) for claim in clean}) == len(clean) >= 150
    assert len({facts(claim) for claim in faulty}) == len(faulty) >= 100
    assert {claim["edit"] for claim in faulty} <= {edit.id for edit in all_edits()}
    assert not set(map(facts, clean)) & set(map(facts, faulty))


@for_each("claim", claims("clean_claims.tsv"), ids=identity)
def test_nothing_is_said_against_a_good_claim(claim: dict[str, str], release: Release) -> None:
    assert [f"{finding.edit}: {finding.detail}" for finding in findings(claim, release)] == []


@for_each("claim", claims("faulty_claims.tsv"), ids=identity)
def test_the_fault_of_a_bad_claim_is_found(claim: dict[str, str], release: Release) -> None:
    assert claim["edit"] in {finding.edit for finding in findings(claim, release)}
