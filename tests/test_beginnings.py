"""How matches of a pattern can begin, and the searches that rest on it."""

from __future__ import annotations

import re

import pytest

from fhir_coder.alternatives import alternatives
from fhir_coder.beginnings import beginnings, folded
from fhir_coder.reading.first_words import first_words


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("knee|hip", {"knee", "hip"}),
        (r"(?<!no )WCC\b", {"wcc"}),
        (r"[ab]c?", {"a", "ac", "b", "bc"}),
        (r"\d{1,2}[\s-]?mo", {"0mo", "0 mo", "00mo", "00 mo"}),
        (r"(?:old |new )?fx", {"fx", "old fx", "new fx"}),
        (r"colectom\w*", {"colecto"}),
        (r"flu\W+shot", {"flu sho", "flu  sh", "flu   s", "flu    "}),
        (r"ca(?=t)[^x]", {"ca"}),
        (r"(?P<a>a|b){2}", {"aa", "ab", "ba", "bb"}),
        (r"\w+ knee", set()),
        (r"(?:left)?", set()),
        (r"\s?drain", set()),
    ],
)
def test_how_a_match_begins(pattern: str, expected: set[str]) -> None:
    assert beginnings(pattern) == expected


def test_a_folded_text_keeps_its_places() -> None:
    assert folded("BP 120/80,\n‘İſK’ √ ٣é") == "bp 000 00   isk    0é"


@pytest.mark.parametrize("pattern", ["(?i:a)", "[a", "a)"])
def test_patterns_that_are_not_known_are_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"unknown kind|open class|too many"):
        beginnings(pattern)


def test_first_words_tell_what_may_match() -> None:
    words = first_words([["knee", "hip"], [r"\w+itis"], [r"\d\d days?"]])
    plain = folded("Right hip, for 12 days; knee-high")
    assert words.possible(plain, 0, 10) == [0, 1]
    assert words.possible(plain, 10, len(plain)) == [0, 1, 2]
    assert words.possible(plain, 11, 16) == [1]


@pytest.mark.parametrize("text", ["OB visit", "G2P1 at 20", "prepregnancy weight", "(EGA 20)", "obese, gaining weight"])
def test_alternatives_find_what_one_pattern_finds(text: str) -> None:
    patterns = (r"\bOB\b", r"\bG\d+ ?P\d", r"(?<!no )pregnan", r"\bE?GA\b")
    assert alternatives(patterns).are_in(text) == bool(re.search("|".join(patterns), text, re.IGNORECASE))
