"""The dictionary: which phrases name which codes, gathered from titles, inclusion terms, the official index and the lexicon.

A phrase is kept under its key, the comparable words of :mod:`index.normalise` joined by one blank. Official words that a note uses in an
everyday sense are kept out by ``stoplist.txt``, and external causes (V-Y) are never taken from titles: "fall" or "driver" in a note is
seldom a diagnosis, so only the lexicon, which can set conditions, offers them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby, product

from index.inversion import inverted
from index.names import name_keys
from index.normalise import BREAK, forms
from index.running_text import EXTERNAL_CAUSES, may_be_read
from index.variants import Distance, variants
from terminology.ancestry import shared_code
from terminology.codebook import Codebook
from terminology.knowledge import knowledge_of
from terminology.lexicon import AgeRange, LexiconEntry
from terminology.vocabulary import IndexedPhrase

#: After every title and inclusion term.
INDEX_PRIORITY = 1 + 2 * (max(Distance) + 1)

#: No phrase of more words is ever found in a note.
MAX_WORDS = 16

#: Each comma of a phrase may be left out by the writer; beyond this many only all or none.
MAX_FREE_COMMAS = 2


@dataclass(frozen=True, slots=True)
class Term:
    """What one phrase means, and under which conditions.

    ``codes`` belong together (one phrase may need two codes); none: the phrase is a name that only keeps what stands inside it from being found. ``priority`` orders sources on equal words, smallest first: 0 the lexicon,
    then titles and inclusion terms by distance, then the official index. ``written`` is the phrase as it must be written, or empty when case does not matter.
    ``near`` and ``absent`` are keys of which one, or none, must stand close by. ``section_only``, ``sex`` and ``age`` (``age>=12 age<18``) are
    passed on unjudged. ``is_inverted``: the describing words stand behind the noun, where they may as well belong to what follows.
    """

    codes: tuple[str, ...]
    source: str
    kind: str
    priority: int
    written: str = ""
    near: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    section_only: str = ""
    sex: str = ""
    age: str = ""
    is_inverted: bool = False


#: What a name of ``names.txt`` means: nothing.
_NAME = Term(codes=(), source="name", kind="name", priority=0)


Terms = Mapping[str, tuple[Term, ...]]


def load_stoplist() -> frozenset[str]:
    """Keys of official words that stand in notes with another, everyday meaning."""
    lines = knowledge_of("index").joinpath("stoplist.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(" ".join(forms(line)) for line in lines if line.strip() and not line.startswith("#"))


def key_of(phrase: str) -> str | None:
    """The key of a phrase, or None when it cannot be found in running text (empty, broken by a stop, too long, a bare number)."""
    words = forms(phrase)
    if not words or BREAK in words or len(words) > MAX_WORDS or all(word.isdigit() for word in words):
        return None
    return " ".join(words)


def keys_of(phrase: str) -> Iterator[str]:
    """The key of a phrase with each of its commas kept or left out, and with its parentheses as words of their own."""
    key = key_of(phrase)
    if key is None:
        return
    words = key.split(" ")
    commas = [place for place, word in enumerate(words) if word == ","]
    choices = (
        product((True, False), repeat=len(commas)) if len(commas) <= MAX_FREE_COMMAS else [(True,) * len(commas), (False,) * len(commas)]
    )
    for kept in choices:
        dropped = {place for place, keep in zip(commas, kept, strict=True) if not keep}
        yield " ".join(word for place, word in enumerate(words) if place not in dropped)


def gather_terms(
    codebook: Codebook, lexicon: Iterable[LexiconEntry], vocabulary: Iterable[IndexedPhrase] = ()
) -> dict[str, tuple[Term, ...]]:
    """Every key with its meanings. On equal words titles and inclusion terms replace the official index, the lexicon's phrases in inverted
    order replace these, and the lexicon's own replace all; lexicon entries that differ in more than their spelling all stand.
    """
    stoplist = load_stoplist()
    found: dict[str, tuple[Term, ...]] = {}
    for key, term in (_indexed_terms(vocabulary, codebook, stoplist) | _official_terms(codebook, stoplist)).items():
        found[key] = (term,)
    by_key: dict[str, dict[Term, Term]] = {}
    for entry in lexicon:
        term = lexicon_term(entry)
        for key in keys_of(entry.phrase):
            by_key.setdefault(key, {}).setdefault(replace(term, source=""), term)
    found.update(_inverted_terms(by_key))
    for key, meanings in by_key.items():
        found[key] = tuple(meanings.values())
    for key in name_keys():
        found.setdefault(key, (_NAME,))
    return dict(sorted(found.items()))


def _inverted_terms(by_key: Mapping[str, Mapping[Term, Term]]) -> dict[str, tuple[Term, ...]]:
    """The lexicon's phrases with the noun first. Where two of them come to the same words and mean different codes, neither stands."""
    claims: dict[str, dict[Term, None]] = {}
    for key, meanings in by_key.items():
        for order in inverted(key, by_key.keys()):
            for term in meanings.values():
                if not term.written and term.kind != "cause":
                    claims.setdefault(order, {})[replace(term, is_inverted=True)] = None
    return {
        key: tuple({replace(term, source=""): term for term in terms}.values())
        for key, terms in claims.items()
        if len({term.codes for term in terms if not (term.sex or term.age)}) <= 1
    }


def lexicon_term(entry: LexiconEntry) -> Term:
    """A lexicon entry as a term."""
    return Term(
        codes=entry.codes,
        source=f"lexicon:{entry.id}",
        kind=entry.kind,
        priority=0,
        written=entry.phrase if entry.is_case_sensitive else "",
        near=_context_keys(entry.near),
        absent=_context_keys(entry.unless),
        section_only=entry.section_only,
        sex=entry.sex,
        age=_age_limits(entry.age),
    )


def _age_limits(age: AgeRange | None) -> str:
    """An age range in the words of the lexicon files: ``age>=12 age<18``, one of them, or empty."""
    if age is None:
        return ""
    limits = [f"age>={age.minimum}"] if age.minimum else []
    return " ".join([*limits, f"age<{age.below}"] if age.below is not None else limits)


def _context_keys(words: Iterable[str]) -> tuple[str, ...]:
    """Context words as keys."""
    return tuple(" ".join(forms(word)) for word in words)


def _official_terms(codebook: Codebook, stoplist: frozenset[str]) -> dict[str, Term]:
    """The best claim on every key by titles and inclusion terms; claims of equal distance fall back to what their codes share."""
    claims: dict[str, tuple[int, dict[str, str]]] = {}
    for code, phrase, distance, label in _official_phrases(codebook):
        priority = 1 + 2 * int(distance) + (label == "term")
        for key in keys_of(phrase):
            if key in stoplist:
                continue
            best = claims.get(key)
            if best is None or priority < best[0]:
                claims[key] = (priority, {code: label})
            elif priority == best[0]:
                best[1][code] = label
    resolved = ((key, priority, shared_code(codebook, sources), sources) for key, (priority, sources) in claims.items())
    return {
        key: Term((code,), f"{sources.get(code) or 'title'}:{code}", kind_of(code, codebook), priority)
        for key, priority, code, sources in resolved
        if code
    }


def _indexed_terms(vocabulary: Iterable[IndexedPhrase], codebook: Codebook, stoplist: frozenset[str]) -> dict[str, Term]:
    """The phrases of the official index that may be looked for in running text. One that leads to several single codes stands for what
    these share; where any of them is a pair, or nothing is shared, for none. Commas stay: the words of an inverted entry without its comma
    ("infiltrate, skin") are mostly parts of other sentences.
    """
    claims: dict[str, dict[tuple[str, ...], None]] = {}
    for _, wordings in groupby(vocabulary, key=lambda each: (each.table, each.path)):
        for place, each in enumerate(wordings):
            key = key_of(each.phrase)
            if key and key not in stoplist and may_be_read(key, each.codes, kind_of(each.codes[0], codebook), place):
                claims.setdefault(key, {})[each.codes] = None
    terms: dict[tuple[str, ...], Term] = {}
    found: dict[str, Term] = {}
    for key, claimed in claims.items():
        shared = shared_code(codebook, [codes[0] for codes in claimed]) if all(len(codes) == 1 for codes in claimed) else None
        codes = next(iter(claimed)) if len(claimed) == 1 else (shared,) if shared else ()
        if codes:
            first = codes[0]
            found[key] = terms.setdefault(codes, Term(codes, f"index:{first}", kind_of(first, codebook), INDEX_PRIORITY))
    return found


def _official_phrases(codebook: Codebook) -> Iterator[tuple[str, str, Distance, str]]:
    """Code, phrase, distance and label of every variant of every title and inclusion term outside the external causes."""
    for stem in codebook.stems():
        if stem.code[0] in EXTERNAL_CAUSES:
            continue
        for variant in variants(stem.title):
            yield stem.code, variant.phrase, variant.distance, "title"
        for inclusion in stem.terms:
            for variant in variants(inclusion):
                yield stem.code, variant.phrase, variant.distance, "term"


_HISTORY = ("personal history", "family history")

#: Categories of chapter 21 that are reasons for a contact, first and last; the others are statuses and circumstances.
_ENCOUNTERS = (
    ("Z00", "Z13"),
    ("Z23", "Z23"),
    ("Z29", "Z32"),
    ("Z34", "Z36"),
    ("Z38", "Z39"),
    ("Z40", "Z53"),
    ("Z69", "Z71"),
    ("Z76", "Z76"),
)


def kind_of(code: str, codebook: Codebook) -> str:
    """What kind of concept a code names, by its chapter: R is a symptom or finding, Z a status, a history or a reason for contact.

    Source: chapter 18 (R00-R99, with findings from R70) and chapter 21 (Z00-Z99) of the tabular list.
    """
    if code.startswith("R"):
        return "finding" if code >= "R70" else "symptom"
    if not code.startswith("Z"):
        return "disorder"
    category = codebook.category(code)
    if codebook.title(category).lower().startswith(_HISTORY):
        return "history"
    return "encounter" if any(first <= category <= last for first, last in _ENCOUNTERS) else "status"


def is_written(surface: str, written: str) -> bool:
    """Whether the words in the note are written as a case-bound entry demands, a plural s aside ("PEs" is "PE")."""
    return surface == written or surface.removesuffix("s") == written or _words(surface) == _words(written)


def _words(text: str) -> list[str]:
    """The words as written, whatever stands between them."""
    return text.replace("-", " ").replace("/", " ").split()
