"""Phrases of the official index join the dictionary after titles and the lexicon, and only those that running text can be trusted with."""

from __future__ import annotations

import pytest
from index_excerpt import Excerpt, entry

from index.running_text import may_be_read
from index.terms import INDEX_PRIORITY, gather_terms
from terminology.vocabulary import IndexedPhrase


@pytest.mark.parametrize(
    ("key", "codes", "kind", "expected"),
    [
        ("arteriovenous fistula", ("I77.0",), "disorder", True),
        ("hypernephroma", ("C64",), "disorder", True),
        ("condition", ("R69",), "symptom", False),
        ("old", ("I25.2",), "disorder", False),
        ("coma", ("R40.20",), "symptom", False),
        ("fall from ladder", ("W11",), "disorder", False),
        ("open wound of body", ("T14.8",), "disorder", False),
        ("eye examination", ("Z01.00",), "encounter", False),
        ("kidney transplant", ("Z94.0",), "status", False),
        ("presence of pacemaker", ("Z95.0",), "status", True),
        ("blood loss", ("R58",), "symptom", False),
        ("disease of", ("E74.09",), "disorder", False),
        ("with coma", ("E11.01",), "disorder", False),
        ("one two three four five six seven", ("I10",), "disorder", False),
    ],
)
def test_a_phrase_is_read_only_where_its_words_can_be_trusted(key: str, codes: tuple[str, ...], kind: str, expected: bool) -> None:
    assert may_be_read(key, codes, kind) is expected


def test_of_a_path_only_the_first_wordings_may_be_long() -> None:
    long = "acute and chronic ulcer of stomach"
    assert may_be_read(long, ("K25.9",), "disorder", 1)
    assert not may_be_read(long, ("K25.9",), "disorder", 2)


def indexed(phrase: str, *codes: str, table: str = "index") -> IndexedPhrase:
    return IndexedPhrase(phrase, codes, table, (phrase,))


def sources(vocabulary: list[IndexedPhrase]) -> dict[str, tuple[str, ...]]:
    terms = gather_terms(Excerpt(), (entry("heel pain syndrome", "M77.3"),), vocabulary)  # type: ignore[arg-type]
    return {key: tuple(term.source for term in meanings) for key, meanings in terms.items()}


def test_titles_and_the_lexicon_win_on_equal_words() -> None:
    found = sources([indexed("heel pain syndrome", "M72.2"), indexed("essential hypertension", "M72.2"), indexed("flux of foot", "M72.2")])
    assert found["heel pain syndrome"] == ("lexicon:heel-pain-syndrome",)
    assert found["essential hypertension"] == ("title:I10",)
    assert found["flux of foot"] == ("index:M72.2",)


def test_a_pair_stands_together_and_a_comma_stays() -> None:
    terms = gather_terms(Excerpt(), (), [indexed("flux, cardiac", "I10", "M72.2")])  # type: ignore[arg-type]
    (term,) = terms["flux , cardiac"]
    assert term.codes == ("I10", "M72.2")
    assert term.priority == INDEX_PRIORITY > max(other.priority for each in terms.values() for other in each if other is not term)
    assert "flux cardiac" not in terms


def test_phrases_that_normalise_alike_fall_back_to_what_they_share() -> None:
    alike = [indexed("cardiac fluxes", "M72.0"), indexed("cardiac flux", "M72.1")]
    unlike = [indexed("foot flux", "I10"), indexed("foot fluxes", "M72.2")]
    found = sources([*alike, *unlike])
    assert found["cardiac flux"] == ("index:M72",)
    assert "foot flux" not in found


def test_without_a_vocabulary_nothing_changes() -> None:
    assert gather_terms(Excerpt(), ()) == gather_terms(Excerpt(), (), ())  # type: ignore[arg-type]
