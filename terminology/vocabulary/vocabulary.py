"""The vocabulary of a release: the phrases of its official index tables with the codes they lead to.

Made once, when a release is loaded, from the Alphabetic Index, the Index to External Causes, the neoplasm table and the table of drugs.
The Index only leads to codes; each is verified in the tabular list, and what that does not hold is dropped (Official Guidelines, I.B.1).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from terminology.codebook import Codebook
from terminology.vocabulary.alphabetic_index import parse_alphabetic_index
from terminology.vocabulary.claims import Claim, drug_claims, index_claims, neoplasm_claims
from terminology.vocabulary.compiled_phrases import CompiledPhrases, compile_phrases
from terminology.vocabulary.cross_references import CrossReferences
from terminology.vocabulary.drug_neoplasm_tables import parse_code_table
from terminology.vocabulary.indexed_phrase import IndexedPhrase
from terminology.vocabulary.settlement import settle

#: The official tables by the names used here, in the order of their right to a phrase.
TABLES = ("index", "neoplasm", "drug", "external")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Every phrase of a release's tables, in a stable order; ``sha256`` is that of the compiled form.

    Phrases of one path stand together, the most natural wording first. Those of an opened vocabulary are read anew at each use, as only
    building an index needs them. ``counts`` says for people what was read, and what was left out and why.
    """

    phrases: Sequence[IndexedPhrase]
    sha256: str
    counts: Mapping[str, int] = field(default_factory=dict, hash=False, compare=False)


def compile_vocabulary(tables: Mapping[str, bytes], codebook: Codebook) -> Vocabulary:
    """The vocabulary of official tables in XML, by the keys of ``TABLES``; any may be missing.

    Raises ValueError when a key is another, or (as IndexTableError) when a table cannot be read.
    """
    counts: Counter[str] = Counter()
    claims = settle(_claims(tables, codebook, counts), codebook, counts)
    phrases = (IndexedPhrase(claim.phrase, claim.codes, claim.table, claim.path) for claim in claims)
    return load_vocabulary(compile_phrases(phrases, counts))


def dump_vocabulary(vocabulary: Vocabulary) -> bytes:
    """The compiled form; the same phrases and counts give the same bytes."""
    if isinstance(vocabulary.phrases, CompiledPhrases):
        return vocabulary.phrases.compiled
    return compile_phrases(vocabulary.phrases, vocabulary.counts)


def load_vocabulary(data: bytes) -> Vocabulary:
    """The vocabulary from its compiled form; ValueError when that has another format, or cannot be read as far as needed to tell.

    The phrases themselves are read when they are used; ValueError then when they are damaged.
    """
    phrases = CompiledPhrases(data)
    return Vocabulary(phrases, sha256(data).hexdigest(), phrases.counts)


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
