"""The error tree: its drawing agrees with the classes, every class has a number of its own, and every number stands in the documentation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from fhir_coder import errors
from fhir_coder.errors import FhirCoderError

DOCS = Path(__file__).resolve().parents[1] / "docs"
ISSUE_TYPES = {
    "structure", "required", "value", "invalid", "login", "forbidden", "not-supported", "duplicate", "not-found", "deleted", "too-long",
    "business-rule", "conflict", "throttled", "too-costly", "transient", "timeout", "exception", "processing",
}  # fmt: skip
"""The values of http://hl7.org/fhir/R4/valueset-issue-type.html that an error may have."""


def tree(root: type[FhirCoderError], depth: int = 0) -> Iterator[tuple[int, type[FhirCoderError]]]:
    yield depth, root
    for child in root.__subclasses__():
        yield from tree(child, depth + 1)


CLASSES = [one for _, one in tree(FhirCoderError) if one.__module__ == errors.__name__]
LEAVES = [one for one in CLASSES if not one.__subclasses__()]


def drawn() -> list[tuple[int, str, str]]:
    """Depth, name, and "status issue" (empty for a branch) of each line of the drawing."""
    lines = re.findall(r"^    ((?:│   |    |├── |└── )*)(\w+)(?: +(\d{3} [a-z-]+)(?= ))?", errors.__doc__ or "", re.MULTILINE)
    return [(len(indent) // 4, name, answer) for indent, name, answer in lines]


def test_the_drawing_names_every_class_where_it_stands() -> None:
    assert [(depth, name) for depth, name, _ in drawn()] == [(depth, one.__name__) for depth, one in tree(FhirCoderError) if one in CLASSES]


def test_the_drawing_tells_status_and_issue_type() -> None:
    answers = {name: answer for _, name, answer in drawn() if answer}
    assert answers == {one.__name__: f"{one.status} {one.issue}" for one in LEAVES if one is not errors.ConfigurationError}


def test_every_class_has_a_number_of_its_own() -> None:
    codes = [one.__dict__["code"] for one in CLASSES]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"FC\d{3}", code) for code in codes)


@pytest.mark.parametrize("error", CLASSES, ids=lambda error: error.__name__)
def test_status_and_issue_type_are_those_of_http_and_fhir(error: type[FhirCoderError]) -> None:
    assert 400 <= error.status <= 599
    assert error.issue in ISSUE_TYPES
    if not issubclass(error, errors.LaunchRefused):  # a sign-in has two ends, and either can fail it
        assert (error.status < 500) == issubclass(error, errors.RequestError)


def test_only_a_fault_that_may_pass_by_itself_is_safe_to_retry() -> None:
    passing = {errors.EhrUnavailable, errors.EhrTimeout, errors.Busy, errors.IssuerUnavailable, errors.WorkerLost}
    assert {one for one in CLASSES if one.is_retry_safe} == passing


@pytest.mark.parametrize("error", LEAVES, ids=lambda error: error.__name__)
def test_every_number_is_documented_with_its_status(error: type[FhirCoderError]) -> None:
    rows = [[cell.strip() for cell in row.split("|")[1:4]] for row in (DOCS / "operation.md").read_text(encoding="utf-8").splitlines()]
    assert [str(error.status), error.issue, error.code] in rows


def test_no_number_is_documented_that_is_gone() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(DOCS.glob("*.md")))
    assert set(re.findall(r"FC\d{3}", text)) <= {one.code for one in LEAVES}
