from __future__ import annotations

from index_excerpt import Excerpt, entry

from index.documents import Document, gather_documents
from terminology.vocabulary import IndexedPhrase


def test_titles_terms_and_phrases_are_documents_in_order_of_code() -> None:
    documents = gather_documents(Excerpt(), (entry("htn", "I10"),))  # type: ignore[arg-type]
    assert Document("I10", "title:I10", "Essential (primary) hypertension") in documents
    assert Document("M72.2", "term:M72.2", "Plantar fasciitis") in documents
    assert Document("I10", "lexicon:htn", "htn") in documents
    assert list(documents) == sorted(documents)


def test_a_phrase_for_two_codes_is_a_document_of_each() -> None:
    documents = gather_documents(Excerpt(), (entry("diabetic ckd 3a", "E11.22+N18.31"),))  # type: ignore[arg-type]
    assert [document.code for document in documents if document.source == "lexicon:diabetic-ckd-3a"] == ["E11.22", "N18.31"]


def test_one_phrase_of_a_line_is_embedded_and_no_abbreviation() -> None:
    line = [entry(phrase, "M77.3", source="feet.tsv", line=7) for phrase in ("heel spur", "painful heel spur", "sore heel spurs")]
    abbreviation = entry("OSA", "G47.33", is_case_sensitive=True)
    documents = gather_documents(Excerpt(), (*line, abbreviation))  # type: ignore[arg-type]
    embedded = {document.text: document.is_embedded for document in documents if document.source.startswith("lexicon:")}
    assert embedded == {"heel spur": False, "painful heel spur": True, "sore heel spurs": False, "OSA": False}


def test_one_wording_of_each_path_of_the_official_index_is_searched_by_words() -> None:
    flux = [IndexedPhrase(phrase, ("I10",), "index", ("Flux", "acute")) for phrase in ("acute flux", "flux, acute")]
    pair = IndexedPhrase("flux of heart", ("I10", "I43"), "index", ("Flux", "heart"))
    left_out = [IndexedPhrase("poisoning by flux", ("T36.0X1",), "drug", ("Flux",)), IndexedPhrase("flux", ("I10",), "index", ("Flux",))]
    documents = gather_documents(Excerpt(), (), (*flux, pair, *left_out))  # type: ignore[arg-type]
    indexed = {(document.code, document.text, document.is_embedded) for document in documents if document.source.startswith("index:")}
    assert indexed == {("I10", "acute flux", False), ("I10", "flux of heart", False), ("I43", "flux of heart", False)}
