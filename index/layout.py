"""The JSON files of an index folder: the rows of both indexes, the embedded texts, the dictionary."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, astuple, fields
from pathlib import Path
from typing import Any

from index.documents import Document
from index.terms import Term, Terms

DOCUMENTS_FILE = "documents.json"
TEXTS_FILE = "texts.json"
TERMS_FILE = "terms.json"

_REQUIRED = sum(field.default is MISSING for field in fields(Term))


def write_json(value: Any, path: Path) -> None:
    """Compact JSON in UTF-8."""
    path.write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


def read_json(path: Path) -> Any:
    """What :func:`write_json` wrote."""
    return json.loads(path.read_text(encoding="utf-8"))


def save_documents(documents: Sequence[Document], folder: Path) -> None:
    """Codes and sources by row, and which rows have a vector. Texts stand apart, as serving does not need them."""
    columns = {
        "codes": [document.code for document in documents],
        "sources": [document.source for document in documents],
        "embedded": [row for row, document in enumerate(documents) if document.is_embedded],
    }
    write_json(columns, folder / DOCUMENTS_FILE)
    write_json([document.text for document in documents if document.is_embedded], folder / TEXTS_FILE)


def save_terms(terms: Terms, folder: Path) -> None:
    """Each distinct meaning once, then the keys, and for each key the place of its meaning (or of all, where it has several)."""
    places: dict[Term, int] = {}
    meanings = [[places.setdefault(term, len(places)) for term in each] for each in terms.values()]
    value = {
        "terms": [_row(term) for term in places],
        "keys": list(terms),
        "meanings": [each[0] if len(each) == 1 else each for each in meanings],
    }
    write_json(value, folder / TERMS_FILE)


def load_terms(folder: Path) -> Terms:
    """What :func:`save_terms` wrote."""
    stored = read_json(folder / TERMS_FILE)
    return StoredTerms(dict(zip(stored["keys"], stored["meanings"], strict=True)), stored["terms"])


class StoredTerms(Mapping[str, tuple[Term, ...]]):
    """The dictionary of an index: of a hundred thousand meanings only those become terms whose key a note has.

    ``places``: for each key the place of its row, or of several; ``rows``: the fields of each term.
    """

    def __init__(self, places: dict[str, int | list[int]], rows: Sequence[list[Any]]) -> None:
        self._places = places
        self._rows = rows

    def __getitem__(self, key: str) -> tuple[Term, ...]:
        places = self._places[key]
        return (_term(self._rows[places]),) if isinstance(places, int) else tuple(_term(self._rows[place]) for place in places)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def get(self, key: str, default: Any = None) -> Any:
        """As of any mapping; most words of a note are no key, so the answer to these is quick."""
        return self[key] if key in self._places else default


def _row(term: Term) -> list[Any]:
    """The fields of a term up to the last that is not empty: few terms carry conditions."""
    row = list(astuple(term))
    while len(row) > _REQUIRED and not row[-1]:
        row.pop()
    return row


def _term(row: list[Any]) -> Term:
    """A term from its stored fields, lists made tuples again."""
    stored: list[Any] = [tuple(value) if isinstance(value, list) else value for value in row]
    return Term(*stored)
