"""The vocabulary of a release: the phrases of its official index tables with the codes they lead to.

Made once, when a release is loaded, from the Alphabetic Index, the Index to External Causes, the neoplasm table and the table of drugs.
The Index only leads to codes; each is verified in the tabular list, and what that does not hold is dropped (Official Guidelines, I.B.1).
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from itertools import groupby
from typing import Any

from terminology.alphabetic_index import parse_alphabetic_index
from terminology.codebook import Codebook
from terminology.cross_references import CrossReferences
from terminology.drug_neoplasm_tables import parse_code_table
from terminology.vocabulary_claims import Claim, drug_claims, index_claims, neoplasm_claims
from terminology.vocabulary_settlement import settle

#: The official tables by the names used here, in the order of their right to a phrase.
TABLES = ("index", "neoplasm", "drug", "external")

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
    """Every phrase of a release's tables in compiled form, a few megabytes: only building an index needs the phrases themselves."""

    compiled: bytes

    @property
    def sha256(self) -> str:
        """The sha256 (hex) of the compiled form."""
        return sha256(self.compiled).hexdigest()

    @property
    def counts(self) -> dict[str, int]:
        """For people: what was read, and what was left out and why."""
        return dict(_header(self.compiled)["counts"])

    @property
    def phrases(self) -> tuple[IndexedPhrase, ...]:
        """All phrases, read anew at each use. Those of one path stand together, the most natural wording first. ValueError when damaged."""
        return tuple(_read_phrases(self.compiled))


def compile_vocabulary(tables: Mapping[str, bytes], codebook: Codebook) -> Vocabulary:
    """The vocabulary of official tables in XML, by the keys ``index``, ``external``, ``neoplasm`` and ``drug``; any may be missing.

    Raises ValueError when a key is another, or (as IndexTableError) when a table cannot be read.
    """
    counts: Counter[str] = Counter()
    claims = _claims(tables, codebook, counts)
    phrases = tuple(IndexedPhrase(claim.phrase, claim.codes, claim.table, claim.path) for claim in settle(claims, codebook, counts))
    counts["phrases"] = len(phrases)
    return Vocabulary(_compiled(phrases, counts))


def _claims(tables: Mapping[str, bytes], codebook: Codebook, counts: Counter[str]) -> Iterator[Claim]:
    """The claims of every table given, those that come first having the first right to a phrase."""
    unknown = tables.keys() - set(TABLES)
    if unknown:
        raise ValueError(f"no official table is called {min(unknown)}")
    indexes = {name: parse_alphabetic_index(tables[name]) for name in ("index", "external") if name in tables}
    others = {name: parse_code_table(tables[name]) for name in ("neoplasm", "drug") if name in tables}
    neoplasms = others["neoplasm"].rows if "neoplasm" in others else ()
    for name in TABLES:
        if name in indexes:
            yield from index_claims(name, indexes[name], CrossReferences(indexes[name].terms, neoplasms, codebook), codebook, counts)
        elif name in others:
            yield from (neoplasm_claims if name == "neoplasm" else drug_claims)(others[name], codebook, counts)


def dump_vocabulary(vocabulary: Vocabulary) -> bytes:
    """The compiled form; the same tables and codebook give the same bytes."""
    return vocabulary.compiled


def load_vocabulary(data: bytes) -> Vocabulary:
    """The vocabulary from its compiled form; ValueError when that is damaged or has another format."""
    if _header(data).get("format") != FORMAT:
        raise ValueError("the compiled vocabulary has another format")
    return Vocabulary(data)


def _compiled(phrases: Iterable[IndexedPhrase], counts: Mapping[str, int]) -> bytes:
    """One line of JSON that describes the rest, then one for each run of phrases that share path and codes."""
    lines = [_line({"format": FORMAT, "counts": dict(sorted(counts.items()))})]
    for (table, path, codes), run in groupby(phrases, key=lambda each: (each.table, each.path, each.codes)):
        lines.append(_line([table, path, codes, [each.phrase for each in run]]))
    return gzip.compress("".join(lines).encode("utf-8"), compresslevel=6, mtime=0)


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"


def _header(data: bytes) -> dict[str, Any]:
    """The first line; ValueError when there is none."""
    value = next(_read_lines(data), None)
    if not isinstance(value, dict):
        raise ValueError("the compiled vocabulary is damaged")
    return value


def _read_phrases(data: bytes) -> Iterator[IndexedPhrase]:
    lines = _read_lines(data)
    next(lines, None)
    for table, path, codes, written in lines:
        for phrase in written:
            yield IndexedPhrase(phrase, tuple(codes), table, tuple(path))


def _read_lines(data: bytes) -> Iterator[Any]:
    """Every line as a value; ValueError when the data is no whole gzip file or a line is no JSON."""
    try:
        with gzip.open(BytesIO(data), "rt", encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise ValueError("the compiled vocabulary is damaged") from error
