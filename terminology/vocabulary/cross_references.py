"""Following "see" and "see also" in the official indexes: from the comma path that is printed to the codes it leads to.

Source: Official Guidelines, Section I.A.16. "See" must be followed; "see also" need not be where the term has the code wanted, so it is
followed only from terms without a code of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from terminology.ancestry import shared_code
from terminology.codebook import Codebook
from terminology.notation import CODE
from terminology.vocabulary.alphabetic_index import IndexTerm
from terminology.vocabulary.drug_neoplasm_tables import Behavior, TableRow
from terminology.vocabulary.index_titles import read_elements, read_joins

_PLACE_IN_TABULAR = re.compile(r"^(?:also )?(?:sub)?categor(?:y|ies) (?P<code>[A-Z][0-9A-Z.]{2,8})-?$")
_ASIDE = re.compile(r"[(\[][^)\]]*[)\]]")
_ALSO = re.compile(r"^(?:see )?also ", re.I)
_NOT_WORD = re.compile(r"[^\w/-]+")
_OPEN_END = re.compile(r"\bby (?:site|type|drug|specific)\b", re.I)
#: "See condition" says to look up the disease and not the part of the body that it is in.
_THE_CONDITION = "condition"
_BEHAVIORS = {
    "malignant": Behavior.PRIMARY,
    "primary": Behavior.PRIMARY,
    "secondary": Behavior.SECONDARY,
    "in situ": Behavior.IN_SITU,
    "benign": Behavior.BENIGN,
    "uncertain behavior": Behavior.UNCERTAIN,
    "unspecified behavior": Behavior.UNSPECIFIED,
}
#: How deep below a term a word of a path is looked for when no direct subterm bears it (paths leave out "with" and "specified").
_DEPTH = 2


def codes_printed(term: IndexTerm, codebook: Codebook) -> tuple[str, ...]:
    """The codes beside a term in their order, etiology before manifestation (I.A.13), as the tabular list prints them. Dashes are left
    off: such a code is a header that the note must complete. Empty when one of them is not in the tabular list (I.B.1)."""
    written = [each for each in (term.code, term.manifestation) if each] or [each for each in (term.category, term.subcategory) if each]
    found = [known_code(code, codebook) for code in written]
    return tuple(code for code in found if code) if all(found) else ()


def known_code(written: str, codebook: Codebook) -> str | None:
    """The code of the tabular list for one printed in an index, without the dash or placeholder that ends it; None when there is none."""
    code = written.strip("[]* ").rstrip("-–").rstrip(".")
    return codebook.normalize(code) if CODE.fullmatch(code) or CODE.fullmatch(f"{code[:3]}.{code[3:]}") else None


class CrossReferences:
    """Finds the term that a comma path names. Main terms of several tables may be given, the first to bear a name wins."""

    def __init__(self, terms: Iterable[IndexTerm], neoplasms: Iterable[TableRow], codebook: Codebook) -> None:
        self._codebook = codebook
        self._neoplasms = tuple(neoplasms)
        self._main: dict[str, IndexTerm] = {}
        self._below: dict[int, dict[str, IndexTerm]] = {}
        for term in terms:
            for key in _keys(term.title):
                self._main.setdefault(key, term)

    def codes(self, term: IndexTerm) -> tuple[str, ...]:
        """The codes a term leads to: its own, else those of what it refers to; empty when that names none or runs in a circle."""
        return self._codes(term, frozenset())

    def _codes(self, term: IndexTerm, passed: frozenset[int]) -> tuple[str, ...]:
        if term.code or term.category or term.subcategory:
            return codes_printed(term, self._codebook)
        target = term.see or term.see_also
        if not target or id(term) in passed:
            return ()
        return self._follow(target, passed | {id(term)})

    def _follow(self, target: str, passed: frozenset[int]) -> tuple[str, ...]:
        """The codes at the end of one path."""
        if (place := _PLACE_IN_TABULAR.match(target)) is not None:
            code = known_code(place["code"], self._codebook)
            return (code,) if code else ()
        if _OPEN_END.search(target) or target == _THE_CONDITION:
            return ()
        path = tuple(part for part in (_key(part) for part in _ALSO.sub("", target).split(",")) if part)
        if path[:1] == ("neoplasm",):
            return self._neoplasm(path[1:])
        found = self._find(path)
        return self._codes(found, passed) if found is not None else ()

    def _find(self, path: Sequence[str]) -> IndexTerm | None:
        """The term at the end of a path; titles may hold commas themselves, so the longest name that fits is taken first."""
        for length in range(len(path), 0, -1):
            term = self._main.get(" ".join(path[:length]))
            if term is not None and (found := self._descend(term, path[length:])) is not None:
                return found
        return None

    def _descend(self, term: IndexTerm, path: Sequence[str]) -> IndexTerm | None:
        for length in range(len(path), 0, -1):
            child = self._child(term, " ".join(path[:length]))
            if child is not None and (found := self._descend(child, path[length:])) is not None:
                return found
        return term if not path else None

    def _child(self, term: IndexTerm, key: str) -> IndexTerm | None:
        if id(term) not in self._below:
            self._below[id(term)] = _names_below(term, _DEPTH)
        return self._below[id(term)].get(key)

    def _neoplasm(self, path: Sequence[str]) -> tuple[str, ...]:
        """The code of a site and a behavior in the neoplasm table, or none: without both nothing is named (I.C.2)."""
        behaviors = [_BEHAVIORS[part] for part in path if part in _BEHAVIORS]
        site = [part for part in path if part not in _BEHAVIORS]
        if len(behaviors) != 1 or not site or len(self._neoplasms) != 1:
            return ()
        row: TableRow | None = self._neoplasms[0]
        for part in site:
            row = next((each for each in row.rows if part in _keys(each.title)), None) if row else None
        return self._site_code(row, behaviors[0]) if row else ()

    def _site_code(self, row: TableRow, behavior: Behavior) -> tuple[str, ...]:
        """The code of a site, or the header that it shares with all sites below it, so that the note's words can say which."""
        written = [each.codes[behavior] for each in (row, *row.rows) if each.codes[behavior]]
        own = known_code(row.codes[behavior], self._codebook)
        if own is None:
            return ()
        codes = [code for code in (known_code(each, self._codebook) for each in written) if code]
        return (shared_code(self._codebook, codes) or own,)


def _names_below(term: IndexTerm, depth: int) -> dict[str, IndexTerm]:
    """Subterms by every name they go by; those deeper down give way to those above, and names that several bear to none."""
    names: dict[str, IndexTerm] = {}
    for child in term.terms:
        for key in _keys(child.title):
            names.setdefault(key, child)
    if depth > 1:
        deeper: dict[str, list[IndexTerm]] = {}
        for child in term.terms:
            for key, below in _names_below(child, depth - 1).items():
                deeper.setdefault(key, []).append(below)
            if read_joins(child.title):
                for below in child.terms:
                    for key in _keys(below.title):
                        deeper.setdefault(f"{_key(child.title)} {key}", []).append(below)
        for key, several in deeper.items():
            if len(several) == 1:
                names.setdefault(key, several[0])
    return names


def _keys(title: str) -> list[str]:
    """A title's own key and those of its alternatives."""
    elements = read_elements(title)
    names = (*elements[0].names, *elements[0].adjectives) if len(elements) == 1 and not elements[0].joins else ()
    return list(dict.fromkeys(key for key in (_key(each) for each in (title, *names)) if key))


def _key(words: str) -> str:
    """A name without case, asides, "NEC", punctuation, end hyphens ("broncho-") and plural endings."""
    plain = _NOT_WORD.sub(" ", _ASIDE.sub(" ", words.casefold()).replace("'", ""))
    return " ".join(word.strip("-/").rstrip("s") for word in plain.split() if word not in ("nec", "nos"))
