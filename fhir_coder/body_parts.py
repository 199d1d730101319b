"""Where a note speaks of the part of the body that a code is about: the sentences in which its side may be named."""

from __future__ import annotations

import re
from functools import cache

from terminology.knowledge import table_rows

_SENTENCE = re.compile(r"[^.;\n•]+")


@cache
def _parts() -> tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]:
    """The rows of ``body_parts.tsv``: words of titles, words of notes."""
    rows = table_rows("fhir_coder.coding", "body_parts.tsv")
    return tuple((_words(row["title"]), _words(row["note"])) for row in rows)


def _words(alternatives: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{alternatives})\b", re.IGNORECASE)


@cache
def parts_of(title: str) -> tuple[re.Pattern[str], ...]:
    """How notes name the parts of the body with two sides that the title names."""
    return tuple(note for words, note in _parts() if words.search(title))


def share_a_part(title: str, other: str) -> bool:
    """Whether two titles are about one and the same part of the body that has two sides."""
    return bool(set(parts_of(title)) & set(parts_of(other)))


def about_its_part(title: str, text: str) -> list[str]:
    """The sentences of ``text`` that name a part of the body which the ``title`` names; empty when it names none that has two sides."""
    wanted = parts_of(title)
    if not wanted:
        return []
    return [found.group() for found in _SENTENCE.finditer(text) if any(part.search(found.group()) for part in wanted)]
