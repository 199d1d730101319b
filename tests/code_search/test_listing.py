"""The list of all codes: its order, what stands below a code, and what words find, compared with a plain reading of the texts."""

from __future__ import annotations

import random

import numpy as np
import pytest

from fhir_coder.code_search.listing import CodeList
from fhir_coder.code_search.words import words_of
from terminology.codebook import Codebook, NoteKind
from terminology.notation import compact


@pytest.fixture(scope="module")
def listing(codebook: Codebook) -> CodeList:
    return CodeList(codebook)


def test_it_has_every_code_in_tabular_order(listing: CodeList, codebook: Codebook) -> None:
    assert listing.codes == tuple(codebook.codes())
    assert int(listing.is_billable.sum()) == codebook.billable_count


@pytest.mark.parametrize("code", ["A00", "E11", "E11.2", "I10", "W21.89", "W21.89XA", "S52.501", "Z99.89"])
def test_what_stands_below_a_code_is_every_code_that_has_it_above(listing: CodeList, codebook: Codebook, code: str) -> None:
    found = [listing.codes[place] for place in listing.below(code)]
    assert found == [one for one in codebook.codes() if one == code or code in codebook.ancestors(one)]


def plainly(codebook: Codebook, code: str, text: str) -> bool:
    """Whether a code matches, by reading its texts one after the other."""
    stem = codebook.stem(code)
    texts = [
        codebook.title(code),
        *(term for kind, term in codebook.own_notes(stem) if kind in {NoteKind.INCLUSION_TERM, NoteKind.INCLUDES}),
    ]
    have = [word for one in texts for word in words_of(one)]
    return bool(words_of(text)) and all(
        all(any(word.startswith(asked) for word in have) for asked in words_of(token)) or compact(code).startswith(compact(token))
        for token in text.split()
    )


@pytest.mark.parametrize(
    "text",
    ["diabetes type 2 kidney", "fracture radius initial closed", "E11 neuropathy", "S52.50", "heart-failure", "sequela", "zzz", "- -"],
)
def test_words_find_what_a_plain_reading_finds(listing: CodeList, codebook: Codebook, text: str) -> None:
    mask = listing.matching(text)
    some = random.Random(8).sample(range(len(listing.codes)), 3000)
    some += [int(place) for place in np.flatnonzero(mask)[:500]]
    assert [place for place in some if bool(mask[place]) != plainly(codebook, listing.codes[place], text)] == []


def test_the_best_come_first(listing: CodeList, codebook: Codebook) -> None:
    """Whole words of the title, then words begun in the title, then what is included; the shorter title first."""
    order = [listing.codes[place] for place in listing.ranked(np.flatnonzero(listing.matching("renal")), "renal")]
    titles = [codebook.title(code) for code in order]
    kinds = [0 if "renal" in words_of(title) else 1 if any(word.startswith("renal") for word in words_of(title)) else 2 for title in titles]
    assert kinds == sorted(kinds) and {0, 2} <= set(kinds)
    lengths = [len(words_of(title)) for title, kind in zip(titles, kinds, strict=True) if kind == 0]
    assert lengths == sorted(lengths)


def test_beginnings_of_codes_leave_tabular_order(listing: CodeList) -> None:
    places = np.flatnonzero(listing.matching("S52"))
    assert list(listing.ranked(places, "S52")) == list(places)
