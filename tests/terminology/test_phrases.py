"""What clinicians, nurses, dictation and patients write for the conditions of each clinic, and the codes the dictionary alone must lead to.

Each line of ``phrases/*.tsv`` is one way of writing and its complete codes, joined by ``+``. The phrase stands alone, as in a problem list, so
every word of it may complete the code (side, stage, trimester); a code that only belongs to another sex or age than the one meant is no slip.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fhir_coder.coding.specificity import complete
from index.matcher import TermMatch, TermMatcher
from index.terms import gather_terms
from terminology.codebook import Codebook
from terminology.lexicon import load_lexicon
from terminology.lexicon.carry_over import carry_over

FOLDER = Path(__file__).with_name("phrases")
FILES = sorted(path.name for path in FOLDER.glob("*.tsv"))


@pytest.fixture(scope="module")
def matcher(codebook: Codebook) -> TermMatcher:
    return TermMatcher(gather_terms(codebook, carry_over(load_lexicon().entries, codebook)))


def lines_of(name: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Phrase and codes of every line that is neither empty nor a comment."""
    for line in (FOLDER / name).read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            phrase, codes = line.split("\t")
            yield phrase, frozenset(codes.split("+"))


def slips(matcher: TermMatcher, codebook: Codebook, phrase: str, expected: frozenset[str]) -> str:
    """What the dictionary leads to instead, or empty."""
    certain, possible = set(), set()
    for match in matcher.find_terms(phrase):
        codes = _completed(match, codebook, phrase)
        possible |= codes
        if not match.sex and not match.age:
            certain |= codes
    return (
        ""
        if certain <= expected <= possible
        else f"{phrase!r}: {'+'.join(sorted(expected))}, not {'+'.join(sorted(possible)) or 'nothing'}"
    )


def _completed(match: TermMatch, codebook: Codebook, phrase: str) -> set[str]:
    words = (phrase[match.start : match.end], phrase)
    return {complete(codebook, code, words) or code for code in match.codes}


@pytest.mark.parametrize("name", FILES)
def test_every_way_of_writing_leads_to_its_codes(matcher: TermMatcher, codebook: Codebook, name: str) -> None:
    assert [slip for phrase, codes in lines_of(name) if (slip := slips(matcher, codebook, phrase, codes))] == []


@pytest.mark.parametrize("name", FILES)
def test_every_expected_code_can_be_billed(codebook: Codebook, name: str) -> None:
    assert [code for _, codes in lines_of(name) for code in codes if not (codebook.normalize(code) and codebook.is_billable(code))] == []


def test_the_lists_are_long_and_repeat_nothing() -> None:
    phrases = [phrase for name in FILES for phrase, _ in lines_of(name)]
    assert len(phrases) >= 1_500
    assert len(set(phrases)) == len(phrases)
