"""What clinicians, nurses, dictation and patients write for the conditions of each clinic, and the codes the dictionary alone must lead to.

Each line of ``phrases/*.tsv`` is one way of writing and its complete codes, joined by ``+``. The phrase stands alone, as in a problem list, so
every word of it may complete the code (side, stage, trimester); where sex or age decides, one patient suffices of whom it could be said.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from fhir_coder.coding.specificity import complete
from fhir_coder.model import Encounter, Note, Patient
from fhir_coder.reading.mentions import find_mentions
from fhir_coder.reading.sections import find_sections
from index.matcher import TermMatcher
from terminology.codebook import Codebook

FOLDER = Path(__file__).with_name("phrases")
SEEN = date(2026, 5, 4)
PATIENTS = (
    Patient(),
    Patient("woman", date(1980, 1, 1), "female"),
    Patient("man", date(1980, 1, 1), "male"),
    Patient("girl", date(2020, 1, 1), "female"),
    Patient("boy", date(2020, 1, 1), "male"),
    Patient("baby", date(2026, 4, 20), "female"),
)
#: What reading adds without the dictionary (medicines, mechanisms, statuses, reasons of encounters) is tested where it is read: it may stand for
#: the dictionary's answer, and what else it says does not count here.
DICTIONARY = ("lexicon:", "title:", "term:")
FILES = sorted(path.name for path in FOLDER.glob("*.tsv"))


def lines_of(name: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Phrase and codes of every line that is neither empty nor a comment."""
    for line in (FOLDER / name).read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            phrase, codes = line.split("\t")
            yield phrase, frozenset(codes.split("+"))


def slips(matcher: TermMatcher, codebook: Codebook, phrase: str, expected: frozenset[str]) -> str:
    """What the dictionary leads to for every patient it could be said of, or empty when it leads one of them to the expected codes."""
    found = []
    for patient in PATIENTS:
        named, read = codes_of(matcher, codebook, phrase, patient), codes_of_rules(matcher, codebook, phrase, patient)
        found.append((named | (read & expected)) - (read - expected))
        if found[-1] == expected:
            return ""
    return f"{phrase!r}: {'+'.join(sorted(expected))}, not {'+'.join(sorted(found[0])) or 'nothing'}"


def codes_of(matcher: TermMatcher, codebook: Codebook, phrase: str, patient: Patient) -> frozenset[str]:
    """The complete codes of every mention in an assessment that is nothing but the phrase."""
    note = Note("n", f"Assessment:\n{phrase}\n")
    mentions = find_mentions(find_sections(Encounter("e", (note,), patient, SEEN)), matcher.find_terms).mentions
    named = [mention for mention in mentions if any(source.startswith(DICTIONARY) for source in mention.sources)]
    return frozenset(complete(codebook, code, (mention.text, phrase)) or code for mention in named for code in mention.codes)


def codes_of_rules(matcher: TermMatcher, codebook: Codebook, phrase: str, patient: Patient) -> frozenset[str]:
    """The complete codes of what reading finds in the phrase without a dictionary, but for those that the dictionary gives as well."""
    note = Note("n", f"Assessment:\n{phrase}\n")
    mentions = find_mentions(find_sections(Encounter("e", (note,), patient, SEEN)), lambda text: ()).mentions
    of_dictionary = {code for term in matcher.find_terms(note.text) for code in term.codes}
    told = {(mention.text, code) for mention in mentions for code in mention.codes if code not in of_dictionary}
    return frozenset(complete(codebook, code, (words, phrase)) or code for words, code in told)


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
