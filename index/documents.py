"""What is indexed: one document for each text that stands for a code, ordered by code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from terminology.codebook import Codebook
from terminology.lexicon import LexiconEntry
from terminology.vocabulary import IndexedPhrase


@dataclass(frozen=True, slots=True, order=True)
class Document:
    """A text that stands for a code; ``source`` says where it comes from. ``is_embedded`` is false for bare abbreviations."""

    code: str
    source: str
    text: str
    is_embedded: bool = True


def gather_documents(codebook: Codebook, lexicon: Iterable[LexiconEntry], vocabulary: Iterable[IndexedPhrase] = ()) -> tuple[Document, ...]:
    """Titles and inclusion terms of every stem, the phrases of the lexicon and those of the official index, ordered by code, without repeats.

    A sentence model knows little of abbreviations, and its guess would be noise: case-bound entries are left to the word index. The phrases
    that one line of the lexicon expands to differ in a word or two, so one vector, that of the longest, stands for all of them.
    """
    entries = tuple(lexicon)
    longest = _longest_of_each_line(entries)
    found: set[Document] = set()
    for stem in codebook.stems():
        found.add(Document(stem.code, f"title:{stem.code}", stem.title))
        found.update(Document(stem.code, f"term:{stem.code}", term) for term in stem.terms)
    for entry in entries:
        is_embedded = entry.id in longest and not entry.is_case_sensitive
        found.update(Document(code, f"lexicon:{entry.id}", entry.phrase, is_embedded) for code in entry.codes)
    found.update(_indexed_documents(vocabulary))
    return tuple(sorted(found))


def _indexed_documents(vocabulary: Iterable[IndexedPhrase]) -> Iterator[Document]:
    """One document for each path of the official index, its most natural wording: another order of the same words would score the same.

    They are searched by words only. The table of drugs is left out: its rare names would lead from any statement that names a medicine to a
    poisoning by it.
    """
    by_path = groupby((each for each in vocabulary if each.table != "drug"), key=lambda each: (each.table, each.path))
    for _, wordings in by_path:
        first = next(wordings)
        if first.phrase.count(" "):
            yield from (Document(code, f"index:{code}", first.phrase, is_embedded=False) for code in first.codes)


def _longest_of_each_line(entries: Iterable[LexiconEntry]) -> frozenset[str]:
    """The id of the longest phrase that each line of the lexicon gives, the first of equals."""
    longest: dict[tuple[str, int], LexiconEntry] = {}
    for entry in entries:
        known = longest.setdefault((entry.source, entry.line), entry)
        if len(entry.phrase) > len(known.phrase):
            longest[entry.source, entry.line] = entry
    return frozenset(entry.id for entry in longest.values())
