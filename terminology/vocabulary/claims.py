"""What each official table says: phrases with the codes they lead to, and how near each phrase is to the printed words.

Source: Official Guidelines, I.B.1 (an index leads, the tabular list decides), I.C.2 (the neoplasm table goes by site and behavior),
I.C.19.e.5 (poisoning, adverse effect and underdosing; a poisoning of unknown intent is accidental), I.C.20 (external causes).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from terminology.codebook import Codebook
from terminology.vocabulary.alphabetic_index import AlphabeticIndex
from terminology.vocabulary.cross_references import CrossReferences, known_code
from terminology.vocabulary.drug_neoplasm_tables import Behavior, CodeTable, Intent, TableRow
from terminology.vocabulary.index_phrases import Step, phrase_path, write_thing

#: A term that only refers gives way to one that has the code itself.
_REFERRED = 1

#: A single word that the Index divides into more subterms than this ("necrosis", "anesthesia") is no diagnosis without one of them (I.B.1).
_MOST_SUBTERMS = 8

#: How a neoplasm of each behavior is named; ``{}`` is the site. The Index sends "Cancer", "Carcinoma" and "Malignancy" to the malignant
#: column by site, "Metastasis to" to the secondary one and "Tumor" to that of unspecified behavior.
_NEOPLASM = {
    Behavior.PRIMARY: ("malignant neoplasm of {}", "{} cancer", "cancer of {}", "{} carcinoma", "carcinoma of {}", "{} malignancy"),
    Behavior.SECONDARY: ("secondary malignant neoplasm of {}", "metastasis to {}", "{} metastasis", "metastatic cancer to {}"),
    Behavior.IN_SITU: ("carcinoma in situ of {}", "{} carcinoma in situ"),
    Behavior.BENIGN: ("benign neoplasm of {}", "benign {} neoplasm", "benign tumor of {}", "benign {} tumor"),
    Behavior.UNCERTAIN: ("neoplasm of uncertain behavior of {}",),
    Behavior.UNSPECIFIED: ("neoplasm of unspecified behavior of {}", "{} neoplasm", "neoplasm of {}", "{} tumor", "tumor of {}"),
}
#: How a row of the table names a kind of growth below its site: "skin > nose > basal cell carcinoma".
_GROWTHS = ("carcinoma", "melanoma", "sarcoma", "lymphoma")

#: How what a substance did is named; ``{}`` is the substance. A substance by itself is no diagnosis. That somebody else poisoned the patient,
#: or that the intent cannot be determined, is told in no fixed words: these columns are left to the tabular list's own titles.
_DRUG = {
    Intent.ACCIDENTAL: ("poisoning by {}", "{} poisoning", "{} overdose", "overdose of {}"),
    Intent.SELF_HARM: ("intentional {} overdose", "intentional overdose of {}"),
    Intent.ADVERSE_EFFECT: ("adverse effect of {}", "adverse reaction to {}"),
    Intent.UNDERDOSING: ("underdosing of {}",),
}
_SITE_FORMS = 2
_SUBSTANCE_FORMS = 1


class Claim(NamedTuple):
    """A table's claim that a phrase leads to codes; of two claims on a phrase the nearer one holds."""

    phrase: str
    codes: tuple[str, ...]
    table: str
    path: tuple[str, ...]
    distance: int


def index_claims(
    table: str, index: AlphabeticIndex, references: CrossReferences, codebook: Codebook, counts: Counter[str]
) -> Iterator[Claim]:
    """The claims of the Alphabetic Index or of the Index to External Causes."""
    for path in index.paths():
        term = path[-1]
        codes = tuple(dict.fromkeys(references.codes(term)))
        _count(table, bool(term.code or term.category or term.subcategory), bool(codes), counts)
        if codes:
            titles = tuple(each.title for each in path)
            farther = 0 if term.code else _REFERRED
            for phrase, distance in phrase_path([Step(each.title, each.modifiers) for each in path]):
                if len(path) == 1 and " " not in phrase and len(term.terms) > _MOST_SUBTERMS:
                    continue
                yield Claim(phrase, codes, table, titles, distance + farther)


def neoplasm_claims(table: CodeTable, codebook: Codebook, counts: Counter[str]) -> Iterator[Claim]:
    """The claims of the neoplasm table: site and behavior together."""
    for path in table.paths():
        sites = path[1:]
        growth = sites[-1].title if sites and sites[-1].title.endswith(_GROWTHS) else ""
        names = _without_commas(write_thing(_steps(sites[:-1] if growth else sites)))[:_SITE_FORMS]
        for behavior, code in _verified("neoplasm", path[-1], codebook, counts):
            patterns = (f"{growth} of {{}}",) if growth else _NEOPLASM[Behavior(behavior)]
            yield from _filled(patterns, names, code, "neoplasm", path)


def drug_claims(table: CodeTable, codebook: Codebook, counts: Counter[str]) -> Iterator[Claim]:
    """The claims of the table of drugs: a substance and what it did."""
    for path in table.paths():
        names = _without_commas(write_thing(_steps(path)))[:_SUBSTANCE_FORMS]
        for intent, code in _verified("drug", path[-1], codebook, counts):
            yield from _filled(_DRUG.get(Intent(intent), ()), names, code, "drug", path)


def _steps(path: Sequence[TableRow]) -> list[Step]:
    return [Step(row.title, row.modifiers) for row in path]


def _without_commas(names: Sequence[str]) -> list[str]:
    """The names that can stand within a longer phrase."""
    return [name for name in names if "," not in name]


def _filled(patterns: Sequence[str], names: Sequence[str], code: str, table: str, path: Sequence[TableRow]) -> Iterator[Claim]:
    """Every pattern with every name, the first of both nearest."""
    titles = tuple(row.title for row in path)
    for place, name in enumerate(names):
        for pattern in patterns:
            yield Claim(pattern.format(name), (code,), table, titles, place)


def _verified(table: str, row: TableRow, codebook: Codebook, counts: Counter[str]) -> Iterator[tuple[int, str]]:
    """Column and code of every cell whose code the tabular list has."""
    for column, written in enumerate(row.codes):
        code = known_code(written, codebook) if written else None
        _count(table, bool(written), code is not None, counts)
        if code is not None:
            yield column, code


def _count(table: str, has_code: bool, is_known: bool, counts: Counter[str]) -> None:
    if has_code:
        counts[f"{table} codes"] += 1
        counts[f"{table} codes not in the tabular list"] += not is_known
    elif is_known:
        counts[f"{table} references followed"] += 1
