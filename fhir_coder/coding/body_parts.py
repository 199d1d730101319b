"""Where a note speaks of the part of the body that a code is about: the sentences in which its side may be named."""

from __future__ import annotations

import csv
import re
from functools import cache

from terminology.knowledge import knowledge_of

_SENTENCE = re.compile(r"[^.;\n•]+")


@cache
def _parts() -> tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]:
    """The rows of ``body_parts.tsv``: words of titles, words of notes."""
    lines = knowledge_of("fhir_coder.coding").joinpath("body_parts.tsv").read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader((line for line in lines if line and not line.startswith("#")), delimiter="\t")
    return tuple((_words(row["title"]), _words(row["note"])) for row in rows)


def _words(alternatives: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{alternatives})\b", re.IGNORECASE)


@cache
def _named_in(title: str) -> tuple[re.Pattern[str], ...]:
    return tuple(note for words, note in _parts() if words.search(title))


def about_its_part(title: str, text: str) -> list[str]:
    """The sentences of ``text`` that name a part of the body which the ``title`` names; empty when it names none that has two sides."""
    wanted = _named_in(title)
    if not wanted:
        return []
    return [found.group() for found in _SENTENCE.finditer(text) if any(part.search(found.group()) for part in wanted)]
