"""The vocabulary of a release: the phrases of its official index tables with the codes they lead to.

Made once, when a release is loaded, from the Alphabetic Index, the Index to External Causes, the neoplasm table and the table of drugs.
The Index only leads to codes; each is verified in the tabular list, and what that does not hold is dropped (Official Guidelines, I.B.1).
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from terminology.codebook import Codebook

FORMAT = 1


@dataclass(frozen=True, slots=True)
class IndexedPhrase:
    """A phrase that an official table leads to codes from.

    ``codes`` are dotted, as the tabular list prints them, in the order printed (etiology before manifestation); each may be a header that the
    note's words must complete. ``table`` is ``index``, ``external``, ``neoplasm`` or ``drug``; ``path`` the printed terms, main term first.
    """

    phrase: str
    codes: tuple[str, ...]
    table: str
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Every phrase of a release's tables, in a stable order; ``sha256`` is that of what is compiled, whatever compresses it.

    Phrases of one path stand together, the most natural wording first. ``counts`` says for people what was read and what was left out.
    """

    phrases: tuple[IndexedPhrase, ...]
    sha256: str
    counts: Mapping[str, int] = field(default_factory=dict)


def compile_vocabulary(tables: Mapping[str, bytes], codebook: Codebook) -> Vocabulary:
    """The vocabulary of official tables in XML, by the keys ``index``, ``external``, ``neoplasm`` and ``drug``; any may be missing.

    Raises ValueError when a key is another, or (as IndexTableError) when a table cannot be read.
    """
    from terminology.vocabulary_compiler import gather_phrases

    phrases, counts = gather_phrases(tables, codebook)
    return Vocabulary(phrases, sha256(_content(phrases, counts)).hexdigest(), counts)


def dump_vocabulary(vocabulary: Vocabulary) -> bytes:
    """The compiled form; the same vocabulary always gives the same bytes."""
    return gzip.compress(_content(vocabulary.phrases, vocabulary.counts), compresslevel=6, mtime=0)


def load_vocabulary(data: bytes) -> Vocabulary:
    """The vocabulary from its compiled form; ValueError when it is damaged or has another format."""
    try:
        content = gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError("the compiled vocabulary is damaged") from error
    value = json.loads(content)
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise ValueError("the compiled vocabulary has another format")
    phrases = tuple(
        IndexedPhrase(phrase, tuple(codes), table, tuple(path)) for table, path, codes, written in value["rows"] for phrase in written
    )
    return Vocabulary(phrases, sha256(content).hexdigest(), value["counts"])


def _content(phrases: tuple[IndexedPhrase, ...], counts: Mapping[str, int]) -> bytes:
    """What is compiled: one row for each run of phrases that share path and codes."""
    rows: list[tuple[str, tuple[str, ...], tuple[str, ...], list[str]]] = []
    for each in phrases:
        if rows and rows[-1][:3] == (each.table, each.path, each.codes):
            rows[-1][3].append(each.phrase)
        else:
            rows.append((each.table, each.path, each.codes, [each.phrase]))
    value: dict[str, Any] = {"format": FORMAT, "counts": dict(counts), "rows": rows}
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode("utf-8")
