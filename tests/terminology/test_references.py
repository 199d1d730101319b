"""References in notes: what they cover, and that prose is never guessed at."""

from __future__ import annotations

import pytest

from terminology.references import parse_references


@pytest.mark.parametrize(
    ("text", "covered", "not_covered"),
    [
        ("actinomycetoma (B47.1)", ["B47.1"], ["B47.0", "B47"]),
        ("postprocedural sepsis (T81.44-)", ["T81.44XA", "T81.44"], ["T81.4"]),
        ("sepsis (O03.37, O03.87, O04.87)", ["O03.37", "O04.87"], ["O03.3"]),
        ("exposure to ignition (X00.-)", ["X00.0XXA", "X00"], ["X01.0XXA"]),
        ("certain infections (A00-B99)", ["A00.0", "B99.9", "B20"], ["C00.0"]),
        ("diabetes with osteomyelitis (E08-E13 with .69)", ["E11.69", "E08.69"], ["E11.65", "E14.69"]),
        ("malignant melanoma of skin (C43-C44)", ["C43.9", "C44.90", "C4A.9"], ["C45.0"]),
        ("inflammatory polyarthropathies (M05-M14)", ["M1A.9XX0", "M10.9"], ["M15.0"]),
        ("chronic lower respiratory disease (J40-J4A)", ["J45.909", "J4A.0"], ["J60"]),
        ("injury [S71.0-, S71.1-]", ["S71.011A", "S71.1"], ["S71.2"]),
        ("complications of surgical care (T80-T88.1)", ["T80.0", "T88.1"], ["T88.2"]),
    ],
)
def test_covers(text: str, covered: list[str], not_covered: list[str]) -> None:
    references = parse_references(text)
    for code in covered:
        assert any(reference.covers(code) for reference in references), code
    for code in not_covered:
        assert not any(reference.covers(code) for reference in references), code


@pytest.mark.parametrize("text", ["congenital conditions", "(unspecified)", "code first underlying disease", "grade (I or II)", ""])
def test_prose_without_codes_has_no_references(text: str) -> None:
    assert parse_references(text) == ()


def test_a_reference_reads_as_it_was_written() -> None:
    assert [str(reference) for reference in parse_references("(E08-E13 with .42, I10)")] == ["E08-E13 with .42", "I10 with .42"]
